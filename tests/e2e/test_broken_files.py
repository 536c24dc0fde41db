"""Files that are truncated, malformed, missing or no files at all: one process's own trouble."""

import os
import re

import pytest

from support.fixtures import FixtureHost

FLAGS = ("--scrape.min-interval=0s",)


@pytest.fixture
def host(tmp_path):
    return FixtureHost("ordinary", tmp_path)


def results(body):
    return {labels["result"]: value for labels, value in body.find("memleak_scrape_processes")}


def assert_neighbours_are_served(body):
    assert body.of_pid(310)["memleak_process_resident_memory_bytes"] == 1048576 * 1024
    assert body.of_pid(700)["memleak_process_cpu_seconds_total"] == 450.5
    assert body.value("memleak_node_memory_total_bytes") == 8000000 * 1024


BROKEN = {
    "empty": lambda text: b"",
    "cut in the first field": lambda text: text[:2],
    "cut in the middle": lambda text: text[:len(text) // 2].rstrip(b"\n"),
    "cut before its last newline": lambda text: text[:-1],
    "of zeros": lambda text: b"\0" * len(text),
    "of random bytes": lambda text: bytes(range(256)) * 4,
    "longer than any": lambda text: b"x" * (3 << 20),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_stat_that_becomes_malformed_and_heals(start_exporter, host, damage):
    exporter = start_exporter(*host.flags, *FLAGS)
    whole = host.path(500, "stat").read_bytes()
    assert exporter.scrape().of_pid(500)
    host.write(500, "stat", damage(whole))
    body = exporter.scrape()
    assert not body.of_pid(500)
    assert results(body)["malformed"] == 1
    assert_neighbours_are_served(body)
    host.write(500, "stat", whole)
    healed = exporter.scrape()
    assert healed.of_pid(500)["memleak_process_cpu_seconds_total"] == 1.27
    assert results(healed)["malformed"] == 0
    assert healed.value("memleak_group_cpu_seconds_total", group="node:server.js") == 0


STATUS = {
    "empty": lambda text: b"",
    "cut in a number": lambda text: text[:text.index(b"VmRSS:") + 12],
    "cut between lines without a newline": lambda text: text[:text.index(b"\nRssAnon:")],
    "a word for a number": lambda text: text.replace(b"81920 kB", b"lots kB"),
    "another unit": lambda text: text.replace(b"81920 kB", b"81920 MB"),
    "negative": lambda text: text.replace(b"81920 kB", b"-1920 kB"),
    "more than fits": lambda text: text.replace(b" 81920 kB", b" 18446744073709551616 kB"),
    "more bytes than fit": lambda text: text.replace(b" 81920 kB", b" 18446744073709551615 kB"),
    "no user": lambda text: text.replace(b"Uid:\t1002\t1002", b"Uid:\tme\tme"),
}


@pytest.mark.parametrize("damage", STATUS.values(), ids=STATUS.keys())
def test_malformed_status(start_exporter, host, damage):
    """No value of such a process is believed, and none is 0."""
    whole = host.path(500, "status").read_bytes()
    assert damage(whole) != whole
    host.write(500, "status", damage(whole))
    body = start_exporter(*host.flags, *FLAGS).scrape()
    assert not body.of_pid(500)
    assert not body.has("memleak_group_processes", group="node:server.js")
    assert results(body)["malformed"] == 1
    assert_neighbours_are_served(body)


@pytest.mark.parametrize("name", ["stat", "status", "fd"])
def test_process_that_vanishes_between_two_reads(start_exporter, host, name):
    """Each read may be the first that finds it gone."""
    exporter = start_exporter(*host.flags, *FLAGS)
    assert exporter.scrape().of_pid(500)
    host.path(500, name).rename(host.path(500, f".{name}"))
    body = exporter.scrape()
    assert not body.of_pid(500)
    assert results(body)["gone"] == 1
    assert_neighbours_are_served(body)


@pytest.mark.parametrize("name", ["cmdline", "exe", "limits"])
def test_name_or_limit_that_is_missing(start_exporter, host, name):
    """Those reads come later and elsewhere; a miss leaves out what they would have told."""
    host.path(500, name).unlink()
    body = start_exporter(*host.flags, *FLAGS).scrape()
    said = body.of_pid(500)
    assert said["memleak_process_resident_memory_bytes"] == 81920 * 1024
    group = body.labels("memleak_process_info", pid="500")["group"]
    assert group == {"cmdline": "node", "exe": "node:server.js", "limits": "node:server.js"}[name]
    assert ("memleak_process_max_fds" in said) == (name != "limits")


@pytest.mark.parametrize("name", ["stat", "status"])
def test_fifo_in_the_place_of_a_file(start_exporter, host, name):
    """Nothing under the lock waits for a writer."""
    host.make_fifo(500, name)
    body = start_exporter(*host.flags, *FLAGS).scrape()
    assert not body.of_pid(500)
    assert results(body)["malformed"] == 1
    assert_neighbours_are_served(body)


def test_directory_in_the_place_of_a_file(start_exporter, host):
    host.path(500, "stat").unlink()
    host.path(500, "stat").mkdir()
    body = start_exporter(*host.flags, *FLAGS).scrape()
    assert not body.of_pid(500)
    assert_neighbours_are_served(body)


MEMINFO = {
    "empty": lambda text: b"",
    "cut in the middle": lambda text: text[:len(text) // 2 - 3],
    "a word for a number": lambda text: text.replace(b"4500000 kB", b"lots kB"),
    "without a total": lambda text: text.replace(b"MemTotal:", b"MemTutti:"),
}


@pytest.mark.parametrize("damage", MEMINFO.values(), ids=MEMINFO.keys())
def test_malformed_meminfo(start_exporter, host, damage):
    """The collector fails visibly and alone."""
    exporter = start_exporter(*host.flags, *FLAGS)
    path = host.path("meminfo")
    whole = path.read_bytes()
    new = host.path(".meminfo.new")
    new.write_bytes(damage(whole))
    os.replace(new, path)
    body = exporter.scrape()
    failed = {labels["collector"]
              for labels, value in body.find("memleak_scrape_collector_success") if value == 0}
    assert failed == {"meminfo", "node_trend", "swap"}
    assert not any(re.fullmatch("memleak_node_(memory_.*|swap_total|swap_free)_bytes", name)
                   for name in body.families)
    assert body.of_pid(310)
    assert exporter.get("/api/v1/node").status == 200
    path.write_bytes(whole)
    assert_neighbours_are_served(exporter.scrape())


def test_meminfo_without_a_line(start_exporter, host):
    """An old kernel does not print it: absent, not 0, and no failure."""
    path = host.path("meminfo")
    path.write_bytes(path.read_bytes().replace(b"Percpu:", b"Unknown:"))
    body = start_exporter(*host.flags, *FLAGS).scrape()
    assert not body.has("memleak_node_memory_percpu_bytes")
    assert body.value("memleak_scrape_collector_success", collector="meminfo") == 1
    assert_neighbours_are_served(body)
