"""deploy/prometheus/sharded: two servers share the hosts, a third one sees all of them, and the rule that
compares hosts is told by that one alone. agent.yml: one that only sends on."""

import hashlib
import http.server
import json
import os
import subprocess
import threading

import pytest

from support import web
from support.examples import SOONER, edit, install, start_prometheus, up
from support.fixtures import FIXTURES, flags
from support.node_of_pods import MIB, NodeOfPods
from support.prometheus import Prometheus, shipped_rules
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS, wait_for

# The rules are made once for all of them.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("sharded")]

# What is held for half an hour is told after six seconds.
SCALE = 1 / 300
OUTLIER = "MemleakFleetSiblingOutlier"
# What waits for that waits longer on a busy machine.
ALERT_SECONDS = 3 * DEADLINE_SECONDS
# So often, only what is looked at is judged.
GROUPS = ("memleak-siblings-recorded", "memleak-fleet", "memleak-exporter")
SHARDS = ("0", "1")


def shard_of(address, shards=len(SHARDS)):
    """Of Prometheus' hashmod: the last eight bytes of the MD5 sum (model/relabel)."""
    return int.from_bytes(hashlib.md5(address.encode()).digest()[8:], "big") % shards


class Receiver:
    """Takes alerts as Alertmanager does, and keeps them by who sent them."""

    def __init__(self):
        receiver = self
        self.alerts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.alerts += [alert["labels"] for alert in json.loads(body)]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def told(self, name):
        return [labels for labels in self.alerts if labels["alertname"] == name]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def closing():
    started = []

    def close_later(one):
        started.append(one)
        return one

    yield close_later
    for each in reversed(started):
        each.close()


def address_of(thing):
    return "%s:%d" % web.address_of(thing.url)


def host(directory, megabytes, pid):
    """One that runs a single instance of a service; the smaller the pid the older it is."""
    node = NodeOfPods(directory)
    node.add_process("/system.slice/api.service", "/usr/bin/api", anon=megabytes * MIB, pid=pid)
    node.settle()
    return node.flags


def faster_rules(directory):
    """The files of the shipped rules and alerts, those of GROUPS."""
    made = []
    for path, name in zip(shipped_rules(directory, SCALE), ("memleak_rules", "memleak_alerts")):
        groups = [group for group in json.loads(path.read_text())["groups"] if group["name"] in GROUPS]
        assert groups
        made.append(directory / f"{name}.yaml")
        made[-1].write_text(json.dumps({"groups": groups}))
    return made


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return faster_rules(tmp_path_factory.mktemp("rules"))


def start_hosts(start_exporter, directory):
    """Two hosts for each shard, as {their names: addresses}; the first is old and large."""
    wanted = [0, 0, 1, 1]
    found = {}
    for number, shard in enumerate(wanted):
        name = f"127.0.0.{number + 2}"
        # Which shard a host belongs to its port decides here.
        while True:
            port = web.free_port()
            if shard_of(f"{name}:{port}") == shard:
                break
        large = number == 0
        start_exporter(*host(directory / name, 900 if large else 100, 1000 if large else 2000 + number),
                       "--process.min-age=0s", listen=[f"{name}:{port}"])
        found[name] = f"{name}:{port}"
    return found


def test_shards_and_who_compares_them(start_exporter, rules, closing, tmp_path):
    hosts = start_hosts(start_exporter, tmp_path)
    receivers = {name: closing(Receiver()) for name in (*SHARDS, "global")}
    targets = json.dumps([{"targets": list(hosts.values()), "labels": {"cluster": "production"}}])

    def here(config, name):
        return edit(config, ("127.0.0.1:9093", receivers[name].address))

    shards = {}
    for number in SHARDS:
        installed = install(tmp_path / number, rules)
        (installed / "targets" / "production.yml").write_text(targets)
        config = here(installed / "sharded" / "shard.yml", number)
        edit(config, SOONER, ("shard: '0'", f"shard: '{number}'"), ("regex: '0'", f"regex: '{number}'"))
        shards[number] = closing(start_prometheus(config))
    config = here(install(tmp_path / "global", rules) / "sharded" / "global.yml", "global")
    edit(config, ("scrape_interval: 1m", "scrape_interval: 2s"),
         *((f"prometheus-{number}.example.org:9090", address_of(prometheus))
           for number, prometheus in shards.items()))
    everything = closing(start_prometheus(config))

    # Every host is scraped, by one of them.
    names = list(hosts)
    wait_for("the shards' hosts", lambda: [up(shards[number]) for number in SHARDS] == [
        dict.fromkeys(names[:2], 1), dict.fromkeys(names[2:], 1)])
    wait_for("all of them together", lambda: up(everything) == dict.fromkeys(names, 1))

    # Who is large among all of them; its own shard has too few to compare.
    [alert] = wait_for("the alert", lambda: receivers["global"].told(OUTLIER)[:1],
                       ALERT_SECONDS)
    assert {name: alert.get(name) for name in ("cluster", "instance", "job", "group", "shard")} == {
        "cluster": "production", "instance": names[0], "job": "memleak", "group": "api", "shard": None}
    assert {alert["alertname"] for alert in receivers["global"].alerts} == {OUTLIER}
    for number in SHARDS:
        assert not receivers[number].told(OUTLIER)


