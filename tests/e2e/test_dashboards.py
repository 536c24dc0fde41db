"""Every query and every variable of every dashboard has data, where there is something to show: real
leaks on this host, and a node of files that has what this machine may lack (pods, cgroups v2, swap,
pressure, a leaking kernel, OOM kills). The shipped rules run in a real Prometheus, sixty times as fast,
beside exporters whose slot is a second."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from support import jvm, web
from support.exporter import EXPORT_ALL, REPOSITORY, Exporter
from support.fixtures import FIXTURES, flags
from support.node_of_pods import MIB, Container, NodeOfPods, Pod, deployment, replace
from support.programs import Program, copy_of, unique
from support.prometheus import Prometheus
from support.requirements import need_tool
from support.waiting import wait_for

sys.path.append(str(REPOSITORY / "tests" / "mixin"))

from dashboard_files import Dashboards, interpolate  # noqa: E402

# One Prometheus for all of them. It is the same for every build of the exporter.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("dashboards")]

SCALE = 1 / 60
TICK = 0.5
SLOTS = ("--trend.slot=1s", "--scrape.min-interval=0s", "--process.min-age=0s")
DASHBOARDS = Dashboards(REPOSITORY / "dashboards" / "grafana" / "json")
# The slowest to come is suspected by Prometheus alone: four windows of troughs.
DEADLINE = 240
SHOWN_SECONDS = 180
MOST_LINES = 20


class LeakingNode(NodeOfPods):
    """A node of some pods, one of which leaks, and so does its kernel; it swaps, and it waits."""

    def __init__(self, root):
        super().__init__(root)
        self.add_unit("kubelet.service", "/usr/bin/kubelet", 120 * MIB, limit=512 * MIB)
        self.pods = [
            deployment("shop", "checkout", 1, [
                Container("app", anon=60 * MIB, exe="/usr/bin/checkout", limit=900 * MIB),
                Container("istio-proxy", anon=50 * MIB, exe="/usr/local/bin/envoy", limit=256 * MIB)]),
            deployment("shop", "cart", 1, [Container("app", anon=150 * MIB, exe="/usr/bin/cart",
                                                     limit=600 * MIB)]),
            Pod("data", "postgres-0", [Container("postgres", anon=900 * MIB, exe="/usr/bin/postgres",
                                                 limit=1800 * MIB)], qos="guaranteed")]
        for pod in self.pods:
            self.add_pod(pod)
        self.leaking = self.pods[0].cgroup_of("app")
        (self.victim, _), = self.pids_of[self.pods[1].cgroup_of("app")]
        self.settle()
        self.grown = 0
        self.ordinary = {name: (self.root / "proc" / name).read_text()
                         for name in ("meminfo", "vmstat", "pressure/memory")}
        (self.root / "dev").mkdir()
        self.log = self.root / "dev" / "kmsg"
        self.log.write_text("6,1,1000,-;the kernel says nothing yet\n")

    def tick(self, kib=1500):
        self.pass_time(TICK)
        self.grown += kib
        (pid, anon), = self.pids_of[self.leaking]
        self.pids_of[self.leaking] = [(pid, anon + kib * 1024)]
        path = self.root / "proc" / str(pid) / "status"
        text = path.read_text()
        for name in ("RssAnon", "VmRSS"):
            text = re.sub(rf"(?<={name}:\t) *(\d+)", lambda found: f"{int(found[1]) + kib:8}", text)
        replace(path, text)
        self.settle()
        self._write_later("meminfo", {"MemAvailable:": -3 * self.grown, "SUnreclaim:": self.grown,
                                      "SwapTotal:": 4_000_000, "SwapFree:": 3_900_000 - self.grown // 4})
        self._write_later("vmstat", {"pswpin ": self.grown // 8, "pswpout ": self.grown // 4,
                                     "pgmajfault ": self.grown // 20})
        # A tenth of the time, in microseconds.
        self._write_later("pressure/memory", {"total=": self.grown * 40})

    def _write_later(self, name, more):
        text = self.ordinary[name]
        for key, value in more.items():
            text = re.sub(rf"({key} *)(\d+)", lambda found: f"{found[1]}{int(found[2]) + value}", text)
        replace(self.root / "proc" / name, text)

    def _write(self, path, text):
        """All at once: it is read meanwhile."""
        if self._written.get(path) != text or not path.exists():
            replace(path, text)
            self._written[path] = text

    def kill(self):
        """What the kernel writes when it kills for want of memory. The counter follows."""
        self.ordinary["vmstat"] = self.ordinary["vmstat"].replace("oom_kill 2", "oom_kill 3")
        group = self.pods[1].cgroup_of("app")
        now = int(self.uptime * 1_000_000)
        with open(self.log, "a") as file:
            file.write(
                f"6,2,{now},-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
                f"mems_allowed=0,oom_memcg={group},task_memcg={group},task=cart,pid={self.victim},"
                f"uid=0\n3,3,{now},-;Memory cgroup out of memory: Killed process {self.victim} "
                f"(cart) total-vm:900000kB, anon-rss:614400kB, file-rss:12kB, shmem-rss:0kB, UID:0 "
                f"pgtables:108kB oom_score_adj:0\n")


class Stack:
    """What is watched, those who watch it, and Prometheus."""

    def __init__(self, directory):
        self._closers = []
        self._over = threading.Event()
        self.error = None
        try:
            self._start(directory)
        except BaseException:
            self.close()
            raise

    def _start(self, directory):
        binary = need_tool("prometheus")
        rules = directory / "mixin"
        subprocess.run([REPOSITORY / "dashboards" / "render.sh", rules, str(SCALE)], check=True)
        self.dashboards = Dashboards(rules / "grafana" / "json")

        self.groups = {name: unique(name) for name in ("leaks", "sockets", "memfds")}
        for name, program, arguments in (("leaks", "requests", ("leak", 200, 4096)),
                                         ("sockets", "sockets", ("leak", 6)),
                                         ("memfds", "memfds", (200, 4096))):
            self._run(Program, [copy_of(program, directory, self.groups[name]), *map(str, arguments)],
                      stderr=subprocess.DEVNULL)
        self.heap = None
        if shutil.which("java") and shutil.which("javac"):
            classes = directory / "classes"
            classes.mkdir()
            self.heap = self._run(jvm.Heap, jvm.build(classes))

        self.node = LeakingNode(directory / "node")
        thread = threading.Thread(target=self._live)
        thread.start()
        # From the last to the first.
        self._closers += [thread.join, self._over.set]
        exporters = {
            "this-host": self._run(Exporter, *EXPORT_ALL, "--trend.slot=1s"),
            "worker-a17": self._run(Exporter, *self.node.flags, *SLOTS),
            # Some of its collectors fail.
            "broken": self._run(Exporter, *flags(FIXTURES / "broken"), *SLOTS),
        }
        # One has a cluster. "All" is all the others, too.
        labels = {name: {"instance": name} for name in exporters}
        labels["worker-a17"]["cluster"] = "production"
        targets = [{"targets": [urllib.parse.urlsplit(exporter.url).netloc], "labels": labels[name]}
                   for name, exporter in exporters.items()]
        self.prometheus = Prometheus(
            binary, directory, {"memleak": ("", {"static_configs": targets})}, interval="1s",
            rules=(rules / "prometheus").glob("*.yaml"))
        self._closers.append(self.prometheus.close)
        self.start = time.time()

    def _run(self, kind, *arguments, **kwargs):
        started = kind(*arguments, **kwargs)
        self._closers.append(started.stop if kind is Exporter else started.kill)
        return started

    def _live(self):
        try:
            kept = 0
            # A victim is known by its baseline, which it has after 22 slots.
            killed = time.monotonic() + 30
            while not self._over.wait(TICK):
                self.node.tick()
                if killed and time.monotonic() > killed:
                    killed = None
                    self.node.kill()
                if self.heap and kept < 40:
                    kept += 1
                    self.heap.tell("drop 8")
                    self.heap.tell("keep 1")
                    self.heap.tell("collect")
        except BaseException as error:  # told by whoever asks next
            self.error = error

    def close(self):
        for close in reversed(self._closers):
            close()

    def api(self, path, **parameters):
        if self.error is not None:
            raise AssertionError("what is watched has ended") from self.error
        answer = web.request(self.prometheus.url,
                             f"/api/v1/{path}?" + urllib.parse.urlencode(parameters, doseq=True))
        result = json.loads(answer.body)
        assert result["status"] == "success", (result, parameters)
        return result["data"]

    def values(self, variable, known):
        """What Grafana would offer for it."""
        label, selector = variable.label_and_selector()
        if variable.expression is not None:
            found = self.api("query", query=interpolate(variable.expression, known))["result"]
            return sorted(one["metric"][label] for one in found)
        return self.api(f"label/{label}/values", **{"match[]": interpolate(selector, known)})

    def known(self, dashboard, **chosen):
        """Variables as they are when it is opened, but for the `chosen`. Where there is no "All",
        whatever there is."""
        known = {"__rate_interval": "10s", "__interval": "2s", "__range": f"{SHOWN_SECONDS}s",
                 "__range_s": str(SHOWN_SECONDS)}
        for variable in dashboard.variables():
            known[variable.name] = variable.all_value or "(%s)" % "|".join(
                re.escape(value).replace("\\", "\\\\") for value in self.values(variable, known))
            if variable.name in chosen:
                known[variable.name] = chosen[variable.name]
        return known

    def ask(self, query, known):
        """Its series, over the time that is shown."""
        expression = interpolate(query.expression, known)
        now = time.time()
        if query.instant:
            return self.api("query", query=expression, time=now)["result"]
        return self.api("query_range", query=expression, start=max(self.start, now - SHOWN_SECONDS),
                        end=now, step=2)["result"]

    def wait_for(self, what, condition):
        """All tests of this file have the same time to wait in."""
        left = max(5, self.start + DEADLINE - time.time())
        return wait_for(what, condition, deadline=left, interval=1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    started = Stack(tmp_path_factory.mktemp("dashboards"))
    yield started
    started.close()


VARIABLES = [pytest.param(dashboard.file, variable.name, id=f"{dashboard.file}-{variable.name}")
             for dashboard in DASHBOARDS for variable in dashboard.variables()]
QUERIES = [pytest.param(dashboard.file, panel.id, query.ref,
                        id=f"{dashboard.file}-{re.sub(r'[^A-Za-z0-9]+', '-', panel.title)}-{query.ref}")
           for dashboard in DASHBOARDS for panel in dashboard.panels() for query in panel.queries()]


@pytest.mark.parametrize("file, name", VARIABLES)
def test_a_variable_has_values(stack, file, name):
    dashboard = stack.dashboards[file]
    variable = dashboard.variable(name)
    assert stack.wait_for(f"values of ${name} of {file}",
                          lambda: stack.values(variable, stack.known(dashboard)))


@pytest.mark.parametrize("file, panel, ref", QUERIES)
def test_a_query_has_data(stack, file, panel, ref):
    dashboard = stack.dashboards[file]
    query = dashboard.panel(panel).query(ref)
    if "memleak_jvm_" in query.expression and stack.heap is None:
        pytest.skip("needs java and javac")
    assert stack.wait_for(f"data of {query.expression}",
                          lambda: stack.ask(query, stack.known(dashboard)))


def drawn(stack, panel, known):
    return sum(len(stack.ask(query, known)) for query in panel.queries())


@pytest.mark.parametrize("file", [dashboard.file for dashboard in DASHBOARDS])
def test_no_panel_draws_too_many_lines(stack, file):
    dashboard = stack.dashboards[file]
    known = stack.known(dashboard)
    for panel in dashboard.panels("timeseries"):
        assert drawn(stack, panel, known) <= MOST_LINES, panel.title


def rows(stack, file, title, ref="A", **chosen):
    dashboard = stack.dashboards[file]
    panel, = [panel for panel in dashboard.panels() if panel.title == title]
    return stack.ask(panel.query(ref), stack.known(dashboard, **chosen))


@pytest.mark.parametrize("title, group", [("Suspected memory leaks", "leaks"),
                                          ("Suspected memory leaks", "memfds"),
                                          ("Suspected descriptor leaks", "sockets")])
def test_the_leaks_are_in_the_tables_of_suspects(stack, title, group):
    """In each with what grows, and with nobody else of this file's programs."""
    wanted = stack.groups[group]
    row = stack.wait_for(f"{wanted} in the table", lambda: [
        one for one in rows(stack, "leaks.json", title) if one["metric"]["group"] == wanted])
    assert float(row[0]["value"][1]) > 0
    if group == "sockets":
        groups = {one["metric"]["group"] for one in rows(stack, "leaks.json", "Suspected memory leaks")}
        assert wanted not in groups


def test_the_kill_is_in_the_table_of_kills(stack):
    # Of this host there may be many: the table has room for twenty, and other tests have programs killed.
    kill = stack.wait_for("the kill", lambda: [
        one for one in rows(stack, "leaks.json", "Whom the kernel killed", instance="worker-a17")
        if "cart" in one["metric"]["group"]])
    assert kill[0]["metric"]["instance"] == "worker-a17"
