"""What the chart hands to the exporter, with the real one: flags, configuration, probes."""

import pathlib
import re
import shutil

import pytest
import yaml

from rendering import container, of_kind, render
from support import web
from support.exporter import run
from support.node_of_pods import MIB, NODE, Container, NodeOfPods, Pod
from support.tls import Authority, client_context
from support.web_config import Client, bcrypt
from variants import BCRYPT, EVERY_COLLECTOR, VARIANTS


@pytest.fixture
def node(tmp_path):
    node = NodeOfPods(tmp_path / "node")
    node.add_pod(Pod("shop", "checkout-0", [Container("app", anon=50 * MIB)]))
    node.add_pod(Pod("kube-system", f"etcd-{NODE}", [Container("etcd", anon=60 * MIB)], static=True))
    node.settle()
    # The state of another boot is none.
    boot_id = node.root / "proc/sys/kernel/random/boot_id"
    boot_id.parent.mkdir()
    boot_id.write_text("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n")
    return node


class Started:
    """The container's files and flags, in a folder that stands for its root."""

    def __init__(self, values, root, node):
        self.root = pathlib.Path(root)
        objects = render(values)
        own = container(objects)
        volumes = {mount["name"]: mount["mountPath"] for mount in own["volumeMounts"]}
        for host, inside in {"sys": node.root / "sys", "pod-logs": node.root / "var/log/pods",
                             "container-logs": node.root / "var/log/containers",
                             "root": node.root}.items():
            if host in volumes:
                place = self.path(volumes[host])
                place.parent.mkdir(parents=True, exist_ok=True)
                if host.endswith("-logs"):
                    # The exporter follows no link out of the root that it was given.
                    shutil.copytree(inside, place, symlinks=True)
                else:
                    place.symlink_to(inside)
        for kind, field, volume in (("ConfigMap", "data", "config"), ("Secret", "stringData", "web")):
            for each in of_kind(objects, kind):
                self.path(volumes[volume]).mkdir(parents=True)
                for name, text in each[field].items():
                    (self.path(volumes[volume]) / name).write_text(
                        text.replace("/etc/memleak-exporter", f"{self.root}/etc/memleak-exporter"))
        if "state" in volumes:
            self.path(volumes["state"]).mkdir(parents=True)
        self.flags = [f"--path.procfs={node.root}/proc"]
        for word in own["args"]:
            word = word.replace("$(NODE_NAME)", NODE)
            word = re.sub(r"^(--web\.health-address)=.*", r"\1=127.0.0.1:0", word)
            word = re.sub(r"=(/host|/etc|/var)/", rf"={self.root}/\1/".replace("//", "/"), word)
            if not word.startswith("--web.listen-address="):
                self.flags.append(word)

    def path(self, inside):
        return self.root / inside.lstrip("/")


@pytest.mark.parametrize("name", ["default", "of-a-site", "whole-node", "node-only", "unprivileged"])
def test_it_starts(start_exporter, tmp_path, node, name):
    pod = Started(VARIANTS[name], tmp_path / "pod", node)
    exporter = start_exporter(*pod.flags, urls=2)
    body = exporter.scrape()
    assert body.value("memleak_node_memory_total_bytes") > 0
    # The page is there only where it is asked for; probes are answered elsewhere.
    page = VARIANTS[name].get("web", {}).get("ui", False)
    assert exporter.get("/").text.count("<script") == (1 if page else 0)
    for path in ("/-/ready", "/-/healthy"):
        assert web.request(exporter.urls[1], path).status == 200
    assert web.request(exporter.urls[1], "/metrics").status == 404


def test_names_of_pods(start_exporter, tmp_path, node):
    """From the two folders that are mounted by default, and the node's name."""
    pod = Started({"config": {"process": {"min-rss": "1MiB", "min-age": "0s"}}}, tmp_path / "pod", node)
    assert not (pod.path("/host/root") / "etc").exists()
    exporter = start_exporter(*pod.flags, urls=2)
    body = exporter.scrape_until("the names", lambda body: body.has(
        "memleak_group_processes", group="shop/checkout/app"))
    assert body.has("memleak_process_info", namespace="shop", pod="checkout-0", container="app")
    assert body.has("memleak_group_processes", group="kube-system/etcd/etcd")


def test_state_outlives_the_pod(start_exporter, tmp_path, node):
    pod = Started({}, tmp_path / "pod", node)
    start_exporter(*pod.flags, urls=2).stop()
    assert (pod.path("/var/lib/memleak-exporter") / "trends").stat().st_size > 0


def test_probes_need_no_password_and_no_certificate(start_exporter, tmp_path, node):
    authority = Authority(tmp_path)
    certificate = authority.issue()
    values = {"web": {"tlsSecret": "tls", "config": {
        "basic_auth_users": {"prometheus": bcrypt("open")},
        "tls_server_config": {"client_auth_type": "RequireAndVerifyClientCert",
                              "client_ca_file": "/etc/memleak-exporter/tls/ca.crt"}}}}
    pod = Started(values, tmp_path / "pod", node)
    # As cert-manager names them.
    secret = pod.path("/etc/memleak-exporter/tls")
    secret.mkdir(parents=True)
    for source, name in ((certificate.cert, "tls.crt"), (certificate.key, "tls.key"),
                         (authority.cert, "ca.crt")):
        shutil.copy(source, secret / name)
    client = Client(client_context(authority, authority.issue_client()), "prometheus", "open")
    exporter = start_exporter(*pod.flags, urls=2, client=client)
    assert exporter.urls[0].startswith("https://") and exporter.urls[1].startswith("http://")
    for path in ("/-/ready", "/-/healthy"):
        assert web.request(exporter.urls[1], path).status == 200
    assert exporter.scrape().value("memleak_node_memory_total_bytes") > 0
    unknown = Client(client_context(authority, authority.issue_client()))
    assert unknown(exporter.url, "/metrics").status == 401


def test_every_flag_is_known():
    """Also those of values that no test above starts."""
    help_text = run("--help").stdout
    every = {"collectors": {name: name == "process_vm" for name in EVERY_COLLECTOR},
             "config": {"log": {"level": "debug"}}, "web": {"config": {"basic_auth_users": {"a": BCRYPT}}}}
    for word in container(render(every))["args"]:
        flag = re.match(r"--(no-)?([^=]+)", word)[2]
        assert re.search(rf"^  --(\[no-\])?{re.escape(flag)}\b", help_text, re.M), word


def test_a_mistake_in_the_configuration_is_told_by_name(tmp_path):
    """By the exporter: the chart does not know its keys."""
    objects = render({"config": {"process": {"min-rsss": "32MiB"}}})
    text, = (each["data"]["config.yml"] for each in of_kind(objects, "ConfigMap"))
    path = tmp_path / "config.yml"
    path.write_text(text)
    result = run(f"--config.file={path}")
    assert result.returncode == 2 and "min-rsss" in result.stderr


def test_rendered_web_configuration_is_yaml_once_more():
    secret, = of_kind(render(VARIANTS["safe"]), "Secret")
    config = yaml.safe_load(secret["stringData"]["web.yml"])
    assert config["basic_auth_users"] == {"prometheus": BCRYPT}