def test_shards_leave_what_compares_to_others(start_exporter, rules, closing, tmp_path):
    """Also one that has hosts enough: what it finds is of its own hosts only."""
    hosts = [start_exporter(*host(tmp_path / str(number), 100 if number else 900, 1000 + number),
                            "--process.min-age=0s", listen=[f"127.0.0.{number + 2}:0"])
             for number in range(3)]
    receiver = closing(Receiver())
    installed = install(tmp_path, rules)
    down = f"127.0.0.9:{web.free_port()}"
    (installed / "targets" / "production.yml").write_text(json.dumps(
        [{"targets": [*map(address_of, hosts), down]}]))
    config = edit(installed / "sharded" / "shard.yml", SOONER, ("modulus: 2", "modulus: 1"),
                  ("127.0.0.1:9093", receiver.address))
    prometheus = closing(start_prometheus(config))
    wait_for("the alert in its own eyes", lambda: prometheus.query(
        'ALERTS{alertname="%s",alertstate="firing"}' % OUTLIER), ALERT_SECONDS)
    # That it sends at all, and without its own name.
    [alert] = wait_for("another alert", lambda: [
        alert for alert in receiver.told("MemleakExporterDown") if "instance" in alert][:1])
    assert alert["instance"] == "127.0.0.9" and "shard" not in alert
    assert not receiver.told(OUTLIER)


class Agent:
    """`prometheus` in agent mode; PROMETHEUS names another program."""

    def __init__(self, config):
        program = os.environ.get("PROMETHEUS") or need_tool("prometheus")
        self._log = open(config.parent / "agent.log", "w+")
        # 2.42 knows it as a feature, 3.0 as a flag of its own.
        usage = subprocess.run([program, "--help"], capture_output=True, text=True)
        mode = "--agent" if "--agent" in usage.stdout + usage.stderr else "--enable-feature=agent"
        self._process = subprocess.Popen(
            [program, mode, f"--config.file={config}", f"--storage.agent.path={config.parent}/agent",
             f"--web.listen-address=127.0.0.1:{web.free_port()}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT)

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=DEADLINE_SECONDS)
        finally:
            self._process.kill()
            self._log.close()


def receiver_of_remote_write(directory):
    """A Prometheus that takes what others send, as Mimir and VictoriaMetrics do."""
    program = os.environ.get("PROMETHEUS") or need_tool("prometheus")
    script = directory / "prometheus.sh"
    script.write_text(f'#!/bin/sh\nexec {program} --web.enable-remote-write-receiver "$@"\n')
    script.chmod(0o755)
    return Prometheus(script, directory, {})


def test_agent(start_exporter, closing, tmp_path):
    exporter = start_exporter(*flags(FIXTURES / "ordinary"))
    receiver = closing(receiver_of_remote_write(tmp_path))
    installed = install(tmp_path)
    (tmp_path / "password").write_text("whatever\n")
    edit(installed / "targets" / "production.yml", ("worker-1.example.org:10078", address_of(exporter)),
         ("    - worker-2.example.org:10078\n", ""))
    closing(Agent(edit(
        installed / "agent.yml", SOONER,
        ("https://mimir.example.org/api/v1/push", f"{receiver.url}/api/v1/write"),
        ("/etc/prometheus/secrets/remote_write_password", str(tmp_path / "password")))))
    [(labels, _)] = wait_for("what was sent", lambda: receiver.query(
        'memleak_process_threads{pid="310"}'))
    assert {name: labels[name] for name in ("cluster", "instance", "job")} == {
        "cluster": "production", "instance": "127.0.0.1", "job": "memleak"}
    assert up(receiver) == {"127.0.0.1": 1}
