"""The chart as a whole: it renders, every object is what Kubernetes expects, and it can be packaged."""

import json
import re
import tarfile

import pytest
import yaml

from rendering import (CHART, DASHBOARDS, KUBERNETES, RELEASE, REPOSITORY, container, defaults,
                       kustomize, load, program, render, run, template, the)
from support.exporter import run as run_exporter
from variants import EVERY_COLLECTOR, VARIANTS

OLDEST = "1.31"
NODE_MODULES = REPOSITORY / "build" / "kubernetes"


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    """{name: file} of everything that can be rendered."""
    folder = tmp_path_factory.mktemp("manifests")
    texts = {name: template(values) for name, values in VARIANTS.items()}
    texts["oldest"] = template(VARIANTS["monitored"], "--kube-version", OLDEST)
    for name in ("base", "overlays/example"):
        texts[name.replace("/", "-")] = kustomize(KUBERNETES / name)
    files = {}
    for name, text in texts.items():
        files[name] = folder / f"{name}.yaml"
        files[name].write_text(text)
    return files


def check(*files):
    checker = NODE_MODULES / "check-objects.mjs"
    if not (NODE_MODULES / "node_modules").is_dir():
        pytest.skip("no types of Kubernetes: tests/kubernetes/run.sh brings them")
    return run(program("node"), checker, *files)


# [(what is written otherwise in the manifests of the monitored exporter, how, what must be said)].
MISTAKES = [
    ("hostPID: true", "hostPid: true", "unknown field spec.template.spec.hostPid"),
    ("hostPID: true", "hostPID: 'yes'", "/spec/template/spec/hostPID must be boolean"),
    ("recursiveReadOnly: IfPossible", "recursiveReadonly: IfPossible", "recursiveReadonly"),
    ("clusterIP: None", "clusterIp: None", "unknown field spec.clusterIp"),
    ("action: labeldrop", "action: labelDorp", "/action must be equal to one of"),
    ("honorLabels: true", "honourLabels: true", "unknown field spec.podMetricsEndpoints[0].honourLabels"),
    ("policyTypes: [Ingress, Egress]", "policyTypes: Ingress", "/spec/policyTypes must be array"),
    ('"record": "group:memleak_fds_left"', '"recrod": "group:memleak_fds_left"', "unknown field spec"),
    ("kind: PodMonitor", "kind: PodMonitro", "knows no PodMonitro"),
    ("apiVersion: apps/v1", "apiVersion: apps/v7", "no types of apps/v7"),
    ("clusterIP: None", "clusterIP: None\n  clusterIP: None", "Map keys must be unique"),
]


@pytest.fixture(scope="module")
def checked(manifests, tmp_path_factory):
    """What the check says of all of them, and of mistakes, by file: to read the types takes its time."""
    if not (NODE_MODULES / "node_modules").is_dir():
        pytest.skip("no types of Kubernetes: tests/kubernetes/run.sh brings them")
    folder = tmp_path_factory.mktemp("mistakes")
    documents = manifests["monitored"].read_text().split("\n---\n")
    files = list(manifests.values())
    for number, (old, new, _) in enumerate(MISTAKES):
        document = next(each for each in documents if old in each)
        files.append(folder / f"mistake-{number}.yaml")
        files[-1].write_text(document.replace(old, new, 1))
    result = run(program("node"), NODE_MODULES / "check-objects.mjs", *files)
    assert result.stdout, result.stderr
    *said, total = result.stdout.splitlines()
    by_file = {path.stem: [line.removeprefix(f"{path}: ") for line in said if line.startswith(f"{path}: ")]
               for path in files}
    return by_file, total, result


def test_every_object_is_what_kubernetes_knows(manifests, checked):
    by_file, total, _ = checked
    assert {name: by_file[name] for name in manifests if by_file[name]} == {}
    objects = sum(len(load(path.read_text())) for path in manifests.values())
    assert total == f"{objects + len(MISTAKES)} objects" and objects > 60


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[new for _, new, _ in MISTAKES])
def test_the_check_finds_mistakes(checked, number):
    by_file, _, result = checked
    said = by_file[f"mistake-{number}"]
    assert [line for line in said if MISTAKES[number][2] in line], said
    assert result.returncode == 1


@pytest.mark.parametrize("name", VARIANTS)
def test_lint(name, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(VARIANTS[name]))
    result = run(program("helm"), "lint", "--strict", CHART, "--values", values)
    assert result.returncode == 0, result.stdout + result.stderr


