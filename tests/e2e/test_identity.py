"""A process is (pid, start time): reused pids, execs, zombies, kernel threads."""

import os
import signal

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import Refused, copy_of_actor, unique
from support.requirements import need_root

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

FRESH = "--scrape.min-interval=0s"


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    return start_shared_exporter(*EXPORT_ALL)


def exported(exporter, pid, group=None):
    labels = {"pid": str(pid)} | ({"group": group} if group else {})
    return exporter.scrape_until(f"pid {pid}",
                                 lambda body: body.has("memleak_process_info", **labels))


def test_reused_pid(exporter, start_actor, tmp_path):
    """Between two scrapes a pid changes hands: nothing of the first owner stays."""
    need_root()
    group = unique("reuser")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    pid = actor.tell("fork-burner", 300)
    before = exported(exporter, pid, group)
    assert before.of_pid(pid)["memleak_process_cpu_seconds_total"] >= 0.29

    actor.tell("kill", pid)
    try:
        assert actor.tell("fork-burner", 100, pid) == pid
    except Refused as reason:
        pytest.skip(f"needs clone3 with a chosen pid ({reason})")

    after = exported(exporter, pid, group)
    said, said_before = after.of_pid(pid), before.of_pid(pid)
    # /proc rounds user and system time down one by one.
    assert said["memleak_process_cpu_seconds_total"] == pytest.approx(
        kernel.Stat(pid).cpu_seconds, abs=2 / kernel.TICK_RATE)
    assert said["memleak_process_cpu_seconds_total"] < 0.2
    assert said["memleak_process_start_time_seconds"] == pytest.approx(kernel.Stat(pid).start_time)
    assert (said["memleak_process_start_time_seconds"]
            > said_before["memleak_process_start_time_seconds"])
    cpu = "memleak_group_cpu_seconds_total"
    # All that the second owner used counts, and nothing of the first one's again.
    grown = after.value(cpu, group=group) - before.value(cpu, group=group)
    assert 0.09 <= grown < 0.2


def test_reused_pid_in_a_tree(start_exporter, tmp_path):
    """The same with exact figures. The second owner was born while the exporter ran: all that it
    used counts. The first one used nothing while the exporter ran."""
    host = FixtureHost("ordinary", tmp_path)
    exporter = start_exporter(*host.flags, FRESH, "--process.min-age=0s")
    before = exporter.scrape()
    assert before.value("memleak_process_cpu_seconds_total", pid="500") == 1.27
    assert before.value("memleak_group_cpu_seconds_total", group="node:server.js") == 0

    host.path("uptime").write_text("86402.50 170000.00\n")
    host.write(500, "cmdline", b"node\0/srv/shop/mailer.js\0")
    host.set_stat(500, start=8640100, utime=40, stime=2, majflt=1)
    after = exported(exporter, 500, "node:mailer.js")
    assert after.value("memleak_process_cpu_seconds_total", pid="500") == 0.42
    assert after.value("memleak_process_start_time_seconds", pid="500") == 1700086401
    assert after.value("memleak_group_cpu_seconds_total", group="node:mailer.js") == 0.42
    assert after.value("memleak_group_major_page_faults_total", group="node:mailer.js") == 1
    # The first owner's group lives on without it, and its counters do not fall.
    assert after.value("memleak_group_processes", group="node:server.js") == 0
    assert after.value("memleak_group_cpu_seconds_total", group="node:server.js") == 0
    assert not after.has("memleak_group_resident_memory_bytes", group="node:server.js")


