"""Reads that never return stop nothing but the name of the process that was read."""

import os
import signal
import time

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import copy_of_actor, helper
from support.requirements import need_root

# This host as it is, so that nothing else may run beside it.
pytestmark = [pytest.mark.host, pytest.mark.threads]

STUCK = "memleak_slow_reads_stuck"
MAX_STUCK = 4
FLAGS = ("--scrape.min-interval=0s", "--process.min-rss=0", "--process.min-age=0s")


def group_of(body, pid):
    found = body.find("memleak_process_info", pid=str(pid))
    return found[0][0]["group"] if found else None


def assert_stops_promptly(exporter):
    start = time.monotonic()
    exporter.stop(signal.SIGTERM)
    assert time.monotonic() - start < 10


def test_one_command_line_that_does_not_come(start_exporter, tmp_path):
    host = FixtureHost("ordinary", tmp_path)
    host.make_fifo(500, "cmdline")
    exporter = start_exporter(*host.flags, *FLAGS)
    body = exporter.scrape_until("the name to be given up",
                                 lambda body: body.of_pid(500) and body.value(STUCK) == 1)
    # Named by comm: without the command line it is not known what node runs.
    assert group_of(body, 500) == "node"
    said = body.of_pid(500)
    assert said["memleak_process_resident_memory_bytes"] == 81920 * 1024
    assert said["memleak_process_open_fds"] == 6
    # Everybody else has a name, those behind it in the queue, too.
    for pid, group in ((310, "java:service.jar"), (420, "python:worker.py"), (600, "nginx"),
                       (700, "prometheus-node-exporter"), (900, "burst")):
        assert group_of(body, pid) == group
    # Later ones, too.
    host.clone(420, 1420)
    exporter.scrape_until("a newcomer's name",
                          lambda body: group_of(body, 1420) == "python:worker.py")
    assert exporter.scrape().value(STUCK) == 1
    assert_stops_promptly(exporter)


def test_a_read_that_comes_back_late(start_exporter, tmp_path):
    """The name is taken then, and its helper is free again."""
    host = FixtureHost("ordinary", tmp_path)
    host.make_fifo(500, "cmdline")
    exporter = start_exporter(*host.flags, *FLAGS)
    exporter.scrape_until("the name to be given up",
                          lambda body: body.value(STUCK) == 1 and group_of(body, 500) == "node")
    with open(host.path(500, "cmdline"), "wb") as fifo:
        fifo.write(b"node\0/srv/shop/late.js\0")
    body = exporter.scrape_until("the late name",
                                 lambda body: group_of(body, 500) == "node:late.js")
    assert len(body.find("memleak_process_info", pid="500")) == 1
    exporter.scrape_until("the helper to come back", lambda body: body.value(STUCK) == 0)


def test_more_than_the_exporter_has_helpers_for(start_exporter, tmp_path):
    """At most four threads are given up; then names wait, and nothing else does."""
    host = FixtureHost("ordinary", tmp_path)
    hostile = range(1001, 1008)
    for pid in hostile:
        host.clone(500, pid)
        host.make_fifo(pid, "cmdline")
    exporter = start_exporter(*host.flags, *FLAGS)
    body = exporter.scrape_until(
        "all helpers to be stuck",
        lambda body: body.value(STUCK) > MAX_STUCK and all(group_of(body, pid) for pid in hostile))
    # The one that blocks the queue is stuck, too, but cannot be given up.
    assert body.value(STUCK) == MAX_STUCK + 1
    threads = len(os.listdir(f"/proc/{exporter.pid}/task"))
    assert {group_of(body, pid) for pid in hostile} == {"node"}

    # Newcomers are named by comm after a second, and served.
    host.clone(420, 2420)
    body = exporter.scrape_until("a newcomer without a name",
                                 lambda body: group_of(body, 2420) == "python3")
    assert body.of_pid(2420)["memleak_process_resident_memory_bytes"] == 30720 * 1024
    assert body.value(STUCK) == MAX_STUCK + 1
    assert len(os.listdir(f"/proc/{exporter.pid}/task")) == threads

    # One that comes back lets the queue go on: the newcomer gets its name.
    for pid in hostile:
        with open(host.path(pid, "cmdline"), "wb") as fifo:
            fifo.write(b"node\0/srv/shop/server.js\0")
    exporter.scrape_until("the newcomer's name",
                          lambda body: group_of(body, 2420) == "python:worker.py"
                          and body.value(STUCK) == 0)


def test_stop_while_all_helpers_are_stuck(start_exporter, tmp_path):
    host = FixtureHost("ordinary", tmp_path)
    for pid in range(1001, 1008):
        host.clone(500, pid)
        host.make_fifo(pid, "cmdline")
    exporter = start_exporter(*host.flags, *FLAGS)
    exporter.scrape_until("all helpers to be stuck", lambda body: body.value(STUCK) > MAX_STUCK)
    assert_stops_promptly(exporter)


@pytest.fixture
def stuck_process(start_program, tmp_path):
    """A real process whose command line cannot be read: programs/stuck.c. Returns its pid."""
    need_root()
    (tmp_path / "mount").mkdir()
    server = start_program([helper("stuck"), tmp_path / "mount"])
    state, rest = server.read_line().split(" ", 1)
    if state == "unsupported:":
        pytest.skip(f"needs FUSE ({rest})")
    return int(rest)


def test_a_real_command_line_that_does_not_come(start_exporter, start_actor, tmp_path,
                                                stuck_process):
    """The process holds its mmap lock while a FUSE server does not answer it."""
    # At its end the leak sanitizer stops every thread, and waits for those that cannot stop.
    no_leak_check = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    exporter = start_exporter(*EXPORT_ALL, env=no_leak_check)
    body = exporter.scrape_until("the stuck process", lambda body: body.of_pid(stuck_process)
                                 and body.value(STUCK) >= 1)
    assert group_of(body, stuck_process) == "stuck"
    said = body.of_pid(stuck_process)
    status = kernel.status(stuck_process)
    assert said["memleak_process_resident_memory_bytes"] == status["VmRSS"]
    assert said["memleak_process_threads"] == 1
    # Who comes later gets its name, from the next helper.
    actor = start_actor(path=copy_of_actor(tmp_path, "comes-after-it"))
    body = exporter.scrape_until("a newcomer", lambda body: body.of_pid(actor.pid))
    assert group_of(body, actor.pid) == "comes-after-it"
    assert_stops_promptly(exporter)
