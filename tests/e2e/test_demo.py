"""deploy/demo.sh: from its one command to the delivered notification, and nothing is left behind."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from support import web
from support.exporter import BINARY, REPOSITORY
from support.requirements import need_mount_namespace, need_tool
from support.waiting import DEADLINE_SECONDS, wait_for

# One after the other: each runs three servers.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("demo")]

DEMO = REPOSITORY / "deploy" / "demo.sh"
# A verdict takes a minute or two; a machine that is busy may be late.
NOTIFIED_SECONDS = 600


class Demo:
    """One run of it; what it says is read as it comes."""

    def __init__(self, directory, *arguments):
        self.directory = directory
        self._output = open(directory / "output", "w+")
        self.process = subprocess.Popen(
            [DEMO, *arguments], stdin=subprocess.DEVNULL, stdout=self._output,
            stderr=subprocess.STDOUT, start_new_session=True,
            env=os.environ | {"TMPDIR": str(directory), "MEMLEAK_EXPORTER": str(BINARY)})

    def said(self):
        return (self.directory / "output").read_text()

    def url(self, title):
        """Where something is to be opened, once that is said."""
        def found():
            assert self.process.poll() is None, self.said()
            return re.search(rf"^  {title} .*?(http://127\.0\.0\.1:\d+)", self.said(), re.M)
        return wait_for(title, found, deadline=4 * DEADLINE_SECONDS)[1]

    def programs(self):
        """The pids of what it has started."""
        return [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
                if entry.name.isdigit() and _session(entry) == self.process.pid]

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=DEADLINE_SECONDS)
        finally:
            for pid in self.programs():
                os.kill(pid, signal.SIGKILL)
            self._output.close()


def _session(process):
    try:
        return int((process / "stat").read_bytes().rpartition(b")")[2].split()[3])
    except OSError:
        return None


@pytest.fixture
def start(tmp_path):
    need_tool("jsonnet")
    need_tool("prometheus")
    need_tool("prometheus-alertmanager")
    if not os.path.exists("/usr/share/prometheus/alertmanager/default.tmpl"):
        need_mount_namespace()
    demos = []

    def start_demo(*arguments):
        demos.append(Demo(tmp_path, *arguments))
        return demos[-1]

    yield start_demo
    for demo in demos:
        demo.close()


def assert_nothing_is_left(demo):
    assert wait_for("the end of all it started", lambda: not demo.programs())
    assert os.listdir(demo.directory) == ["output"]


def listening(pids):
    """The addresses on which these processes listen."""
    inodes = set()
    for pid in pids:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry.path))
            inodes |= {found[1]} if found else set()
    addresses = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (fields[3] == "0A" or table.startswith("udp")):
                addresses.add(fields[1].partition(":")[0])
    return addresses


def test_to_the_delivered_notification(start):
    demo = start("--until-notified")
    page, prometheus, alertmanager = (
        demo.url(title) for title in ("The page", "Prometheus' alerts", "Alertmanager's"))
    assert web.request(page, "/").status == 200
    assert web.request(alertmanager, "/api/v2/alerts").status == 200
    alerts = re.search(rf"{prometheus}(/\S+)", demo.said())[1]
    assert web.request(prometheus, alerts).status == 200
    assert listening(demo.programs()) == {"0100007F"}

    assert demo.process.wait(timeout=NOTIFIED_SECONDS) == 0, demo.said()
    said = demo.said()
    assert re.search(r"^\[warning\] leaking-demo on this-host: ", said, re.M), said
    assert re.search(r"^Growth: 3\.\d+GiB/h$", said, re.M), said
    assert re.search(r"^Evidence: was \S+, is \S+, ", said, re.M), said
    # The one that only works is told of by nobody.
    assert "] innocent-demo" not in said
    # In a pipe nothing moves.
    assert "\r" not in said and "\x1b" not in said
    assert_nothing_is_left(demo)


def test_it_cleans_up(start):
    demo = start()
    page = demo.url("The page")
    groups = json.loads(web.request(page, "/api/v1/groups?group=leaking-demo").body)
    assert groups["matched"] == 1
    assert len(demo.programs()) >= 7
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=DEADLINE_SECONDS) == 130
    assert_nothing_is_left(demo)


def test_it_cleans_up_when_it_is_ended_early(start):
    demo = start()
    wait_for("its folder", lambda: list(demo.directory.glob("memleak-demo.*")))
    demo.process.terminate()
    assert demo.process.wait(timeout=2 * DEADLINE_SECONDS) == 143
    assert_nothing_is_left(demo)


def test_something_that_ends_is_told(start):
    demo = start()
    demo.url("The page")
    leaking, = [pid for pid in demo.programs()
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "leaking-demo"]
    os.kill(leaking, signal.SIGKILL)
    assert demo.process.wait(timeout=DEADLINE_SECONDS) == 1
    assert "demo.sh: leaking has ended" in demo.said()
    assert_nothing_is_left(demo)


def test_usage():
    result = subprocess.run([DEMO, "--now"], capture_output=True, text=True,
                            timeout=DEADLINE_SECONDS, stdin=subprocess.DEVNULL)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: ")
