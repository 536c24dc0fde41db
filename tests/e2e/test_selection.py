"""What is exported one by one: the largest, old enough, within the limits; the rest in sums."""

import pytest

from support import kernel
from support.fixtures import FixtureHost
from support.programs import copy_of_actor, unique

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

MIB = 1 << 20
RESIDENT = "memleak_process_resident_memory_bytes"
FRESH = "--scrape.min-interval=0s"


def start_hogs(start_actor, directory, group, sizes):
    """Processes of one group, with about so many MiB each."""
    path = copy_of_actor(directory, group)
    hogs = []
    for size in sizes:
        hogs.append(start_actor(path=path))
        hogs[-1].tell("alloc", size * MIB)
        hogs[-1].tell("touch")
    return hogs


def test_limit(start_exporter, start_actor, tmp_path):
    """Three of them, and the sum of all."""
    group = unique("hog")
    hogs = start_hogs(start_actor, tmp_path, group, [20, 60, 30, 50, 40])
    exporter = start_exporter("--process.limit=3", "--process.min-age=0s", FRESH)
    body = exporter.scrape()
    assert len(body.find(RESIDENT)) == 3
    sizes = {pid: kernel.status(pid)["VmRSS"] for pid in (hog.pid for hog in hogs)}
    assert body.value("memleak_group_resident_memory_bytes", group=group) == pytest.approx(
        sum(sizes.values()), rel=0.01)
    assert body.value("memleak_group_processes", group=group) == 5
    results = {labels["result"]: value for labels, value in body.find("memleak_scrape_processes")}
    assert results["exported"] == 3


@pytest.fixture
def hosts(tmp_path):
    """The ordinary host with its processes' sizes: 310 is largest, then 900 (too young), 500."""
    return FixtureHost("ordinary", tmp_path)


def exported(body):
    return sorted(int(labels["pid"]) for labels, _ in body.find("memleak_process_info"))


def test_the_largest_are_chosen(start_exporter, hosts):
    body = start_exporter(*hosts.flags, "--process.limit=3").scrape()
    assert exported(body) == [310, 420, 500]
    results = {labels["result"]: value for labels, value in body.find("memleak_scrape_processes")}
    assert (results["exported"], results["grouped"]) == (3, 9)


@pytest.mark.parametrize("flag, pids", [
    ("--process.min-rss=80000KiB", [310, 500]),
    ("--process.min-rss=81921KiB", [310]),
    ("--process.min-rss=80MiB", [310, 500]),
    ("--process.min-rss=1GiB", [310]),
    ("--process.min-rss=2GB", []),
    ("--process.min-age=10s", [310, 420, 500, 600, 601, 700, 900]),
    ("--process.min-age=11s", [310, 420, 500, 600, 601, 700]),
    ("--process.min-age=23h", [310, 420, 500, 600, 601, 700]),
    ("--process.min-age=1440m", []),
    ("--process.limit=1", [310]),
    ("--process.limit=0", []),
])
def test_thresholds(start_exporter, hosts, flag, pids):
    body = start_exporter(*hosts.flags, flag).scrape()
    assert exported(body) == pids
    assert body.value("memleak_group_processes", group="nginx") == 2, "the rest is in its group"


def test_small_changes_of_size_do_not_flap(start_exporter, hosts):
    """One that was chosen stays although another one has become larger (for five minutes)."""
    exporter = start_exporter(*hosts.flags, "--process.limit=3", FRESH)
    assert exported(exporter.scrape()) == [310, 420, 500]
    status = hosts.path(700, "status").read_bytes()
    hosts.write(700, "status", status.replace(b"VmRSS:\t   24576 kB", b"VmRSS:\t   61440 kB"))
    body = exporter.scrape()
    assert exported(body) == [310, 420, 500]
    resident = "memleak_group_resident_memory_bytes"
    assert body.value(resident, group="prometheus-node-exporter") == 61440 * 1024
    # A place that becomes free is taken at once, by the largest.
    hosts.remove(500)
    assert exported(exporter.scrape()) == [310, 420, 700]


def test_one_that_falls_a_little_below_the_threshold_stays(start_exporter, hosts):
    exporter = start_exporter(*hosts.flags, "--process.min-rss=24MiB", FRESH)
    assert exported(exporter.scrape()) == [310, 420, 500, 700]
    status = hosts.path(700, "status").read_bytes()
    hosts.write(700, "status", status.replace(b"VmRSS:\t   24576 kB", b"VmRSS:\t   24000 kB"))
    assert exported(exporter.scrape()) == [310, 420, 500, 700]


def test_groups_beyond_the_limit_appear_together(start_exporter, hosts):
    """As group="(other)", with gauges only: a counter of changing members would fall."""
    full = start_exporter(*hosts.flags).scrape()
    cut = start_exporter(*hosts.flags, "--group.limit=2").scrape()

    def groups(body, name):
        return {labels["group"]: value for labels, value in body.find(f"memleak_group_{name}")}

    for name in ("resident_memory_bytes", "anon_memory_bytes", "swap_memory_bytes",
                 "footprint_bytes", "open_fds", "threads", "processes"):
        assert set(groups(cut, name)) == {"java:service.jar", "burst", "(other)"}
        assert sum(groups(cut, name).values()) == sum(groups(full, name).values())
    for name in ("cpu_seconds_total", "major_page_faults_total"):
        assert set(groups(cut, name)) == {"java:service.jar", "burst"}
    oldest = groups(full, "oldest_start_time_seconds")
    del oldest["java:service.jar"], oldest["burst"]
    assert groups(cut, "oldest_start_time_seconds")["(other)"] == min(oldest.values())


def test_no_groups_at_all(start_exporter, hosts):
    body = start_exporter(*hosts.flags, "--group.limit=0").scrape()
    assert {labels["group"] for labels, _ in body.find("memleak_group_processes")} == {"(other)"}
    assert body.value("memleak_group_processes", group="(other)") == 12


def test_a_young_process_is_exported_when_it_is_old_enough(start_exporter, hosts):
    exporter = start_exporter(*hosts.flags, FRESH)
    assert 900 not in exported(exporter.scrape())
    hosts.path("uptime").write_text("86421.00 170000.00\n")
    assert 900 in exported(exporter.scrape())


def test_snapshots_are_served_again_within_the_interval(start_exporter, hosts):
    exporter = start_exporter(*hosts.flags, "--scrape.min-interval=15s")
    first = exporter.scrape().value(RESIDENT, pid="310")
    status = hosts.path(310, "status").read_bytes()
    hosts.write(310, "status", status.replace(b"VmRSS:\t 1048576 kB", b"VmRSS:\t 1048580 kB"))
    assert exporter.scrape().value(RESIDENT, pid="310") == first
