"""deploy/prometheus: what is shipped is accepted, and a real Prometheus scrapes with it."""

import re
import shutil
import subprocess

import pytest
import yaml

from support import web
from support.examples import (SHIPPED, SOONER, assert_promtool_accepts, blocks_of, edit, install,
                              last_reload, promtool, start_prometheus, up)
from support.exporter import REPOSITORY
from support.fixtures import FIXTURES, flags
from support.waiting import wait_for

pytestmark = pytest.mark.once

CONFIGURATIONS = sorted(
    str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*.yml")
    if path.parent.name not in ("targets", "rules") and not path.name.startswith("web"))


@pytest.fixture
def prometheus_with():
    started = []

    def start(config):
        started.append(start_prometheus(config))
        return started[-1]

    yield start
    for each in started:
        each.close()


def address_of(exporter):
    return "%s:%d" % web.address_of(exporter.url)


def ordinary_host():
    return flags(FIXTURES / "ordinary")


def without_discovery(config):
    """Debian's Prometheus is built without that of Kubernetes."""
    return edit(config, ("kubernetes_sd_configs:\n      - role: pod\n",
                         "static_configs:\n      - targets: [127.0.0.1:10078]\n"))


def test_every_configuration_is_tried():
    assert {"prometheus.yml", "file_sd.yml", "tls/prometheus.yml", "sharded/shard.yml"} <= set(
        CONFIGURATIONS)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_promtool_accepts_it(tmp_path, name):
    """Secrets and certificates that it names are the site's; rules and targets must be there."""
    config = install(tmp_path) / name
    if name == "kubernetes.yml":
        without_discovery(config)
    agent = ["--agent"] if name == "agent.yml" else []
    syntax = ["--syntax-only"] if name.startswith("tls/") else []
    assert_promtool_accepts(*agent, *syntax, config)


def test_promtool_sees_what_is_wrong(tmp_path):
    config = edit(install(tmp_path) / "file_sd.yml", ("file_sd_configs", "file_sd_config"))
    assert promtool(config).returncode != 0


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_jobs_are_those_that_the_rules_know(name):
    selectors = set(re.findall(r'job=~"([^"]*)"', (
        REPOSITORY / "dashboards" / "prometheus" / "memleak_rules.yaml").read_text()))
    for job in yaml.safe_load((SHIPPED / name).read_text())["scrape_configs"]:
        assert job["honor_labels"] is True
        known = all(re.fullmatch(selector, job["job_name"]) for selector in selectors)
        # What a server of others scrapes are no exporters.
        assert known == (name != "sharded/global.yml"), job["job_name"]


def run_block(word, installed, *replacements):
    """The one of "Many hosts" that has this word."""
    [code] = [code for code in blocks_of("Many hosts") if word in code]
    for old, new in (("/etc/prometheus", str(installed)), ("sudo ", ""), *replacements):
        code = code.replace(old, new)
    subprocess.run(["bash", "-euc", code], cwd=REPOSITORY, check=True)


def test_a_host_is_added_without_a_reload(start_exporter, prometheus_with, tmp_path):
    """As deploy/prometheus/README.md has it: a file beside those that are there."""
    first = start_exporter(*ordinary_host())
    second = start_exporter(*ordinary_host(), listen=["127.0.0.2:0"])
    installed = install(tmp_path)
    shutil.rmtree(installed / "targets")
    run_block("file_sd.yml", installed)
    edit(installed / "targets" / "production.yml", ("worker-1.example.org:10078", address_of(first)),
         ("    - worker-2.example.org:10078\n", ""))
    prometheus = prometheus_with(edit(installed / "prometheus.yml", SOONER))
    wait_for("the first host", lambda: up(prometheus) == {"127.0.0.1": 1})
    loaded = last_reload(prometheus)

    run_block("worker-3", installed, ("worker-3.example.org:10078", address_of(second)))
    wait_for("the second host", lambda: up(prometheus) == {"127.0.0.1": 1, "127.0.0.2": 1})
    (installed / "targets" / "worker-3.yml").unlink()
    wait_for("one host", lambda: up(prometheus) == {"127.0.0.1": 1})
    assert last_reload(prometheus) == loaded
    [(labels, _)] = prometheus.query('memleak_process_threads{pid="310"}')
    assert (labels["cluster"], labels["job"]) == ("production", "memleak")


def test_the_rules_run_on_what_is_scraped(start_exporter, prometheus_with, tmp_path):
    """One host: the shipped file, as README has it installed."""
    exporter = start_exporter(*ordinary_host())
    installed = install(tmp_path)
    edit(installed / "prometheus.yml", ("127.0.0.1:10078", address_of(exporter)), SOONER,
         ("evaluation_interval: 1m", "evaluation_interval: 1s"))
    prometheus = prometheus_with(installed / "prometheus.yml")
    wait_for("a scrape", lambda: up(prometheus) == {address_of(exporter): 1})
    groups = web.request(prometheus.url, "/api/v1/rules").text
    for alert in ("MemleakGroupLeakSuspected", "MemleakFleetSiblingOutlier"):
        assert f'"name":"{alert}"' in groups


def manifests():
    """Every document of the kustomize base."""
    for path in sorted((REPOSITORY / "deploy" / "kubernetes").rglob("base/*.yaml")):
        yield from filter(None, yaml.safe_load_all(path.read_text()))


def test_kubernetes_finds_the_pods_that_our_base_makes():
    sets = [each for each in manifests() if each.get("kind") == "DaemonSet"]
    if not sets:
        pytest.fail("no DaemonSet in deploy/kubernetes/base")
    [job] = yaml.safe_load((SHIPPED / "kubernetes.yml").read_text())["scrape_configs"]
    keep = next(rule for rule in job["relabel_configs"] if rule["action"] == "keep")
    assert keep["source_labels"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_name",
                                     "__meta_kubernetes_pod_container_port_name"]
    pod = sets[0]["spec"]["template"]
    name = pod["metadata"]["labels"]["app.kubernetes.io/name"]
    ports = [port["name"] for container in pod["spec"]["containers"]
             for port in container.get("ports", [])]
    kept = [port for port in ports if re.fullmatch(keep["regex"], f"{name};{port}")]
    assert len(kept) == 1, (name, ports)


def test_kubernetes_with_tls(tmp_path):
    """The lines of README.md go into the job."""
    [code] = [code for code in blocks_of("Kubernetes") if "server_name" in code]
    path = without_discovery(install(tmp_path) / "kubernetes.yml")
    config = yaml.safe_load(path.read_text())
    [job] = config["scrape_configs"]
    added = yaml.safe_load(code)
    assert not added.keys() & job.keys()
    job |= added
    path.write_text(yaml.safe_dump(config))
    assert_promtool_accepts("--syntax-only", path)
