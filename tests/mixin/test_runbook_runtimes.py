"""The commands of the runtimes' pages, run as they are written there on programs that leak: each must
say where."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from runbook_pages import (RUNBOOKS, SAMPLES, Page, as_written, converse, line_of, need_root, need_tool,
                           run, tries, wait_for)

# Java.

@pytest.fixture(scope="session")
def java_classes(tmp_path_factory):
    directory = tmp_path_factory.mktemp("java")
    need_tool("java")
    subprocess.run([need_tool("javac"), "-d", directory, SAMPLES / "Sessions.java"], check=True)
    return directory


@pytest.fixture
def leaking_java(java_classes, start_sample):
    return start_sample("java", "-Xmx256m", "-XX:NativeMemoryTracking=summary", "-cp", java_classes,
                        "Sessions")


@tries("java.md", "jstat")
def test_java_old_generation_fills(java_classes, tmp_path, start_sample):
    sample = start_sample("java", "-Xmx128m", "-cp", java_classes, "Sessions")
    header, *rows = run("java.md", "jstat", tmp_path, sample.pid).splitlines()
    old = [float(row.split()[header.split().index("O")]) for row in rows]
    assert len(old) == 10
    assert old[-1] > old[0]


@tries("java.md", "histogram", "flight")
def test_java_class_and_line(leaking_java, tmp_path):
    grown = [line.split() for line in run("java.md", "histogram", tmp_path, leaking_java.pid).splitlines()]
    objects = {name: int(count) for _, count, name in grown}
    assert objects["Sessions$Session"] >= 10
    assert grown[0][2] == "[B"
    assert objects["Sessions$Session"] == pytest.approx(objects["[B"], abs=5)

    def recorded():
        samples = run("java.md", "flight", tmp_path, leaking_java.pid).split("jdk.OldObjectSample")
        return [one for one in samples if "Sessions$Session" in one and "stackTrace" in one]

    # As the page says, a short recording may have no sample.
    ours = wait_for("a sample", recorded)[0]
    assert "page : Sessions$Session" in ours
    assert "byId : java.lang.Class Class Name: Sessions" in ours
    assert f"Sessions.open(int) line: {line_of('Sessions.java', 'byId.put')}" in ours


@tries("java.md", "dump", "threads", "native")
def test_java_dump_threads_and_native(leaking_java, tmp_path):
    run("java.md", "dump", tmp_path, leaking_java.pid)
    assert b"Sessions$Session" in (tmp_path / "leak.hprof").read_bytes()
    assert int(run("java.md", "threads", tmp_path, leaking_java.pid)) > 5
    diff = run("java.md", "native", tmp_path, leaking_java.pid)
    assert re.search(r"Thread \(reserved=\d+KB", diff)
    assert "committed=" in diff


@tries("java.md", "jhsdb")
def test_java_that_does_not_answer(leaking_java, tmp_path):
    need_root()
    need_tool("jhsdb")
    # From outside, while it is stopped.
    assert re.search(r"\bbyte\[\]$", run("java.md", "jhsdb", tmp_path, leaking_java.pid), re.M)


# Node.js.

@pytest.fixture
def private_port():
    """Words before a command that give it a network of its own: the inspector's port is a fixed one."""
    need_root()
    own = ("unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    for tool in ("unshare", "nsenter", "ip"):
        need_tool(tool)
    if subprocess.run([*own, "true"], capture_output=True).returncode != 0:
        pytest.skip("needs a network namespace of its own (CAP_SYS_ADMIN)")
    return own


def into_network_of(sample):
    return ("nsenter", f"--net=/proc/{sample.pid}/ns/net", "--")


def test_node_ends_by_sigusr2(start_sample):
    sample = start_sample(need_tool("node"), SAMPLES / "sessions.js")
    sample.process.send_signal(signal.SIGUSR2)
    assert sample.process.wait(timeout=60) == -signal.SIGUSR2


@tries("nodejs.md", "signal", "compare")
def test_node_snapshots_by_signal(start_sample, tmp_path):
    sample = start_sample(need_tool("node"), "--heapsnapshot-signal=SIGUSR2", SAMPLES / "sessions.js")
    for snapshot in ("before", "after"):
        run("nodejs.md", "signal", tmp_path, sample.pid)
        path = wait_for("a snapshot", lambda: next(tmp_path.glob("Heap.*.heapsnapshot"), None))
        wait_for("all of it", lambda: path.read_bytes().rstrip().endswith(b"}"))
        sample.leak_more()
        path.rename(tmp_path / f"{snapshot}.heapsnapshot")
    shutil.copy(RUNBOOKS / "compare-heap-snapshots.js", tmp_path)
    said = run("nodejs.md", "compare", tmp_path)
    (pages,) = set(re.findall(r"^ +\+(\d+) .* Page$", said, re.M))
    assert int(pages) >= 10
    assert "context of function refresh, line %d" % line_of("sessions.js", "function refresh") in said
    assert "_events of EventEmitter" in said
    assert "settings of system / Context" in said


@tries("nodejs.md", "memory", "sampling", "snapshot")
def test_node_attached(private_port, start_sample, tmp_path):
    sample = start_sample(*private_port, need_tool("node"), SAMPLES / "sessions.js")

    def hold(name):
        return converse("nodejs.md", name, tmp_path, sample.pid, sample.leak_more, into_network_of(sample))

    (usage,) = hold("memory")
    assert re.search(r"heapUsed: \d+", usage)
    by_size = hold("sampling")[-1]
    largest = re.search(r"'(\d+) (\w+) (\S+):(\d+)'", by_size)
    assert largest[2] == "Page"
    assert pathlib.Path(largest[3]).name == "sessions.js"
    assert int(largest[4]) == line_of("sessions.js", "constructor(id)")
    hold("snapshot")
    assert '"Page"' in (tmp_path / "before.heapsnapshot").read_text()
    assert sample.process.poll() is None


# Python. Debian's own: gdb must know its symbols.

PYTHON = "/usr/bin/python3"


@tries("python.md", "sitecustomize.py", "signal", "report")
def test_python_started_with_tracemalloc(start_sample, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(Page("python.md").code("python", "sitecustomize.py"))
    sample = start_sample(PYTHON, SAMPLES / "sessions.py", PYTHONTRACEMALLOC="10", PYTHONPATH=str(tmp_path))
    report = tmp_path / f"tracemalloc.{sample.pid}.txt"
    run("python.md", "signal", tmp_path, sample.pid)
    wait_for("the first report", lambda: report.exists() and "first one" in report.read_text())
    sample.leak_more()
    run("python.md", "signal", tmp_path, sample.pid)
    wait_for("the second", lambda: "the most of it" in report.read_text())
    first, *rest = run("python.md", "report", tmp_path, sample.pid).splitlines()
    assert re.search(r"sessions\.py:%d: size=.* \(\+\d+ KiB\)" % line_of("sessions.py", "bytearray"), first)
    assert f'  File "{SAMPLES}/sessions.py", line {line_of("sessions.py", "= Session(number)")}' in rest


@tries("python.md", "gdb-start", "gdb-stop", "gdb-types")
def test_python_that_cannot_be_restarted(start_sample, tmp_path):
    need_root()
    need_tool("gdb")
    sample = start_sample(PYTHON, SAMPLES / "sessions.py")
    assert "$2 = 0" in run("python.md", "gdb-start", tmp_path, sample.pid)
    sample.leak_more()
    lines = run("python.md", "gdb-stop", tmp_path, sample.pid)
    assert re.search(r"sessions\.py:%d: size=" % line_of("sessions.py", "bytearray"), lines)
    assert "'Session'" in run("python.md", "gdb-types", tmp_path, sample.pid)
    sample.leak_more()
    assert sample.end() == 0


# C++.

KEPT = line_of("sessions.cc", "new Session;")
LOST = line_of("sessions.cc", "new char")


@pytest.fixture
def beside_native(native_program, tmp_path):
    """A folder in which ./sessions is the program."""
    (tmp_path / "sessions").symlink_to(native_program)
    return tmp_path


@tries("native.md", "valgrind")
def test_valgrind(beside_native):
    need_tool("valgrind")
    said = run("native.md", "valgrind", beside_native)
    records = {re.search(r"are (.+) in loss record", record)[1]: record
               for record in re.split(r"(?<===) \n", said)
               if "1,638,400 bytes" in record and "loss" in record}
    assert f"RenderPage (sessions.cc:{LOST})" in records["definitely lost"]
    assert f"OpenSession(int) (sessions.cc:{KEPT})" in records["still reachable"]


@tries("native.md", "vgdb")
def test_valgrind_while_it_runs(beside_native, start_sample):
    need_tool("vgdb")
    sample = start_sample(need_tool("valgrind"), "./sessions")
    run("native.md", "vgdb", beside_native, sample.pid)
    sample.leak_more(256)
    grown = run("native.md", "vgdb", beside_native, sample.pid)
    for kind, line in (("definitely lost", LOST), ("still reachable", KEPT)):
        assert re.search(r"\(\+[\d,]+\) bytes in .* are %s(?s:.){,400}sessions\.cc:%d" % (kind, line), grown)


@tries("native.md", "heaptrack")
def test_heaptrack_from_the_start(beside_native):
    need_tool("heaptrack")
    said = run("native.md", "heaptrack", beside_native)
    assert re.search(r"leaked over \d+ calls from\nOpenSession\n  at .*/sessions\.cc:%d" % KEPT, said)
    assert re.search(r"leaked over \d+ calls from\nRenderPage\n  at .*/sessions\.cc:%d" % LOST, said)


@tries("native.md", "heaptrack-attach", "heaptrack-detach", "heaptrack-print")
def test_heaptrack_attached(beside_native, start_sample):
    need_root()
    need_tool("gdb")
    need_tool("heaptrack")
    sample = start_sample("./sessions")
    command = as_written(Page("native.md").code("sh", "heaptrack-attach"), beside_native, sample.pid)
    heaptrack = subprocess.Popen(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
    with heaptrack.stdout as output:
        assert any("injection finished" in line for line in output)
        sample.leak_more()
        run("native.md", "heaptrack-detach", beside_native, sample.pid)
        # The end of what it writes: until then the process goes on, and must go on after it.
        output.read()
    heaptrack.wait()
    said = run("native.md", "heaptrack-print", beside_native)
    assert re.search(r"leaked over \d+ calls from\nOpenSession\n  at .*/sessions\.cc:%d" % KEPT, said)
    sample.leak_more()
    assert sample.end() == 0


@tries("native.md", "jemalloc", "jeprof")
def test_jemalloc(beside_native, start_sample):
    need_tool("jeprof")
    # Without it jeprof knows no lines.
    need_tool("file")
    environment, _, program = Page("native.md").code("sh", "jemalloc").strip().rpartition(" ")
    settings = dict(word.split("=", 1) for word in environment.replace("/tmp", str(beside_native)).split())
    sample = start_sample(program, **settings)
    wait_for("profiles", lambda: len(list(beside_native.glob("jeprof.*.heap"))) >= 3)
    # The newest may be half written while it runs.
    assert sample.end() == 0
    said = run("native.md", "jeprof", beside_native)
    # It samples: a short run may have met only one of the two.
    assert f"sessions.cc:{KEPT}" in said or f"sessions.cc:{LOST}" in said


@tries("native.md", "trim")
def test_giving_back(beside_native, start_sample):
    need_root()
    need_tool("gdb")
    sample = start_sample("./sessions")
    before, after = re.findall(r"VmRSS:\s+(\d+) kB", run("native.md", "trim", beside_native, sample.pid))
    # It holds all that it took.
    assert int(after) > 0.9 * int(before)


# Go: half a GB to install, so only where somebody has it, and in the long tests.

@tries("go.md", "heap", "list", "text", "goroutines", "stats")
@pytest.mark.long
def test_go(start_sample, tmp_path):
    go = need_tool("go")
    # A copy of its own: the profile names the path it was built at.
    shutil.copy(SAMPLES / "sessions.go", tmp_path)
    subprocess.run([go, "build", "-o", tmp_path / "sessions", "sessions.go"], cwd=tmp_path, check=True,
                   env={**os.environ, "GOCACHE": str(tmp_path / "cache"), "GO111MODULE": "off"})
    sample = start_sample(tmp_path / "sessions")
    port = sample.said[0]
    made = line_of("sessions.go", "s := &session{")
    heap = run("go.md", "heap", tmp_path, port=port)
    assert re.search(r"main\.open .*/sessions\.go:%d" % made, heap)
    assert re.search(r"\s%d:\s+s := &session" % made, run("go.md", "list", tmp_path))
    text = run("go.md", "text", tmp_path, port=port)
    assert re.search(r"main\.open\+\w+\s+.*/sessions\.go:%d" % made, text)
    waiting = run("go.md", "goroutines", tmp_path, port=port)
    assert re.search(r"^(\d{3,}) @.*\n#.*main\.watch.*sessions\.go:%d" % line_of("sessions.go", "<-s.done"),
                     waiting, re.M)
    assert "# HeapInuse = " in run("go.md", "stats", tmp_path, port=port)
