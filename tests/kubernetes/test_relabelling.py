"""The monitors' relabelings in a real Prometheus, as an Operator writes them into its configuration.

Debian's Prometheus is built without the discovery of Kubernetes: the test brings the targets itself.
"""

import json
import os
import signal

import pytest

from rendering import render, the
from support.prometheus import Prometheus
from support.requirements import need_tool
from support.waiting import wait_for
from test_kubernetes_relabelling import (  # noqa: F401 (a fixture)
    OF_TARGET, address_of, labels_in, meta, node, targets_of)
from test_monitoring import as_prometheus_writes

OWN_POD = "memleak-exporter-x7k2p"
# What role endpointslice knows besides, of the Service.
OF_SERVICE = {"__meta_kubernetes_service_name": "memleak-exporter",
              "__meta_kubernetes_service_label_app_kubernetes_io_name": "memleak-exporter",
              "__meta_kubernetes_endpointslice_port_name": "metrics",
              "__meta_kubernetes_endpointslice_address_target_kind": "Pod",
              "__meta_kubernetes_endpointslice_address_target_name": OWN_POD}


def target_label(name, **rule):
    return {"target_label": name} | rule


def from_meta(name, label):
    return target_label(name, source_labels=["__meta_kubernetes_" + label])


def operators_rules(monitor, relabelings, shard, shards):
    """In the order of prometheus-operator, pkg/prometheus/promcfg.go: a monitor's own come late, and
    only the choice of the shard after them."""
    kind, name = monitor["kind"], monitor["metadata"]["name"]
    rules = [target_label("__tmp_prometheus_job_name", source_labels=["job"]),
             {"source_labels": ["__meta_kubernetes_pod_phase"], "regex": "(Failed|Succeeded)",
              "action": "drop"}]
    if kind == "PodMonitor":
        rules += [{"source_labels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
                   "regex": "memleak-exporter", "action": "keep"},
                  {"source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": "metrics",
                   "action": "keep"},
                  from_meta("namespace", "namespace"), from_meta("container", "pod_container_name"),
                  from_meta("pod", "pod_name"),
                  target_label("job", replacement=f"monitoring/{name}")]
    else:
        rules += [{"source_labels": ["__meta_kubernetes_service_label_app_kubernetes_io_name"],
                   "regex": "memleak-exporter", "action": "keep"},
                  {"source_labels": ["__meta_kubernetes_endpointslice_port_name"], "regex": "metrics",
                   "action": "keep"},
                  from_meta("namespace", "namespace"), from_meta("service", "service_name"),
                  from_meta("pod", "pod_name"), from_meta("container", "pod_container_name"),
                  target_label("job", source_labels=["__meta_kubernetes_service_name"])]
    rules.append(target_label("endpoint", replacement="metrics"))
    rules += as_prometheus_writes(relabelings)
    return rules + [
        target_label("__tmp_hash", source_labels=["__address__", "__tmp_hash"], regex="(.+);",
                     replacement="$1"),
        target_label("__tmp_hash", source_labels=["__tmp_hash"], modulus=shards, action="hashmod"),
        {"source_labels": ["__tmp_hash"], "regex": str(shard), "action": "keep"}]


def job_of(kind, directory, targets, shard=0, shards=1):
    monitor = the(render({"monitor": {"kind": kind}}), kind)
    endpoint, = monitor["spec"]["podMetricsEndpoints" if kind == "PodMonitor" else "endpoints"]
    (directory / "targets.json").write_text(json.dumps(targets))
    return {"job_name": f"{kind}/monitoring/memleak-exporter/{shard}", "scrape_interval": "1s",
            "scrape_timeout": "1s", "honor_labels": endpoint["honorLabels"],
            "file_sd_configs": [{"files": [str(directory / "targets.json")]}],
            "relabel_configs": operators_rules(monitor, endpoint["relabelings"], shard, shards)}


@pytest.fixture
def start_prometheus(tmp_path):
    closers = []

    def start(*jobs):
        prometheus = Prometheus(need_tool("prometheus"), tmp_path, {})
        closers.append(prometheus.close)
        # JSON is YAML.
        (tmp_path / "new.yml").write_text(json.dumps({"scrape_configs": jobs}))
        os.replace(tmp_path / "new.yml", tmp_path / "prometheus.yml")
        prometheus.process.send_signal(signal.SIGHUP)
        return prometheus

    yield start
    for close in closers:
        close()


def discovered(kind, address, pod=OWN_POD, **more):
    target = meta(address, pod, **more)
    if kind == "ServiceMonitor":
        target["labels"] |= OF_SERVICE
    return target


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor"])
def test_every_label_arrives(start_exporter, start_prometheus, node, tmp_path, kind):  # noqa: F811
    """Each series is there as the exporter wrote it, with the node's name and nothing else."""
    exporter = start_exporter(*node.flags, "--process.min-rss=0", "--process.min-age=0s")
    body = exporter.scrape_until("the names", lambda body: body.value(
        "memleak_scrape_processes", result="pending") == 0 and all(
            body.has("memleak_process_info", pod=pod.name, container=container.name)
            for pod in node.pods for container in pod.containers))
    prometheus = start_prometheus(
        job_of(kind, tmp_path, [discovered(kind, address_of(exporter)),
                                discovered(kind, "127.0.0.1:1", phase="Failed")]))
    everything = '{__name__=~"memleak_.*"}'
    wait_for("a scrape", lambda: prometheus.query(everything))
    scraped = {frozenset({**dict(labels), "__name__": name, **OF_TARGET}.items())
               for name, labels in body.samples if name.startswith("memleak_")}
    assert len(scraped) > 100
    assert labels_in(prometheus, everything) == scraped

    # In words: what runs on the host is of no pod, and what is in one is of that one.
    assert prometheus.query('memleak_process_info{exe="/usr/bin/kubelet",namespace="",pod="",'
                            'container="",node="worker-a17",job="memleak"}')
    for pod in node.pods:
        for container in pod.containers:
            selector = 'memleak_process_info{namespace="%s",pod="%s",container="%s"}' % (
                pod.namespace, pod.name, container.name)
            assert len(prometheus.query(selector)) == 1
    assert not prometheus.query('{exported_namespace!=""}')
    assert labels_in(prometheus, "up") == {frozenset({"__name__": "up", **OF_TARGET}.items())}


def test_a_node_stays_with_its_shard(start_prometheus, tmp_path):
    """An update gives the exporter's pod another address: its node's past must stay beside it."""
    nodes, shards = [f"worker-{number}" for number in range(8)], 2
    targets = []
    for number, name in enumerate(nodes):
        for address in (f"10.0.0.{number}:10078", f"10.0.1.{number}:10078"):
            target = discovered("PodMonitor", address)
            target["labels"]["__meta_kubernetes_pod_node_name"] = name
            # Both are there at once here, and must not be taken for one target.
            target["labels"]["__param_address"] = address
            targets.append(target)
    prometheus = start_prometheus(
        *(job_of("PodMonitor", tmp_path, targets, shard, shards) for shard in range(shards)))
    active = wait_for("the targets", lambda: targets_of(prometheus))
    shards_of = {}
    for target in active:
        shards_of.setdefault(target["labels"]["instance"], []).append(target["scrapePool"])
    assert shards_of.keys() == set(nodes)
    for name, pools in shards_of.items():
        assert len(pools) == 2 and len(set(pools)) == 1, name
    assert len({pools[0] for pools in shards_of.values()}) == shards
