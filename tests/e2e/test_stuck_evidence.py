"""A suspect whose files never answer stops nothing: not a scrape, not a name, and no evidence of
others. It is asked once, and given up."""

import os
import signal
import time

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import copy_of, copy_of_actor
from support.requirements import need_root

MAX_STUCK = 4
SLOT = 0.2
FLAGS = (*EXPORT_ALL, f"--trend.slot={SLOT * 1000:.0f}ms")
STUCK = "memleak_slow_reads_stuck"
MAPPED = "memleak_process_mapped_memory_bytes"
READS = "memleak_scrape_evidence_reads_total"
# Of the fixture `ordinary`: the pid of one, and the group.
NODE, NODE_GROUP = 500, "node:server.js"
AGENT, AGENT_GROUP = 700, "prometheus-node-exporter"
SMAPS = b"""0153a000-0155b000 rw-p 00000000 00:00 0                                  [heap]
Rss:                  20 kB
Pss:                  20 kB
Swap:                  4 kB
"""


def group_of(body, pid):
    found = body.find("memleak_process_info", pid=str(pid))
    return found[0][0]["group"] if found else None


def heap_of(body, pid):
    found = body.find(MAPPED, pid=str(pid), mapping="heap")
    return found[0][1] if found else None


def reads(body):
    """How many readings of mappings have ended, however they did."""
    return sum(value for _, value in body.find(READS, kind="mappings"))


def assert_stops_promptly(exporter):
    start = time.monotonic()
    exporter.stop(signal.SIGTERM)
    assert time.monotonic() - start < 10


class Host(FixtureHost):
    """`ordinary`, some of whose processes have an smaps."""

    def __init__(self, directory):
        super().__init__("ordinary", directory)
        self.answer(AGENT)

    def answer(self, pid):
        self.write(pid, "maps", SMAPS.splitlines(keepends=True)[0])
        self.write(pid, "smaps", SMAPS)

    def never_answer(self, pid):
        self.answer(pid)
        self.make_fifo(pid, "smaps")

    def let_go(self, pid):
        """Ends the wait of those who wait, and answers those who ask from now on."""
        # For reading, too: then this does not wait where nobody does.
        fifo = os.open(self.path(pid, "smaps"), os.O_RDWR)
        self.answer(pid)
        os.close(fifo)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def start(start_exporter, host):
    return start_exporter(*host.flags, *FLAGS, f"--evidence.group={NODE_GROUP}",
                          f"--evidence.group={AGENT_GROUP}")


def test_one_that_never_answers(start_exporter, host):
    host.never_answer(NODE)
    exporter = start(start_exporter, host)
    body = exporter.scrape_until("the read to be given up", lambda body: body.value(STUCK) == 1)
    said = body.of_pid(NODE)
    assert said["memleak_process_resident_memory_bytes"] == 81920 * 1024
    assert not body.has(MAPPED, pid=str(NODE))

    # The other goes on being read, slot by slot; this one would be stuck again each time.
    before = reads(body)
    body = exporter.scrape_until("more readings",
                                 lambda body: reads(body) >= before + 8 and heap_of(body, AGENT))
    assert body.value(STUCK) == 1
    assert heap_of(body, AGENT) == 20 * 1024
    assert not body.has(MAPPED, pid=str(NODE))

    # Names are read by other helpers.
    host.clone(420, 1420)
    exporter.scrape_until("a newcomer's name",
                          lambda body: group_of(body, 1420) == "python:worker.py")
    assert_stops_promptly(exporter)


def test_one_that_answers_in_the_end(start_exporter, host):
    host.never_answer(NODE)
    exporter = start(start_exporter, host)
    exporter.scrape_until("the read to be given up", lambda body: body.value(STUCK) == 1)
    host.let_go(NODE)
    exporter.scrape_until("the figures", lambda body: heap_of(body, NODE) == 20 * 1024
                          and body.value(STUCK) == 0)


def test_more_than_the_exporter_has_helpers_for(start_exporter, host):
    """At most four threads are given up; then evidence waits, and nothing else does."""
    hostile = range(1001, 1008)
    for pid in hostile:
        host.clone(NODE, pid)
        host.never_answer(pid)
    exporter = start(start_exporter, host)
    # The one that blocks the queue is stuck, too, but cannot be given up.
    body = exporter.scrape_until("all helpers to be stuck",
                                 lambda body: body.value(STUCK) == MAX_STUCK + 1)
    threads = len(os.listdir(f"/proc/{exporter.pid}/task"))
    for pid in hostile:
        assert body.of_pid(pid)["memleak_process_resident_memory_bytes"] == 81920 * 1024

    host.clone(420, 2420)
    body = exporter.scrape_until("a newcomer's name",
                                 lambda body: group_of(body, 2420) == "python:worker.py")
    assert body.value(STUCK) == MAX_STUCK + 1
    assert len(os.listdir(f"/proc/{exporter.pid}/task")) == threads

    for pid in hostile:
        host.let_go(pid)
    body = exporter.scrape_until(
        "everybody's figures", lambda body: all(heap_of(body, pid) for pid in (AGENT, *hostile)))
    assert body.value(STUCK) == 0


def test_stop_while_all_helpers_are_stuck(start_exporter, host):
    for pid in range(1001, 1008):
        host.clone(NODE, pid)
        host.never_answer(pid)
    exporter = start(start_exporter, host)
    exporter.scrape_until("all helpers to be stuck", lambda body: body.value(STUCK) > MAX_STUCK)
    assert_stops_promptly(exporter)


# This host as it is, so that nothing else may run beside it.
@pytest.mark.host
@pytest.mark.threads
def test_a_real_process_that_holds_its_mmap_lock(start_exporter, start_program, start_actor,
                                                 tmp_path):
    """programs/stuck.c: whoever reads its smaps, or its command line, waits."""
    need_root()
    (tmp_path / "mount").mkdir()
    server = start_program([copy_of("stuck", tmp_path, "neverreads"), tmp_path / "mount"])
    state, rest = server.read_line().split(" ", 1)
    if state == "unsupported:":
        pytest.skip(f"needs FUSE ({rest})")
    stuck = int(rest)
    good = start_actor(path=copy_of_actor(tmp_path, "answers"))
    # At its end the leak sanitizer stops every thread, and waits for those that cannot stop.
    no_leak_check = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    exporter = start_exporter(*FLAGS, "--evidence.group=neverreads", "--evidence.group=answers",
                              env=no_leak_check)
    # Its name is one stuck read, its mappings another; the server and the actor are readable.
    body = exporter.scrape_until(
        "both reads to be given up and the other's mappings",
        lambda body: body.value(STUCK) == 2 and body.has(MAPPED, pid=str(good.pid)))
    said = body.of_pid(stuck)
    assert said["memleak_process_resident_memory_bytes"] == kernel.status(stuck)["VmRSS"]
    assert not body.has(MAPPED, pid=str(stuck))
    before = reads(body)
    body = exporter.scrape_until("more readings", lambda body: reads(body) >= before + 10)
    assert body.value(STUCK) == 2
    newcomer = start_actor(path=copy_of_actor(tmp_path, "newcomer"))
    exporter.scrape_until("a newcomer's name",
                          lambda body: group_of(body, newcomer.pid) == "newcomer")

    # Its end lets all who wait go.
    server.kill()
    body = exporter.scrape_until("the helpers to come back", lambda body: body.value(STUCK) == 0)
    assert body.has(MAPPED, pid=str(good.pid))
    assert_stops_promptly(exporter)
