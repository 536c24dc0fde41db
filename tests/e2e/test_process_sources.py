"""The two process sources tell the same of a live host: what stood still between two scrapes by /proc
is the same in a scrape by the task iterator between them."""

import os
import subprocess
import sys
import threading

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.requirements import need_root, need_task_iterator
from support.waiting import wait_for

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

MIB = 1 << 20
CPU_SECONDS = "memleak_process_cpu_seconds_total"
# What is left on the node is never quiet.
HEADROOM = "memleak_process_headroom_bytes"
# More than the kernel's side counts in its loop.
MANY_DESCRIPTORS = 70_000


@pytest.fixture(scope="module")
def exporters(start_shared_exporter):
    need_task_iterator()
    return {source: start_shared_exporter(*EXPORT_ALL, "--collector.process_vm",
                                          f"--process.source={source}")
            for source in ("procfs", "bpf")}


def by_process(body):
    """{pid: ({family: value}, {labels of its info})}"""
    found = {}
    for labels, _ in body.find("memleak_process_info"):
        pid = int(labels["pid"])
        values = body.of_pid(pid)
        values.pop(HEADROOM, None)
        found[pid] = values, labels
    return found


def differences(told, values, labels):
    """What the task iterator told of a process otherwise than /proc."""
    said, said_labels = told
    said, values = dict(said), dict(values)
    # /proc rounds user and system time down one by one, the task iterator their sum.
    if said.pop(CPU_SECONDS) != pytest.approx(values.pop(CPU_SECONDS), abs=2 / kernel.TICK_RATE):
        yield CPU_SECONDS
    yield from (name for name in said.keys() | values.keys() if said.get(name) != values.get(name))
    if "memleak_process_resident_memory_bytes" in values:
        yield from (name for name in labels if said_labels.get(name) != labels[name])
    # A kernel thread: the kernel's side knows the first 15 bytes of its name.
    elif not labels["comm"].startswith(said_labels["comm"]):
        yield "comm"


def compare(exporters):
    """({pid: values} of all that stood still, {pid: what differs})"""
    before = by_process(exporters["procfs"].scrape())
    between = by_process(exporters["bpf"].scrape())
    after = by_process(exporters["procfs"].scrape())
    # Whoever answers us is not what it was when it did not.
    busy = {exporter.pid for exporter in exporters.values()}
    quiet = {pid: told for pid, told in before.items()
             if after.get(pid) == told and pid in between and pid not in busy}
    different = {pid: found for pid, (values, labels) in quiet.items()
                 if (found := list(differences(between[pid], values, labels)))}
    return {pid: values for pid, (values, _) in quiet.items()}, different


def compare_until_quiet(exporters, *pids):
    """Until those processes stood still, and all that did agree: what only looked as if it did does not
    look so again and again."""
    seen = []

    def attempt():
        quiet, different = compare(exporters)
        seen.append(different)
        return quiet if not different and all(pid in quiet for pid in pids) else None
    try:
        return wait_for(f"{pids} to stand still", attempt, deadline=20)
    except AssertionError:
        assert seen[-1] == {}
        raise


def test_every_process_of_this_host(exporters):
    quiet = compare_until_quiet(exporters, os.getppid())
    assert len(quiet) > 10
    # Both sorts are among them.
    with_memory = [pid for pid, values in quiet.items()
                   if "memleak_process_resident_memory_bytes" in values]
    assert 0 < len(with_memory) < len(quiet)


def test_a_program_that_did_everything(exporters, start_actor, tmp_path):
    mapped = tmp_path / "mapped"
    mapped.write_bytes(b"x" * (20 * MIB))
    actor = start_actor()
    actor.tell("alloc", 50 * MIB)
    actor.tell("touch")
    actor.tell("map", mapped)
    actor.tell("shm", 10 * MIB)
    actor.tell("memfd", 5 * MIB)
    actor.tell("fds", 50)
    actor.tell("threads", 60, 40, 10)
    values = compare_until_quiet(exporters, actor.pid)[actor.pid]
    assert values["memleak_process_threads"] == 61
    assert values[CPU_SECONDS] >= 100 * 0.010 * 0.9


def test_churn(exporters, start_actor):
    """Processes come and go, while all that stands still agrees."""
    actor = start_actor()
    still = start_actor()
    done = threading.Event()

    def churn():
        while not done.is_set():
            actor.tell("churn", 20)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(10):
            compare_until_quiet(exporters, still.pid)
    finally:
        done.set()
        thread.join()


def test_a_zombie(exporters, start_actor):
    actor = start_actor()
    zombie = actor.tell("zombie")
    values = compare_until_quiet(exporters, zombie)[zombie]
    assert "memleak_process_resident_memory_bytes" not in values
    assert "memleak_process_open_fds" not in values


# Closes all it has, opens so many, and waits. Its name tells that it is ready.
WITH_DESCRIPTORS = """
import os, pathlib, resource, signal, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (count or 1, count or 1))
name = os.open("/proc/self/comm", os.O_WRONLY)
null = os.open("/dev/null", os.O_RDONLY)
os.write(name, b"opened")
os.close(name)
os.dup2(null, 0)
os.closerange(1, 1 << 20)
for number in range(1, count):
    os.dup2(0, number)
if count == 0:
    os.close(0)
signal.pause()
"""


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1024, MANY_DESCRIPTORS])
def test_descriptors(exporters, start_program, count):
    """From none to the limit, where the words of the kernel's bitmap begin and end, and beyond what
    the kernel's side counts."""
    need_root()
    program = start_program([sys.executable, "-I", "-S", "-c", WITH_DESCRIPTORS, str(count)],
                            stderr=subprocess.DEVNULL)
    wait_for("the descriptors", lambda: kernel.open_files(program.pid) == count)
    values = compare_until_quiet(exporters, program.pid)[program.pid]
    assert values["memleak_process_open_fds"] == count


# A thread, not the leader, executes the program anew, over and over: for a moment the process has no
# leader.
EXECUTES_ITSELF = """
import os, sys, threading, time
def execute():
    time.sleep(0.2)
    os.execv(sys.executable, [sys.executable, "-I", "-S", sys.argv[0], str(time.time_ns())])
threading.Thread(target=execute).start()
time.sleep(60)
"""


def test_a_process_in_the_middle_of_exec(exporters, start_program, tmp_path):
    script = tmp_path / "again.py"
    script.write_text(EXECUTES_ITSELF)
    program = start_program([sys.executable, "-I", "-S", str(script)])
    expected = kernel.Stat(program.pid).start_time

    def arguments():
        with open(f"/proc/{program.pid}/cmdline", "rb") as file:
            return file.read()
    generations, shown = set(), []

    def enough():
        generations.add(arguments())
        if values := exporters["bpf"].scrape().of_pid(program.pid):
            shown.append(values["memleak_process_start_time_seconds"])
        return len(generations) >= 10 and len(shown) >= 10
    wait_for("ten executions and ten looks at them", enough)
    assert shown == pytest.approx([expected] * len(shown))
    assert program.process.poll() is None


def test_nothing_failed(exporters):
    """After all that; the source is still the one that was asked for."""
    for source, exporter in exporters.items():
        body = exporter.scrape()
        assert body.value("memleak_scrape_source_failures_total") == 0
        assert body.labels("memleak_exporter_build_info")["source"] == source
