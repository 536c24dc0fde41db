"""From a leak to somebody's pager: exporter, Prometheus, Alertmanager, the rules and the configuration
as they are shipped. A minute is a second, and nothing else is different."""

import contextlib
import os
import re
import signal
import types

import pytest

from support import web
from support.alertmanager import Alertmanager, Receiver
from support.cgroups import Cgroup, need_memory_cgroups
from support.exporter import EXPORT_ALL, Exporter
from support.leaks import FIRST
from support.node_of_pods import MIB, NODE, Container, NodeOfPods, Pod, deployment, replace
from support.programs import Program, copy_of, unique
from support.prometheus import Prometheus, shipped_rules
from support.requirements import need_tool
from support.waiting import wait_for

pytestmark = pytest.mark.once

# A minute of a real one, in seconds.
TIME_SCALE = 1 / 60
# There is a verdict after a minute or two; a machine that is busy may be late.
VERDICT_SECONDS = 300
RUNBOOK = "https://github.com/memleak-exporter/memleak_exporter/blob/main/dashboards/runbooks/"
UNITS = {"": 1, "ki": 1 << 10, "Ki": 1 << 10, "Mi": MIB, "Gi": 1 << 30, "Ti": 1 << 40}


class Servers:
    """Prometheus, Alertmanager and who is notified, for one exporter."""

    def __init__(self, exporter, directory):
        self._stack = contextlib.ExitStack()
        binary = need_tool("prometheus")
        rules = shipped_rules(directory, "1/60")
        try:
            self.receiver = Receiver()
            self._stack.callback(self.receiver.close)
            self.alertmanager = Alertmanager(directory / "alertmanager", self.receiver, TIME_SCALE)
            self._stack.callback(self.alertmanager.close)
            address = "%s:%d" % web.address_of(exporter.url)
            job = (address, {"static_configs": [
                {"targets": [address], "labels": {"instance": NODE}}]})
            self.prometheus = Prometheus(binary, directory, {"memleak": job}, interval="1s",
                                         rules=rules, alertmanager=self.alertmanager.address)
            self._stack.callback(self.prometheus.close)
        except BaseException:
            self.close()
            raise

    def close(self):
        self._stack.close()

    def told(self, to, group):
        """The notifications that were sent there about a group."""
        def about(one):
            if one.to.startswith("/webhook"):
                return one.said["groupLabels"].get("group") == group
            return one.text.partition("] ")[2].startswith(f"{group} on {NODE}: ")

        return [one for one in self.receiver.notifications(to) if about(one)]

    def first(self, to, group, seconds):
        """The first of them, which a webhook was sent, too; and that is all."""
        person, = wait_for(f"{group} in {to}", lambda: self.told(f"/{to}", group), deadline=seconds)
        hook, = wait_for(f"{group} in the webhook", lambda: self.told(f"/webhook/{to}", group))
        return person, hook

    def states(self):
        """{(alert, severity, group, pid): state} of what Alertmanager knows."""
        return {(labels["alertname"], labels["severity"], labels.get("group"), labels.get("pid")):
                state for labels, state in self.alertmanager.alerts()}


# Two programs leak and one works, all watched at once.

