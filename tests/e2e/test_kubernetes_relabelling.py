"""deploy/prometheus/kubernetes.yml, with a real Prometheus and targets like those of Kubernetes."""

import json
import os
import re
import signal
import subprocess

import pytest

from support import web
from support.exporter import REPOSITORY
from support.node_of_pods import MIB, NODE, Container, NodeOfPods, Pod, deployment
from support.prometheus import Prometheus
from support.requirements import need_tool
from support.waiting import wait_for

SHIPPED = REPOSITORY / "deploy" / "prometheus" / "kubernetes.yml"
# What a Prometheus Operator writes in front of the relabelings of a PodMonitor
# (prometheus-operator, pkg/prometheus/promcfg.go).
OPERATOR_RULES = """\
      - source_labels: [__meta_kubernetes_namespace]
        target_label: namespace
      - source_labels: [__meta_kubernetes_pod_container_name]
        target_label: container
      - source_labels: [__meta_kubernetes_pod_name]
        target_label: pod
"""
# Set by Prometheus to all that it scrapes from a target.
OF_TARGET = {"job": "memleak", "instance": NODE, "node": NODE}


def meta(address, name, app="memleak-exporter", port="metrics", phase="Running"):
    """A target as role pod discovers it: one of each port of each container."""
    labels = {
        "namespace": "monitoring", "pod_name": name, "pod_ip": "127.0.0.1",
        "pod_container_name": "exporter", "pod_container_init": "false",
        "pod_container_id": "containerd://" + "ab" * 32,
        "pod_container_image": "memleak-exporter:latest",
        "pod_container_port_name": port, "pod_container_port_number": address.rsplit(":")[-1],
        "pod_container_port_protocol": "TCP",
        "pod_label_app_kubernetes_io_name": app, "pod_labelpresent_app_kubernetes_io_name": "true",
        "pod_label_controller_revision_hash": "7f9d8c6b5", "pod_label_pod_template_generation": "1",
        "pod_annotation_prometheus_io_scrape": "true", "pod_ready": "true", "pod_phase": phase,
        "pod_node_name": NODE, "pod_host_ip": "10.0.0.17",
        "pod_uid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "pod_controller_kind": "DaemonSet",
        "pod_controller_name": "memleak-exporter",
    }
    return {"targets": [address],
            "labels": {"__meta_kubernetes_" + name: value for name, value in labels.items()}}


@pytest.fixture
def node(tmp_path):
    """Its own exporter among the pods: the one whose labels must stay where they belong."""
    node = NodeOfPods(tmp_path / "node")
    node.pods = [
        deployment("shop", "checkout", 0, [Container("app", limit=500 * MIB),
                                           Container("istio-proxy", anon=30 * MIB)]),
        Pod("data", "postgres-0", [Container("postgres", anon=300 * MIB)]),
        Pod("monitoring", "memleak-exporter-x7k2p", [
            Container("exporter", anon=20 * MIB, exe="/memleak_exporter")]),
    ]
    for pod in node.pods:
        node.add_pod(pod)
    node.add_unit("kubelet.service", "/usr/bin/kubelet", 100 * MIB)
    node.settle()
    return node


def address_of(exporter):
    return "%s:%d" % web.address_of(exporter.url)


def write_configuration(directory, targets, first_rules=""):
    """The shipped file; only where targets come from, and how often, is the test's.

    Debian's Prometheus is built without the discovery of Kubernetes.
    """
    (directory / "targets.json").write_text(json.dumps(targets))
    files = json.dumps(str(directory / "targets.json"))
    text = SHIPPED.read_text()
    for old, new in (("kubernetes_sd_configs:\n      - role: pod\n",
                      f"file_sd_configs:\n      - files: [{files}]\n"),
                     ("scrape_interval: 30s\n", "scrape_interval: 1s\n"),
                     (" relabel_configs:\n", " relabel_configs:\n" + first_rules)):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = directory / "kubernetes.yml"
    path.write_text(text)
    return path


@pytest.fixture
def start_prometheus(tmp_path):
    closers = []

    def start(targets, first_rules=""):
        prometheus = Prometheus(need_tool("prometheus"), tmp_path, {})
        closers.append(prometheus.close)
        os.replace(write_configuration(tmp_path, targets, first_rules), tmp_path / "prometheus.yml")
        prometheus.process.send_signal(signal.SIGHUP)
        return prometheus

    yield start
    for close in closers:
        close()


def labels_in(prometheus, selector):
    """All label sets of one instant, with their names."""
    return {frozenset(labels.items()) for labels, _ in prometheus.query(selector)}


def targets_of(prometheus):
    answer = json.loads(web.request(prometheus.url, "/api/v1/targets").body)
    return answer["data"]["activeTargets"]


def test_promtool_accepts_it(tmp_path):
    path = write_configuration(tmp_path, [])
    result = subprocess.run([need_tool("promtool"), "check", "config", path],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("first_rules", ["", OPERATOR_RULES], ids=["alone", "in a PodMonitor"])
def test_every_label_arrives(start_exporter, start_prometheus, node, first_rules):
    """Each series of /metrics is there as it was written, with the node's name and nothing else."""
    exporter = start_exporter(*node.flags, "--process.min-rss=0", "--process.min-age=0s")
    body = exporter.scrape_until("the names", lambda body: body.value(
        "memleak_scrape_processes", result="pending") == 0 and all(
            body.has("memleak_process_info", pod=pod.name, container=container.name)
            for pod in node.pods for container in pod.containers))
    address = address_of(exporter)
    prometheus = start_prometheus([meta(address, "memleak-exporter-x7k2p")], first_rules)
    everything = '{__name__=~"memleak_.*"}'
    wait_for("a scrape", lambda: prometheus.query(everything))

    scraped = {frozenset({**dict(labels), "__name__": name, **OF_TARGET}.items())
               for name, labels in body.samples if name.startswith("memleak_")}
    assert len(scraped) > 100
    assert labels_in(prometheus, everything) == scraped

    # The same, in words: what runs on the host is of no pod, and what is in one is of that one.
    assert prometheus.query('memleak_process_info{exe="/usr/bin/kubelet",namespace="",pod="",'
                            'container="",node="%s"}' % NODE)
    for pod in node.pods:
        for container in pod.containers:
            selector = 'memleak_process_info{namespace="%s",pod="%s",container="%s"}' % (
                pod.namespace, pod.name, container.name)
            assert len(prometheus.query(selector)) == 1
    assert not prometheus.query('{exported_namespace!=""}')
    # Prometheus' own series of the target, too.
    assert labels_in(prometheus, "up") == {
        frozenset({"__name__": "up", **OF_TARGET}.items())}


def test_only_the_exporters_are_scraped(start_exporter, start_prometheus, node):
    exporter = start_exporter(*node.flags)
    address = address_of(exporter)
    prometheus = start_prometheus([
        meta(address, "memleak-exporter-x7k2p"),
        meta("127.0.0.1:1", "memleak-exporter-x7k2p", port="debug"),
        meta("127.0.0.1:2", "memleak-exporter-old", phase="Failed"),
        meta("127.0.0.1:3", "checkout-7d9f-x2x7q", app="checkout"),
        meta("127.0.0.1:4", "other", app="memleak-exporter-docs"),
    ])
    [target] = wait_for("the target", lambda: targets_of(prometheus))
    assert target["discoveredLabels"]["__address__"] == address
    assert target["labels"] == OF_TARGET
