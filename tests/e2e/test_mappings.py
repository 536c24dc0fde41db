"""Which kind of memory a real program holds: `mappings`, against the kernel's own sums.

A group that is named by --evidence.group is read without suspicion, once a slot.
"""

import pathlib
import re
import time

import pytest

from support.exporter import EXPORT_ALL
from support.programs import copy_of, unique
from support.requirements import need_nobody
from support.waiting import wait_for

MIB = 1 << 20
SLOT = 0.2
FLAGS = (*EXPORT_ALL, f"--trend.slot={SLOT * 1000:.0f}ms")
MAPPED = "memleak_process_mapped_memory_bytes"
PROPORTIONAL = "memleak_process_proportional_memory_bytes"
READS = "memleak_scrape_evidence_reads_total"
KINDS = {"heap", "anonymous", "stack", "file", "shared", "other"}


def mapped(body, pid):
    """{kind: bytes}, empty while nothing is shown."""
    return {labels["mapping"]: value for labels, value in body.find(MAPPED, pid=str(pid))}


def rollup(pid):
    """{key: bytes} of what the kernel adds up itself (proc_pid_smaps(5))."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {key: int(kib) * 1024 for key, kib in re.findall(r"^(\w+): +(\d+) kB$", text, re.M)}


def count_mappings(pid):
    return len(pathlib.Path(f"/proc/{pid}/maps").read_bytes().splitlines())


@pytest.fixture
def grower(start_actor, tmp_path):
    """programs/mappings.c, of a group of its own."""
    actor = start_actor(path=copy_of("mappings", tmp_path, unique("mappings")))
    actor.group = unique("mappings")
    return actor


@pytest.fixture
def exporter(start_exporter, grower):
    return start_exporter(*FLAGS, f"--evidence.group={grower.group}")


def wait_for_mappings(exporter, pid, what="the mappings", condition=lambda kinds: True):
    body = exporter.scrape_until(
        what, lambda body: mapped(body, pid) and condition(mapped(body, pid)))
    return mapped(body, pid)


def assert_sums_are_the_kernels(exporter, pid):
    """Sooner or later: while pages are given back or merged, a reading is older than the sums."""
    def attempt():
        body = exporter.scrape()
        kinds = mapped(body, pid)
        before = rollup(pid)
        return kinds and sum(kinds.values()) == before["Rss"] and (
            # Each mapping's share is rounded down to whole KiB.
            before["Pss"] - 1024 * count_mappings(pid) < body.value(PROPORTIONAL, pid=str(pid))
            <= before["Pss"])
    wait_for("the sums to be those of smaps_rollup", attempt)


def test_every_kind_grows_in_its_own_class(exporter, grower, tmp_path):
    on_disk = tmp_path / "file"
    on_disk.write_bytes(b"x" * (6 * MIB))
    before = wait_for_mappings(exporter, grower.pid)
    assert before.keys() == KINDS
    assert_sums_are_the_kernels(exporter, grower.pid)
    steps = (
        ("heap", ("heap", 20 * MIB)),
        ("anonymous", ("anonymous", 12 * MIB)),
        # One malloc of this size is a mapping and no part of the heap.
        ("anonymous", ("malloc", 100 * MIB)),
        ("stack", ("stack", 4 * MIB)),
        # The kernel calls the main thread's stack by its name and no other's (but 3.4 to 4.4).
        ("anonymous", ("thread-stack", 5 * MIB)),
        ("file", ("file-read", 6 * MIB, on_disk)),
        ("file", ("file-write", 6 * MIB, on_disk)),
        ("shared", ("shared-anonymous", 7 * MIB)),
        ("shared", ("shared-memfd", 8 * MIB)),
        ("shared", ("shared-posix", 9 * MIB, "/" + unique("mappings"))),
        ("shared", ("shared-sysv", 10 * MIB)),
    )
    for kind, command in steps:
        grower.tell(*command)
        after = wait_for_mappings(exporter, grower.pid, f"{command} to show as {kind}",
                                  lambda kinds: kinds[kind] >= before[kind] + command[1])
        # Nothing else moves but a few pages: of the libraries that it needs for it.
        for other in KINDS - {kind}:
            assert abs(after[other] - before[other]) < MIB, (command, before, after)
        before = after
    assert_sums_are_the_kernels(exporter, grower.pid)


def test_one_large_allocation_is_anonymous_and_no_leak(exporter, grower):
    suspicions = []

    def look():
        body = exporter.scrape()
        suspicions.extend(value for _, value in body.find("memleak_process_leak_suspected",
                                                          pid=str(grower.pid)))
        return body

    def watch(slots):
        end = time.monotonic() + slots * SLOT
        wait_for(f"{slots} slots", lambda: look() and time.monotonic() > end)

    watch(15)
    before = wait_for_mappings(exporter, grower.pid)
    grower.tell("malloc", 100 * MIB)
    after = wait_for_mappings(exporter, grower.pid, "100 MiB",
                              lambda kinds: kinds["anonymous"] >= before["anonymous"] + 100 * MIB)
    assert abs(after["heap"] - before["heap"]) < MIB
    watch(50)
    assert 1 not in suspicions
    assert 0 in suspicions, "no verdict in all that time"


def test_nothing_is_read_of_what_nobody_suspects(start_exporter, grower):
    exporter = start_exporter(*FLAGS, f"--evidence.group={unique('nobody')}")
    # Until its names were read and slots have passed in which it could have been asked about.
    end = time.monotonic() + 10 * SLOT
    body = exporter.scrape_until(
        "ten slots", lambda body: body.of_pid(grower.pid) and time.monotonic() > end)
    assert not mapped(body, grower.pid)
    assert not body.has(PROPORTIONAL, pid=str(grower.pid))


def test_a_disabled_collector_reads_nothing(start_exporter, grower):
    exporter = start_exporter(*FLAGS, f"--evidence.group={grower.group}", "--no-collector.mappings")
    end = time.monotonic() + 5 * SLOT
    body = exporter.scrape_until(
        "five slots", lambda body: body.of_pid(grower.pid) and time.monotonic() > end)
    assert not body.has(MAPPED)
    assert {value for _, value in body.find(READS, kind="mappings")} == {0}


def test_another_users_process_is_denied_and_counted(start_exporter, grower, public_binary):
    """Without privilege: nothing is shown, least of all zeros."""
    wrapper = need_nobody()
    exporter = start_exporter(*FLAGS, f"--evidence.group={grower.group}", wrapper=wrapper,
                              binary=public_binary)
    body = exporter.scrape_until(
        "a refusal", lambda body: body.value(READS, kind="mappings", result="denied") >= 1)
    assert not mapped(body, grower.pid)
    assert not body.has(PROPORTIONAL, pid=str(grower.pid))
