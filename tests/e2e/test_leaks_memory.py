"""Verdicts on real programs that leak memory, each beside an innocent one that resembles it."""

import pytest

from support.leaks import MIB, Plan

pytest_plugins = ("support.leak_fixtures",)
# They share one exporter and run all at once.
pytestmark = pytest.mark.xdist_group("leaks")

KIB = 1 << 10
# 1 MiB in a slot.
RATE = 2 * MIB

SUBJECTS = {
    "C++ leak": Plan("requests", ("leak", 20, RATE // 20)),
    "C++ cache": Plan("requests", ("cache", 20, 256 * KIB, 160)),
    "Node.js leak": Plan("leak.js", (20, RATE // 20)),
    "Node.js garbage": Plan("sawtooth.js", (40, MIB // 10, 320)),
    "Python leak": Plan("leak.py", (20, RATE // 20)),
    "Python LRU cache": Plan("bounded_cache.py", (40, 64 * KIB, 400)),
    "leak into swap": Plan("requests", ("leak", 10, RATE // 2 // 10), limit=24 * MIB, swap=True),
    "swapped out": Plan("requests", ("page-out", 2, 256 * KIB, 300), swap=True),
}


@pytest.mark.parametrize("name", ["C++ leak", "Node.js leak", "Python leak"])
def test_leak(subject, name):
    subject(name).is_found()


@pytest.mark.parametrize("name", ["C++ cache", "Python LRU cache"])
def test_a_cache_fills_and_stops(subject, name):
    subject(name).never_suspected()


def test_garbage_is_collected(subject):
    """The heap is a saw, whose teeth are tens of MiB."""
    garbage = subject("Node.js garbage")
    garbage.never_suspected()
    (_, rows), = garbage.of("group")
    sizes = [values["footprint_bytes"] for _, values in rows if "footprint_bytes" in values]
    assert max(sizes) - min(sizes[len(sizes) // 2:]) > 10 * MIB


def test_leak_into_swap(subject):
    """A leak that is swapped out is still a leak: what is in memory stays below the limit."""
    leak = subject("leak into swap")
    leak.is_found(kinds=("process", "group", "cgroup"))
    (_, rows), = leak.of("process")
    assert max(values["anon_memory_bytes"] for _, values in rows) <= 24 * MIB
    assert rows[-1][1]["swap_memory_bytes"] > 10 * MIB


def test_idle_memory_is_swapped_out(subject):
    """What grows in swap goes from memory."""
    idle = subject("swapped out")
    idle.never_suspected()
    assert idle.last("group")["swap_memory_bytes"] > 24 * MIB
