"""What is shown of a suspect beside the verdict: which kind of memory and of descriptors grew. Read
of suspects only, and said in words."""

import re

import pytest

from support.leaks import MIB, Plan
from support.suspects import suspect_that_says, words

pytest_plugins = ("support.leak_fixtures",)
pytestmark = pytest.mark.xdist_group("leaks")

SUBJECTS = {
    "small allocations": Plan("requests", ("leak", 200, 4096)),
    "sockets with evidence": Plan("sockets", ("leak", 6)),
    "a bounded pool": Plan("requests", ("pool", "4:4-40,6:40-8,4:8-40,1000:8-8", MIB // 2)),
}


def suspected_pid(subject, family="leak"):
    subject.becomes_suspected("process", family)
    (pid, _), *_ = subject.suspicions("process", family).items()
    return pid


def test_the_heap_is_named(subject, watch):
    leak = subject("small allocations")
    pid = suspected_pid(leak)
    exporter = watch.observatory.exporter
    row = suspect_that_says(exporter, pid, r"heap grew by [\d.]+ MiB of [\d.]+ MiB in")
    assert any(re.search(r"memory: grew from .* to .* in ", said) for said in words(row))
    mappings = row["evidence"]["mappings"]
    assert max(mappings, key=mappings.get) == "heap"
    held = exporter.scrape().find("memleak_process_mapped_memory_bytes", pid=pid)
    assert max(held, key=lambda one: one[1])[0]["mapping"] == "heap"


def test_sockets_are_counted(subject, watch):
    pid = suspected_pid(subject("sockets with evidence"), "fd_leak")
    row = suspect_that_says(watch.observatory.exporter, pid, r"sockets [\d,]+ -> [\d,]+ in")
    assert "socket:[#]" in {one["target"] for one in row["evidence"]["descriptor_targets"]}


def test_nothing_is_read_of_the_innocent(subject, watch):
    """Nor is anything said of them."""
    pool = subject("a bounded pool")
    pool.wait_for_slot(30)
    pids = {pid for pid, _ in pool.of("process")}
    assert pids
    body = watch.observatory.exporter.scrape()
    for family in ("memleak_process_mapped_memory_bytes", "memleak_process_fds"):
        assert not pids & {labels["pid"] for labels, _ in body.find(family)}
