"""How Prometheus finds the exporter, what it judges, and what Grafana shows."""

import json
import re

import pytest
import yaml

from rendering import DASHBOARDS, REPOSITORY, defaults, of_kind, program, render, run, the
from variants import VARIANTS

SHIPPED = REPOSITORY / "deploy" / "prometheus" / "kubernetes.yml"
MONITORED = VARIANTS["monitored"]


def endpoint(values, kind="PodMonitor"):
    spec = the(render(values), kind)["spec"]
    one, = spec["podMetricsEndpoints" if kind == "PodMonitor" else "endpoints"]
    return one


def as_prometheus_writes(rules):
    """sourceLabels -> source_labels"""
    return [{re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), key): value
             for key, value in rule.items()} for rule in rules]


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor"])
def test_relabelings_are_those_of_the_plain_configuration(kind):
    job, = yaml.safe_load(SHIPPED.read_text())["scrape_configs"]
    own = endpoint({"monitor": {"kind": kind}}, kind)
    assert own["honorLabels"] is True is job["honor_labels"]
    assert own["interval"] == job["scrape_interval"]

    # Which pods: there by two rules, here by selector and port; the Operator itself leaves out those
    # that have ended.
    which, ended, *labels = job["relabel_configs"]
    spec = the(render({"monitor": {"kind": kind}}), kind)["spec"]
    assert which["regex"] == ";".join(
        (spec["selector"]["matchLabels"]["app.kubernetes.io/name"], own["port"]))
    assert ended["action"] == "drop"

    # Two are of the Operator's: it would call the job by the monitor, and share targets by address.
    rules = as_prometheus_writes(own["relabelings"])
    assert rules[0] == {"target_label": "job", "replacement": job["job_name"]}
    *rest, drop = rules[1:]
    by_node = {"source_labels": ["__meta_kubernetes_pod_node_name"], "target_label": "__tmp_hash"}
    assert by_node in rest
    *expected, expected_drop = labels
    assert [rule for rule in rest if rule != by_node] == [
        rule for rule in expected if rule.get("target_label") != "__tmp_hash"]
    # And more labels of the target, so that series are the same either way.
    assert drop["action"] == expected_drop["action"] == "labeldrop"
    assert set(drop["regex"].split("|")) == set(expected_drop["regex"].split("|")) | {"service", "endpoint"}


def test_rules_know_the_job():
    own = endpoint(MONITORED)
    job, = (rule["replacement"] for rule in own["relabelings"] if rule.get("targetLabel") == "job")
    rules = (DASHBOARDS / "prometheus/memleak_rules.yaml").read_text()
    selectors = set(re.findall(r'job=~"([^"]*)"', rules))
    assert selectors
    for selector in selectors:
        assert re.fullmatch(selector, job)


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor"])
def test_own_relabelings_come_last(kind):
    mine = {"targetLabel": "team", "replacement": "core"}
    assert endpoint({"monitor": {"kind": kind, "relabelings": [mine]}}, kind)["relabelings"][-1] == mine


def test_one_monitor_or_none():
    for kind in ("none", "PodMonitor", "ServiceMonitor"):
        kinds = {each["kind"] for each in render({"monitor": {"kind": kind}})}
        assert kinds & {"PodMonitor", "ServiceMonitor"} == {kind} - {"none"}


def test_a_monitor_finds_the_pods():
    objects = render(MONITORED)
    monitor, daemonset = the(objects, "PodMonitor"), the(objects, "DaemonSet")
    labels = daemonset["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    objects = render(VARIANTS["service-monitor"])
    monitor, service = the(objects, "ServiceMonitor"), the(objects, "Service")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    port, = service["spec"]["ports"]
    assert endpoint(VARIANTS["service-monitor"], "ServiceMonitor")["port"] == port["name"]


@pytest.mark.parametrize("values, scheme", [
    ({}, "http"),
    ({"web": {"config": {"basic_auth_users": {}, "http_server_config": {}}}}, "http"),
    ({"web": {"tlsSecret": "tls"}}, "https"),
    ({"web": {"config": {"tls_server_config": {"cert_file": "a", "key_file": "b"}}}}, "https"),
    # What is in a Secret that is there already nobody knows here.
    ({"web": {"existingSecret": "mine"}}, "http"),
    ({"web": {"existingSecret": "mine"}, "monitor": {"scheme": "https"}}, "https"),
], ids=str)
def test_scheme(values, scheme):
    values = values | {"monitor": values.get("monitor", {}) | {"kind": "PodMonitor"}}
    assert endpoint(values)["scheme"] == scheme


def test_secrets_of_a_monitor():
    own, given = endpoint(VARIANTS["safe"]), VARIANTS["safe"]["monitor"]
    assert (own["tlsConfig"], own["basicAuth"]) == (given["tlsConfig"], given["basicAuth"])
    plain = endpoint(MONITORED)
    assert not {"tlsConfig", "basicAuth", "scrapeTimeout", "metricRelabelings"} & plain.keys()


def test_rules(tmp_path):
    """Those of the mixin, templates and all, and Prometheus accepts them."""
    found = of_kind(render(MONITORED), "PrometheusRule")
    assert [rule["metadata"]["name"] for rule in found] == ["memleak-exporter-rules", "memleak-exporter-alerts"]
    for rule, kind in zip(found, ("rules", "alerts")):
        assert rule["spec"] == yaml.safe_load((DASHBOARDS / f"prometheus/memleak_{kind}.yaml").read_text())
        path = tmp_path / f"{kind}.yaml"
        path.write_text(yaml.safe_dump(rule["spec"]))
        result = run(program("promtool"), "check", "rules", path)
        assert result.returncode == 0, result.stdout + result.stderr
        count = sum(len(group.get("rules") or []) for group in rule["spec"]["groups"])
        assert f"SUCCESS: {count} rules found" in result.stdout + result.stderr and count > 20
        assert rule["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert not of_kind(render(), "PrometheusRule")


def test_dashboards():
    wanted = {"enabled": True, "annotations": {"grafana_folder": "Leaks"}}
    objects = render(MONITORED | {"dashboards": wanted})
    found = {}
    for each in of_kind(objects, "ConfigMap"):
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert each["metadata"]["annotations"] == {"grafana_folder": "Leaks"}
        (name, text), = each["data"].items()
        found[name.removeprefix("memleak-")] = text
    # To the byte: braces of Grafana's are none of Helm's.
    assert found == {path.name: path.read_text()
                     for path in (DASHBOARDS / "grafana" / "json").glob("*.json")}
    assert len(found) == 5 and all(json.loads(text)["uid"] for text in found.values())
    assert defaults()["dashboards"]["enabled"] is False
