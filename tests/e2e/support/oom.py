"""Processes that the kernel kills in small memory cgroups, and what it says of them."""

import os
import pathlib
import re
import signal
import time

import pytest

from support.cgroups import need_memory_cgroups
from support.kernel import boot_time
from support.waiting import DEADLINE_SECONDS, wait_for

MIB = 1 << 20
KMSG = "/dev/kmsg"
KILLED = re.compile(
    rb"Killed process (?P<pid>\d+) \((?P<comm>.*)\) total-vm:(?P<virtual>\d+)kB, "
    rb"anon-rss:(?P<anon>\d+)kB", re.S)


def need_kernel_log():
    need_memory_cgroups()
    try:
        os.close(os.open(KMSG, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        pytest.skip(f"needs {KMSG}: {error.strerror}")


def _records():
    """(microseconds since boot, text) of all that the log still has."""
    log = os.open(KMSG, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                record = os.read(log, 8192)
            except BlockingIOError:
                return
            except BrokenPipeError:  # something was overwritten: the next read goes on behind it
                continue
            head, _, text = record.partition(b";")
            text = re.sub(rb"\\x([0-9a-f]{2})", lambda code: bytes([int(code[1], 16)]),
                          text.split(b"\n")[0])
            yield int(head.split(b",")[2]), text
    finally:
        os.close(log)


class Death:
    """What the kernel's log says of the kill of a pid, the last one."""

    def __init__(self, pid):
        records = list(_records())
        found = [(when, killed) for when, text in records
                 if (killed := KILLED.search(text)) and int(killed["pid"]) == pid]
        assert found, f"no kill of pid {pid} in the log"
        microseconds, killed = found[-1]
        # Of ten kills in five seconds, all of this host's, the kernel writes all its lines; of what
        # comes after them only the last one, in which no cgroup is.
        self.in_full = any(text.startswith(b"oom-kill:") and b",pid=%d,uid=" % pid in text
                           for _, text in records)
        self.comm = killed["comm"]
        self.anon = int(killed["anon"]) * 1024
        # The log's clock is not the wall clock; where the two part is for other tests.
        self.time = boot_time() + microseconds / 1e6


def small(parent, name, limit):
    """A cgroup in which nothing is swapped out."""
    cgroup = parent.child(name, limit=limit)
    if os.path.exists(os.path.join(cgroup.directory, b"memory.memsw.limit_in_bytes")):
        cgroup.write("memory.memsw.limit_in_bytes", limit)
    return cgroup


def grow_until_killed(actor, size, reap=True):
    """Makes an actor touch more than its cgroup may have; waits for its end."""
    actor.tell("alloc", size)
    actor.send("touch")
    how = os.WEXITED | (0 if reap else os.WNOWAIT)
    end = time.monotonic() + DEADLINE_SECONDS
    while (ended := os.waitid(os.P_PID, actor.process.pid, how | os.WNOHANG)) is None:
        assert time.monotonic() < end, "it lives"
        time.sleep(0.01)
    if reap:
        actor.process.returncode = -ended.si_status
    assert (ended.si_code, ended.si_status) == (os.CLD_KILLED, signal.SIGKILL)
