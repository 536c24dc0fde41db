"""Verdicts on programs of many processes and of many lives, each beside an innocent one."""

import re

import pytest

from support.leaks import MIB, RESTARTED, Plan

pytest_plugins = ("support.leak_fixtures",)
pytestmark = pytest.mark.xdist_group("leaks")

KIB = 1 << 10
ROOMY = 4096 * MIB
# Each has the standard input of the first, with which they end.
SIBLINGS = 'exec 3<&0; for i in 1 2 3 4 5; do "$@" <&3 & sleep 4; done; wait'
# Which one is large is no matter of age.
SIBLINGS_OF_MIXED_SIZES = (
    'exec 3<&0; for MIB in 40 16 48 24 32; do "$@" $((MIB * 2)) <&3 & sleep 4; done; wait')

SUBJECTS = {
    "growing workers": Plan("workers", (2, 2 * MIB, MIB // 8, 4), limit=ROOMY),
    "piling workers": Plan("workers", ("200:1-1", 2 * MIB, 0, 1e6), limit=ROOMY),
    "workers": Plan("workers", (2, 8 * MIB, 0, 4), limit=ROOMY),
    "crash loop": Plan("requests", ("leak", 20, 4 * MIB // 20), shell=RESTARTED, limit=60 * MIB),
    "restart loop": Plan("requests", ("bounded", "12:20-20", 512 * KIB, 60), shell=RESTARTED,
                         limit=60 * MIB),
    "leaking siblings": Plan("requests", ("leak", 10, MIB // 2 // 10), shell=SIBLINGS),
    "siblings": Plan("requests", ("cache", 20, 512 * KIB), shell=SIBLINGS_OF_MIXED_SIZES),
}


@pytest.mark.parametrize("name, also", [
    ("growing workers", ()),
    # They also hold descriptors and, in the kernel, page tables and stacks.
    ("piling workers", ("fd_leak", "kernel_leak")),
])
def test_a_leak_of_short_lived_workers(subject, name, also):
    """No process of them lives long enough, or grows: their group and their cgroup do."""
    subject(name).is_found(kinds=("group", "cgroup"), also=also)


def test_workers_of_the_same_size(subject):
    subject("workers").never_suspected(kinds=("group", "cgroup"))


def lives(subject):
    """When each of its processes was seen first, without the shell that restarts it."""
    return sorted(rows[0][0] for _, rows in subject.of("process"))


def test_a_crash_loop_is_one_leak(subject):
    """Climb, kill, climb: suspected once, and on through all its lives."""
    loop = subject("crash loop")
    kinds = ("group", "cgroup")
    for kind in kinds:
        loop.becomes_suspected(kind)
    since = max(rows[0][0] for kind in kinds for rows in loop.suspicions(kind).values())
    loop.wait_until("two more kills", lambda: sum(born > since for born in lives(loop)) >= 3)
    assert int(re.search(r"oom_kill (\d+)", loop.cgroup.read("memory.oom_control"))[1]) >= 2
    for kind in kinds:
        (_, rows), = loop.of(kind)
        verdicts = [values.get("leak_suspected") for _, values in rows]
        first = verdicts.index(1)
        assert set(verdicts[first:]) == {1}, loop.story([kind], "leak")
        # Not anew with each life: never after it was found.
        begun = [values["growth_start_time_seconds"] for _, values in rows[first:]
                 if "growth_start_time_seconds" in values]
        assert begun and max(begun) < rows[first][0], loop.story([kind], "leak")


def test_a_restart_loop_of_an_innocent_program(subject):
    loop = subject("restart loop")
    loop.never_suspected(kinds=("group", "cgroup"))
    assert len(lives(loop)) >= 4


def test_the_oldest_of_leaking_siblings_is_the_largest(subject):
    siblings = subject("leaking siblings")
    siblings.is_found()
    siblings.wait_until("verdict on all", lambda: len(siblings.suspicions("process")) == 5)
    last = siblings.last("group")
    assert last["processes"] == 5
    assert last["largest_start_time_seconds"] == last["oldest_start_time_seconds"]
    assert last["largest_footprint_bytes"] > last["median_footprint_bytes"]


def test_siblings_of_mixed_sizes(subject):
    siblings = subject("siblings")
    siblings.never_suspected()
    last = siblings.last("group")
    assert last["processes"] == 5
    assert last["largest_start_time_seconds"] > last["oldest_start_time_seconds"]