def test_packaged_it_is_the_same(tmp_path):
    """A chart is handed on as one archive, in which nothing can link out of it."""
    result = run(program("helm"), "package", CHART, "--destination", tmp_path)
    assert result.returncode == 0, result.stderr
    archive, = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as tar:
        assert all(member.isreg() for member in tar)
        names = {member.name.removeprefix("memleak-exporter/") for member in tar}
        held = {name: tar.extractfile(f"memleak-exporter/{name}").read() for name in names
                if name.startswith("files/")}
    # Anything else in the dashboards' folder is not the chart's.
    originals = {f"files/memleak_{kind}.yaml": DASHBOARDS / f"prometheus/memleak_{kind}.yaml"
                 for kind in ("rules", "alerts")}
    originals |= {f"files/dashboards/{path.name}": path
                  for path in (DASHBOARDS / "grafana" / "json").glob("*.json")}
    assert {name: path.read_bytes() for name, path in originals.items()} == held
    for name in ("monitored", "of-a-site"):
        assert template(VARIANTS[name], chart=archive) == template(VARIANTS[name])


def test_the_version_is_the_projects():
    cmake = (REPOSITORY / "CMakeLists.txt").read_text()
    version = re.search(r"project\(memleak_exporter VERSION ([\d.]+)", cmake)[1]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == version
    assert container(render())["image"] == f"memleak-exporter:{version}"
    assert re.match(rf"memleak_exporter {version} ", run_exporter("--version").stdout)


def test_collectors_are_the_exporters():
    """Those that there are, and which of them run without a word."""
    listed = {}
    for line in run_exporter("--list-collectors").stdout.splitlines():
        name, off = re.match(r"(\w+)( \(off by default\))?: ", line).groups()
        listed[name] = off is None
    assert defaults()["collectors"] == listed
    assert sorted(EVERY_COLLECTOR) == sorted(listed)


def test_every_value_is_told_and_checked():
    """values.yaml and its schema have the same keys."""
    schema = json.loads((CHART / "values.schema.json").read_text())

    def compare(values, part, at):
        # Open on purpose: objects of others, which are handed on.
        if "properties" not in part:
            return
        assert part["additionalProperties"] is False, at
        assert set(values) == set(part["properties"]) - {"global"}, at
        for key, value in values.items():
            if isinstance(value, dict):
                inner = part["properties"][key]
                if "$ref" in inner:
                    inner = schema["definitions"][inner["$ref"].rsplit("/")[-1]]
                optional = {"appArmorProfile", "seccompProfile", "seLinuxOptions", "config", "basicAuth"}
                if key not in optional:
                    compare(value, inner, f"{at}.{key}")

    compare(defaults(), schema, "values")


@pytest.mark.parametrize("name, expected", [
    ("default", ["curl -s http://127.0.0.1:10078/metrics", "Nothing scrapes it yet"]),
    ("monitored", ["in Prometheus:"]),
    ("safe", ["curl -sk -u USER https://127.0.0.1:10078/metrics"]),
    ("whole-node", [" 9900 &", "http://127.0.0.1:9900/metrics"]),
    ("of-a-site", ["daemonset/leaks "]),
])
def test_what_helm_says_at_the_end(name, expected):
    result = run(program("helm"), "install", RELEASE, CHART, "--namespace", "monitoring", "--dry-run=client",
                 "--values", "-", stdin=yaml.safe_dump(VARIANTS[name]))
    assert result.returncode == 0, result.stderr
    notes = result.stdout.split("\nNOTES:\n")[1]
    assert "kubectl -n monitoring " in notes and "{{" not in notes
    for text in expected:
        assert text in notes
    assert ("Nothing scrapes" in notes) is ("monitor" not in VARIANTS[name])


def test_names():
    def name(*arguments, values=None):
        command = [program("helm"), "template", *arguments, CHART, "--values", "-"]
        result = run(*command, stdin=yaml.safe_dump(values or {}))
        assert result.returncode == 0, result.stderr
        daemonset = the(load(result.stdout), "DaemonSet")
        # By this, Prometheus finds it, whatever it is called.
        labels = daemonset["spec"]["template"]["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "memleak-exporter"
        assert labels["app.kubernetes.io/instance"] == arguments[0]
        return daemonset["metadata"]["name"]

    assert name(RELEASE) == "memleak-exporter"
    assert name("node-leaks") == "node-leaks-memleak-exporter"
    assert name("x" * 53) == "x" * 52
    assert name("any", values={"fullnameOverride": "leaks"}) == "leaks"
