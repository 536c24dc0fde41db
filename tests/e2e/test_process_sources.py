"""The two process sources tell the same of a live host: what stood still between two scrapes by /proc
is the same in a scrape by the task iterator between them."""

import os
import re
import resource
import subprocess
import sys
import threading

import pytest

from support import api, kernel
from support.exporter import EXPORT_ALL
from support.programs import helper
from support.requirements import need_root, need_task_iterator
from support.waiting import DEADLINE_SECONDS, wait_for

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

MIB = 1 << 20
CPU_SECONDS = ("memleak_process_cpu_seconds_total", "cpu_seconds")
# What an exporter makes of what it saw, and what is left on the node, which is never quiet.
NOT_THE_KERNELS = {"headroom_bytes", "age_seconds", "change_bytes", "change_seconds", "change_since",
                   "known_in_seconds", "exported", "state", "suspect", "leaks"}
MADE_OF_IT = re.compile(
    "memleak_process_(headroom|baseline|growth|trend|leak|exhaustion|fd_)")
# More than the kernel's side counts, where we may open so many.
MANY_DESCRIPTORS = min(300_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


@pytest.fixture(scope="module")
def exporters(start_shared_exporter):
    need_task_iterator()
    return {source: start_shared_exporter(*EXPORT_ALL, "--collector.process_vm",
                                          f"--process.source={source}")
            for source in ("procfs", "bpf")}


def by_metrics(exporter):
    """{pid: figures and labels} of what is exported one by one."""
    body = exporter.scrape()
    return {int(labels["pid"]): labels | {
                name: value for name, value in body.of_pid(labels["pid"]).items()
                if not MADE_OF_IT.match(name)}
            for labels, _ in body.find("memleak_process_info")}


def by_api(exporter):
    """The same of every process, kernel threads and zombies included."""
    return {row["pid"]: row for row in api.get(exporter, "processes", limit=10_000)["processes"]}


def differences(told, said):
    """What the task iterator `said` of a process otherwise than /proc `told`."""
    for name in (told.keys() | said.keys()) - NOT_THE_KERNELS:
        if name in CPU_SECONDS:
            # /proc rounds user and system time down one by one, the task iterator their sum.
            same = said[name] == pytest.approx(told[name], abs=2 / kernel.TICK_RATE)
        elif name == "comm" and told.get("group") == "(kernel)":
            # Here the kernel's side knows the first 15 bytes.
            same = told[name].startswith(said[name])
        elif name == "cgroup" and told.get("pid") in (1, "1"):
            # A sandbox may hide process 1 from the iterator. It is read from /proc then, where the
            # root is the same as nothing.
            same = said.get(name) in (told[name], None)
        else:
            same = said.get(name) == told.get(name)
        if not same:
            yield name, told.get(name), said.get(name)


def compare(exporters, look):
    """({pid: what /proc told} of all that stood still, {pid: what differs})"""
    before = look(exporters["procfs"])
    between = look(exporters["bpf"])
    after = look(exporters["procfs"])
    # Whoever answers us is not what it was when it did not.
    busy = {exporter.pid for exporter in exporters.values()}
    quiet = {pid: told for pid, told in before.items()
             if pid in after and not list(differences(after[pid], told))
             and pid in between and pid not in busy}
    return quiet, {pid: found for pid, told in quiet.items()
                   if (found := list(differences(told, between[pid])))}


def compare_until_quiet(exporters, *pids, look=by_metrics):
    """Until those processes stood still, and all that did agree: what only looked as if it did does not
    look so again and again."""
    seen = []

    def attempt():
        quiet, different = compare(exporters, look)
        seen.append(different)
        return quiet if not different and all(pid in quiet for pid in pids) else None
    try:
        return wait_for(f"{pids} to stand still", attempt, deadline=20)
    except AssertionError:
        assert seen[-1] == {}
        raise


def test_every_process_of_this_host(exporters):
    """All figures of what has memory; and all that there is of kernel threads, but in a pid namespace,
    which has none."""
    assert len(compare_until_quiet(exporters, os.getppid())) > 1
    quiet = compare_until_quiet(exporters, os.getppid(), look=by_api)
    if kernel.has_kernel_threads():
        assert any(told.get("group") == "(kernel)" for told in quiet.values())
    assert any(told.get("resident_bytes") for told in quiet.values())


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
    assert values["memleak_process_cpu_seconds_total"] >= 100 * 0.010 * 0.9


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
    told = compare_until_quiet(exporters, zombie, look=by_api)[zombie]
    assert "resident_bytes" not in told
    assert "open_fds" not in told


# Closes all it has, opens so many, and waits. Its name tells that it is ready.
WITH_DESCRIPTORS = """
import os, pathlib, resource, signal, sys
count = int(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (max(count, 64), hard))
name = os.open("/proc/self/comm", os.O_WRONLY)
null = os.open("/dev/null", os.O_RDONLY)
os.write(name, b"opened")
os.close(name)
os.dup2(null, 0)
os.closerange(1, 1 << 20)
for number in range(1, count):
    os.dup2(0, number)
resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
if count == 0:
    os.close(0)
signal.pause()
"""


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1024, MANY_DESCRIPTORS])
def test_descriptors(exporters, start_program, count):
    """From none to the limit, and where the words of the kernel's bitmap begin and end."""
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


def walks(*ways):
    """What programs/task_walks.cc found in each pass: [(way, {pid: figures})]"""
    answer = subprocess.run([helper("task_walks"), *ways], capture_output=True, text=True,
                            errors="replace", check=True, timeout=DEADLINE_SECONDS).stdout
    passes = {}
    for line in answer.splitlines():
        number, way, pid, figures = line.split(" ", 3)
        passes.setdefault(int(number), (way, {}))[1][int(pid)] = figures
    return [passes[number] for number in sorted(passes)]


def test_the_two_ways_of_the_task_iterator(start_actor):
    """The loop of the program itself, where the kernel has that (Linux 6.7), finds the processes that the
    kernel shows it one by one, kernel threads and zombies too, and the same in each."""
    need_task_iterator()
    actor = start_actor()
    actor.tell("alloc", 20 * MIB)
    actor.tell("touch")
    actor.tell("threads", 60, 40, 10)
    zombie = actor.tell("zombie")
    with open("/proc/kallsyms") as symbols:
        best = "open-coded" if re.search(r" bpf_iter_task_new\n", symbols.read()) else "seq_file"

    def attempt():
        # Each way twice, with cgroups of version 1 and of version 2.
        found = walks("seq_file", "open-coded", "seq_file")
        assert [way for way, _ in found] == ["seq_file"] * 2 + [best] * 2 + ["seq_file"] * 2
        (_, before), (_, between), (_, after) = found[0::2]
        quiet = {pid for pid in before.keys() & after.keys() if before[pid] == after[pid]}
        assert {pid for pid in quiet if between.get(pid) != before[pid]} == set()
        (_, before), (_, between), (_, after) = found[1::2]
        quiet &= {pid for pid in before.keys() & after.keys() if before[pid] == after[pid]}
        assert {pid for pid in quiet if between.get(pid) != before[pid]} == set()
        assert not between.keys() - before.keys() - after.keys()
        return {actor.pid, zombie} <= quiet
    wait_for("processes to stand still", attempt, deadline=20)


def test_nothing_failed(exporters):
    """After all that; the source is still the one that was asked for."""
    for source, exporter in exporters.items():
        body = exporter.scrape()
        assert body.value("memleak_scrape_source_failures_total") == 0
        assert body.labels("memleak_exporter_build_info")["source"] == source