def test_exec_of_another_program(exporter, start_actor, tmp_path):
    first, second = unique("first-program"), unique("second-program-of-a-long-name")
    actor = start_actor(path=copy_of_actor(tmp_path, first))
    before = exported(exporter, actor.pid, first)
    actor.tell("burn", 200)
    exporter.scrape_until("the burnt time", lambda body: body.value(
        "memleak_group_cpu_seconds_total", group=first) >= 0.19)
    actor.become(copy_of_actor(tmp_path, second))
    after = exported(exporter, actor.pid, second)

    pid = str(actor.pid)
    assert len(after.find("memleak_process_info", pid=pid)) == 1
    labels = after.labels("memleak_process_info", pid=pid)
    assert labels["comm"] == "second-program-"
    assert labels["exe"] == str(tmp_path / second)
    start = "memleak_process_start_time_seconds"
    assert after.value(start, pid=pid) == before.value(start, pid=pid)
    assert after.value("memleak_process_cpu_seconds_total", pid=pid) >= 0.19
    assert after.value("memleak_group_processes", group=first) == 0
    # What the first program used is counted once, where it was used.
    cpu = "memleak_group_cpu_seconds_total"
    assert after.value(cpu, group=first) >= 0.19
    assert after.value(cpu, group=second) < 0.19


def test_exec_of_the_same_program_with_another_script(exporter, start_program, tmp_path):
    """Nothing of the process's name changes but its arguments."""
    (tmp_path / "second.py").write_text(
        "import sys\nprint('second', flush=True)\nsys.stdin.read()\n")
    (tmp_path / "first.py").write_text(
        "import os, sys\nprint('first', flush=True)\nsys.stdin.readline()\n"
        f"os.execv(sys.executable, [sys.executable, {str(tmp_path / 'second.py')!r}])\n")
    program = start_program(["/usr/bin/python3", tmp_path / "first.py"])
    assert program.read_line() == "first"
    exported(exporter, program.pid, "python:first.py")
    program.process.stdin.write("go on\n")
    program.process.stdin.flush()
    assert program.read_line() == "second"
    body = exported(exporter, program.pid, "python:second.py")
    assert len(body.find("memleak_process_info", pid=str(program.pid))) == 1


def test_zombie_keeps_its_group_and_has_no_memory(exporter, start_actor, tmp_path):
    group = unique("zombie-of-a-long-name")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    child = actor.tell("fork")
    both = exporter.scrape_until("both", lambda body: body.find(
        "memleak_group_processes", group=group) and exported(exporter, child, group))
    os.kill(child, signal.SIGKILL)
    body = exporter.scrape_until("the zombie", lambda body: not body.of_pid(child))
    assert kernel.Stat(child).state == "Z"
    assert body.value("memleak_group_processes", group=group) == 2
    resident = "memleak_group_resident_memory_bytes"
    assert body.value(resident, group=group) < both.value(resident, group=group)


def test_zombie_that_was_never_seen_alive(exporter, start_actor, tmp_path):
    """Its executable is gone, its comm names its group; nothing of it is exported as 0."""
    group = unique("undead")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    child = actor.tell("zombie")
    body = exporter.scrape_until("both", lambda body: body.find(
        "memleak_group_processes", group=group) and body.value(
            "memleak_group_processes", group=group) == 2)
    assert not body.of_pid(child)


def test_kernel_threads(exporter):
    """All in one group, none exported, no memory, not even 0."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    threads = [pid for pid in pids if is_kernel_thread(pid)]
    if not threads:
        pytest.skip("needs kernel threads in sight (the host's pid namespace)")
    body = exporter.scrape()
    assert body.value("memleak_group_processes", group="(kernel)") == pytest.approx(
        len(threads), abs=20)
    for kind in ("resident", "anon", "file", "shmem", "swap"):
        assert not body.has(f"memleak_group_{kind}_memory_bytes", group="(kernel)")
    assert not body.has("memleak_group_footprint_bytes", group="(kernel)")
    assert not body.has("memleak_group_open_fds", group="(kernel)")
    assert not any(body.of_pid(pid) for pid in threads)


def is_kernel_thread(pid):
    try:
        return bool(kernel.Stat(pid).field(9) & 0x00200000)  # PF_KTHREAD, include/linux/sched.h
    except (FileNotFoundError, ProcessLookupError):
        return False