RATE = MIB
SMALL_RATE = MIB // 4
SMALL = 200 * MIB
BALLAST = 155


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """`leak` has the whole machine before it. `small` is nearly at its limit, or says why there is
    none. `calm` takes a lot, and then only works."""
    directory = tmp_path_factory.mktemp("delivery")
    with contextlib.ExitStack() as stack:
        def start(*command):
            program = Program([*FIRST, *map(str, command)])
            stack.callback(program.kill)
            return program

        def path(name):
            return copy_of("requests", directory, name)

        names = {name: unique(name) for name in ("leak", "small", "calm")}
        host = types.SimpleNamespace(**names, refusal=None)
        paths = {name: path(names[name]) for name in names}
        try:
            need_memory_cgroups()
            top = Cgroup("/" + unique("memleak-delivery"))
            stack.callback(top.remove)
            unit = top.child("small.service", limit=SMALL)
        except pytest.skip.Exception as reason:
            host.refusal = reason
        enter = ("sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"')
        if not host.refusal:
            start(*enter, os.fsdecode(unit.directory), paths["small"], "bounded", 200, MIB, BALLAST)
            wait_for("the ballast", lambda: unit.values()["footprint_bytes"] > BALLAST * MIB)
        host.exporter = Exporter(*EXPORT_ALL, "--cgroup.limit=100000", "--trend.slot=1s",
                                 wrapper=FIRST)
        stack.push(lambda kind, *_: (
            host.exporter.stop if kind is None else host.exporter.kill)())
        host.servers = Servers(host.exporter, directory)
        stack.callback(host.servers.close)

        start(paths["calm"], "bounded", 20, MIB, 100)
        host.leaking = start(paths["leak"], "leak", 20, RATE // 20)
        if not host.refusal:
            host.small_leaking = start(*enter, os.fsdecode(unit.directory), paths["small"], "leak",
                                       20, SMALL_RATE // 20)
        yield host


# They share the host: one worker runs them all.
on_host = pytest.mark.xdist_group("delivery")


def line(text, name):
    found = re.search(rf"^{name}: (.+)$", text, re.M)
    assert found, text
    return found[1]


def size(text):
    number, unit = re.fullmatch(r"([\d.]+)([kKMGT]i|)B(?:/h)?", text).groups()
    return float(number) * UNITS[unit]


def seconds(text):
    """What humanizeDuration of Prometheus wrote."""
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(float(number) * units[unit]
               for number, unit in re.findall(r"([\d.]+)(ms|[dhms])", text))


def check_text(text, head, alert, rate, largest):
    """Who leaks, how fast, how long is left, the evidence, and the runbook."""
    lines = text.splitlines()
    assert lines[0] == lines[1] == head
    growth = size(line(text, "Growth")) / 3600
    assert 0.7 < growth / rate < 1.3, text
    evidence = line(text, "Evidence")
    footprint, headroom = map(size, re.search(r"is (\S+), (\S+) left to the limit",
                                              evidence).groups())
    assert MIB < footprint < largest, text
    assert 0.5 < seconds(line(text, "Time left")) / (headroom / growth) < 1.5, text
    assert "; memory mapped: heap " in evidence
    assert line(text, "Runbook") == f"{RUNBOOK}{alert}.md"


@on_host
def test_a_page(host):
    """A group that leaks, is nearly at its limit and will soon be there. It is told once, though
    three alerts and its process say so; and when it stops, that it is over."""
    if host.refusal:
        raise host.refusal
    page, hook = host.servers.first("pager", host.small, VERDICT_SECONDS)
    name = "MemleakGroupExhaustionPredicted"
    check_text(page.text, f"[critical] {host.small} on {NODE}: A group of processes is about to run "
               "out of memory.", name, SMALL_RATE, SMALL)
    assert page.said["event_action"] == "trigger"
    assert hook.alerts() == [{"alertname": name, "severity": "critical", "job": "memleak",
                              "instance": NODE, "group": host.small, "limit": "cgroup"}]

    pid = str(host.small_leaking.pid)
    silent = [(name, "warning", host.small, None),
              ("MemleakGroupLeakSuspected", "warning", host.small, None),
              ("MemleakProcessLeakSuspected", "info", host.small, pid)]
    for one in silent:
        wait_for(one, lambda: host.servers.states().get(one) == "suppressed")
    # Where the page came late it was a ticket before.
    pages = [page.said["event_action"] for page in host.servers.told("/pager", host.small)]
    assert pages == ["trigger"]
    assert len(host.servers.told("/chat", host.small)) <= 1

    host.small_leaking.process.send_signal(signal.SIGSTOP)
    _, page = wait_for("the end on the pager", lambda: len(
        host.servers.told("/pager", host.small)) == 2 and host.servers.told("/pager", host.small))
    assert page.said["event_action"] == "resolve"
    assert page.said["dedup_key"] == host.servers.told("/pager", host.small)[0].said["dedup_key"]


@on_host
def test_a_ticket(host):
    """A leak that has all the time of the world."""
    chat, hook = host.servers.first("chat", host.leak, VERDICT_SECONDS)
    name = "MemleakGroupLeakSuspected"
    head = f"{host.leak} on {NODE}: Memory of a group of processes climbs without an end."
    check_text(chat.text, f"[warning] {head}", name, RATE, 1 << 30)
    assert hook.alerts() == [{"alertname": name, "severity": "warning", "job": "memleak",
                              "instance": NODE, "group": host.leak}]
    annotations = hook.said["alerts"][0]["annotations"]
    assert annotations["growth"] == line(chat.text, "Growth")
    assert annotations["runbook_url"] == f"{RUNBOOK}{name}.md"
    wait_for("its process", lambda: host.servers.states().get(
        ("MemleakProcessLeakSuspected", "info", host.leak, str(host.leaking.pid))) == "suppressed")

    host.leaking.process.send_signal(signal.SIGSTOP)
    _, chat = wait_for("the end in chat", lambda: len(
        host.servers.told("/chat", host.leak)) == 2 and host.servers.told("/chat", host.leak),
        deadline=120)
    assert chat.text.startswith(f"[resolved] {head}\n[resolved] {head}\nFrom "), chat.text
    _, hook = wait_for("the end in the webhook", lambda: len(
        host.servers.told("/webhook", host.leak)) == 2 and host.servers.told("/webhook", host.leak))
    assert (hook.said["status"], hook.alerts()) == ("resolved", [])
    assert not host.servers.told("/pager", host.leak)


@on_host
def test_an_innocent_program(host):
    """Whatever it is told of others, by now it would have been told of this one."""
    calm = wait_for("a verdict", lambda: host.servers.prometheus.query(
        f'memleak_group_leak_suspected{{group="{host.calm}"}}'))
    assert [value for _, value in calm] == [0]
    assert not host.servers.prometheus.query(f'ALERTS{{group="{host.calm}"}}')
    assert not [one for one in host.servers.receiver.notifications() if host.calm in str(one.said)]


# Kubernetes: the labels are the exporter's, of a node as a tree of files.

APP = "shop/checkout/app"
DATABASE = "data/postgres/postgres"


@pytest.fixture
def pods(tmp_path, start_exporter):
    """Half an hour in which all that runs there leaks. Only one container is near its limit."""
    node = NodeOfPods(tmp_path / "node")
    node.pods = [
        deployment("shop", "checkout", 0, [Container("app", limit=500 * MIB),
                                           Container("istio-proxy", anon=30 * MIB)]),
        Pod("data", "postgres-0", [Container("postgres", anon=300 * MIB, limit=1900 * MIB)]),
    ]
    for pod in node.pods:
        node.add_pod(pod)
    node.settle()
    # The time of the tree is the test's; between its scrapes nobody looks.
    exporter = start_exporter(*node.flags, *EXPORT_ALL, "--cgroup.limit=100000",
                              "--trend.interval=1h")
    exporter.scrape_until("the names", lambda body: body.value(
        "memleak_scrape_processes", result="pending") == 0)
    for _ in range(32):
        node.pass_time(60)
        node.grow(12 * MIB)
        exporter.get()
    node.servers = Servers(exporter, tmp_path)
    yield node
    node.servers.close()


def test_one_leak_in_a_pod_is_one_page(pods):
    servers = pods.servers
    _, hook = servers.first("pager", APP, 60)
    page, = hook.said["alerts"]
    assert page["labels"] == {
        "alertname": "MemleakGroupExhaustionPredicted", "severity": "critical", "job": "memleak",
        "instance": NODE, "namespace": "shop", "group": APP, "container": "app", "limit": "cgroup"}

    # A container at its own limit is no reason for its node to be low.
    meminfo = pods.root / "proc" / "meminfo"
    replace(meminfo, re.sub(r"MemAvailable: +\d+", "MemAvailable:    2000000", meminfo.read_text()))

    def state_of(name, severity, group):
        return {state for (*which, _), state in servers.states().items()
                if which == [name, severity, group]}

    for which in [("MemleakGroupExhaustionPredicted", "warning", APP),
                  ("MemleakGroupLeakSuspected", "warning", APP),
                  ("MemleakProcessLeakSuspected", "info", APP),
                  ("MemleakContainerLeakSuspected", "info", APP),
                  ("MemleakProcessLeakSuspected", "info", DATABASE),
                  ("MemleakContainerLeakSuspected", "info", DATABASE),
                  ("MemleakNodeMemoryLow", "warning", None)]:
        wait_for(which, lambda: state_of(*which) == {"suppressed"})
    assert state_of("MemleakNodeMemoryLow", "critical", None) == {"active"}
    assert state_of("MemleakGroupLeakSuspected", "warning", DATABASE) == {"active"}

    # One notification of one alert, here as there: the database in chat. Where the page came late, it
    # was a ticket before.
    _, hook = servers.first("chat", DATABASE, 60)
    assert [labels["alertname"] for labels in hook.alerts()] == ["MemleakGroupLeakSuspected"]
    assert len(servers.told("/pager", APP)) == 1
    assert len(servers.told("/chat", APP)) <= 1
