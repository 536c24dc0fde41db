"""The base, its components and the example overlay, by kubectl kustomize."""

import filecmp
import json

import yaml

from rendering import (DASHBOARDS, KUBERNETES, container, kustomize, load, of_kind, pod, program, render,
                       run, the)
from variants import VARIANTS

HELMS_OWN = ("app.kubernetes.io/managed-by", "helm.sh/chart")


def without_helm(objects):
    text = json.dumps(objects)
    for each in json.loads(text):
        for label in HELMS_OWN:
            each["metadata"].get("labels", {}).pop(label, None)
        yield each


def by_name(objects):
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def test_rendering_again_changes_nothing(tmp_path):
    program("helm")
    result = run(KUBERNETES / "render.sh", tmp_path)
    assert result.returncode == 0, result.stderr
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.yaml")}
    assert len(made) == 5
    for path in made:
        assert filecmp.cmp(tmp_path / path, KUBERNETES / path, shallow=False), path


def test_the_base_is_the_charts_default():
    base = load(kustomize(KUBERNETES / "base"))
    assert by_name(base) == by_name(without_helm(render()))
    assert not [label for label in HELMS_OWN if label in str(base)]


def test_components(tmp_path):
    """Each with the base is what the chart makes of the same wish."""
    expected = by_name(without_helm(render({
        "monitor": {"kind": "PodMonitor"}, "rules": {"enabled": True}, "dashboards": {"enabled": True}})))
    objects = {}
    for component in ("monitoring", "dashboards"):
        objects |= by_name(load(kustomize_with(tmp_path, component)))
    assert objects.keys() == expected.keys()
    for name, each in objects.items():
        if name[0] == "ConfigMap":
            assert each["data"] == expected[name]["data"]
            for field in ("labels", "annotations"):
                assert each["metadata"][field].items() <= expected[name]["metadata"][field].items()
        else:
            assert each == expected[name]


def test_the_component_of_the_task_iterator(tmp_path):
    """Two capabilities, and nothing else of the pod."""
    base, own = (the(objects, "DaemonSet") for objects in (
        load(kustomize(KUBERNETES / "base")), load(kustomize_with(tmp_path, "task-iterator"))))
    of_chart = render({"capabilities": {"BPF": "always", "PERFMON": "always"}})
    context = own["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    added = context["capabilities"].pop("add")
    assert sorted(added) == container(of_chart)["securityContext"]["capabilities"]["add"]
    context["capabilities"]["add"] = base["spec"]["template"]["spec"]["containers"][0][
        "securityContext"]["capabilities"]["add"]
    assert own == base


def kustomize_with(folder, component):
    place = folder / component
    place.mkdir()
    # kustomize takes no folder by its full name.
    up = "/".join([".."] * (len(place.parts) - 1))
    (place / "kustomization.yaml").write_text(yaml.safe_dump({
        "resources": [f"{up}{KUBERNETES}/base"], "components": [f"{up}{KUBERNETES}/components/{component}"]}))
    return kustomize(place)


def test_every_dashboard_is_one():
    component = yaml.safe_load((DASHBOARDS / "grafana/json/kustomization.yaml").read_text())
    files = [one.split("=")[1] for each in component["configMapGenerator"] for one in each["files"]]
    assert sorted(files) == sorted(path.name for path in (DASHBOARDS / "grafana/json").glob("*.json"))


def test_the_example():
    objects = load(kustomize(KUBERNETES / "overlays/example"))
    namespace = the(objects, "Namespace")["metadata"]
    # hostPID and folders of the node are refused on any other level.
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    for each in objects:
        if each["kind"] != "Namespace":
            assert each["metadata"]["namespace"] == namespace["name"] == "monitoring"
        if each["apiVersion"].startswith("monitoring.coreos.com/"):
            assert each["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    base = load(kustomize(KUBERNETES / "base"))
    own, plain = container(objects), container(base)
    assert own["image"].startswith("registry.example.org/memleak-exporter:")
    assert own["image"].rsplit(":", 1)[1] == plain["image"].rsplit(":", 1)[1]
    assert own["resources"]["limits"]["memory"] != plain["resources"]["limits"]["memory"]
    # Nothing else of the pod is changed.
    for each in (own, plain):
        del each["image"], each["resources"]
    assert pod(objects) == pod(base)
    assert len(of_kind(objects, "ConfigMap")) == 5 and len(of_kind(objects, "PrometheusRule")) == 2


def test_nothing_of_the_example_variants_is_left_out():
    """What the matrix of values never switches on would never be looked at."""
    kinds = {each["kind"] for values in VARIANTS.values() for each in render(values)}
    templates = {path.stem for path in (KUBERNETES / "chart/templates").glob("*.yaml")}
    assert {"ServiceAccount", "DaemonSet", "Service", "ConfigMap", "Secret", "PodMonitor", "ServiceMonitor",
            "PrometheusRule", "NetworkPolicy"} == kinds
    # `dashboards` are ConfigMaps, too.
    assert len(templates) == len(kinds) + 1
