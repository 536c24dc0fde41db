"""A group's counters: they never fall, count nothing twice, and show no spike at a restart."""

import pytest

from support.exporter import EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import copy_of_actor, unique

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

CPU = "memleak_group_cpu_seconds_total"
FAULTS = "memleak_group_major_page_faults_total"


def group_cpu(body, group):
    return body.value(CPU, group=group)


def test_members_die_and_the_counter_stays(start_exporter, start_actor, tmp_path):
    exporter = start_exporter(*EXPORT_ALL)
    group = unique("mortal")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    exporter.scrape_until("the group", lambda body: body.has(CPU, group=group))
    last = 0
    for _ in range(5):
        child = actor.tell("fork-burner", 100)
        exporter.scrape_until(f"pid {child}", lambda body: body.of_pid(child))
        alive = group_cpu(exporter.scrape(), group)
        # A child born while the exporter runs counts with all it used.
        assert round((alive - last) * 100) >= 9  # in whole ticks of 10 ms
        actor.tell("kill", child)
        last = group_cpu(exporter.scrape(), group)
        assert last >= alive
    assert 0.45 <= last < 2


def test_restart_shows_no_spike(start_exporter, start_actor, tmp_path):
    """To a new exporter an old process contributes 0, and from then on what it uses."""
    group = unique("old-timer")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    actor.tell("burn", 500)
    for _ in range(2):
        exporter = start_exporter(*EXPORT_ALL)
        body = exporter.scrape_until("the group", lambda body: body.has(CPU, group=group))
        assert body.value("memleak_process_cpu_seconds_total", pid=str(actor.pid)) >= 0.49
        assert group_cpu(body, group) == 0
        actor.tell("burn", 200)
        grown = exporter.scrape_until("what it used since",
                                      lambda body: group_cpu(body, group) >= 0.18)
        assert group_cpu(grown, group) <= 0.3
        exporter.stop()


def test_exact_sums_in_a_tree(start_exporter, tmp_path):
    """Growth of each pass adds up; a member that ends takes nothing with it."""
    group = "python:worker.py"
    host = FixtureHost("ordinary", tmp_path)
    exporter = start_exporter(*host.flags, "--scrape.min-interval=0s")

    def counters():
        body = exporter.scrape()
        return round(group_cpu(body, group), 9), body.value(FAULTS, group=group)

    assert counters() == (0, 0)
    host.set_stat(420, utime=5025 + 100, majflt=3 + 7)
    assert counters() == (1, 7)
    host.set_stat(421, utime=50 + 25, stime=25 + 25)
    assert counters() == (1.5, 7)
    host.remove(421)
    assert counters() == (1.5, 7)
    assert counters() == (1.5, 7), "nothing grew"
    # An unreadable pass is no death: what was counted before is not counted again.
    stat = host.path(420, "stat").read_bytes()
    host.write(420, "stat", b"")
    assert counters() == (1.5, 7)
    host.write(420, "stat", stat)
    assert counters() == (1.5, 7)
    host.set_stat(420, utime=5025 + 150)
    assert counters() == (2, 7)


def test_a_group_outlives_its_last_member(start_exporter, tmp_path):
    host = FixtureHost("ordinary", tmp_path)
    exporter = start_exporter(*host.flags, "--scrape.min-interval=0s")
    host.set_stat(310, utime=360000 + 1000)
    assert group_cpu(exporter.scrape(), "java:service.jar") == 10
    host.remove(310)
    body = exporter.scrape()
    assert group_cpu(body, "java:service.jar") == 10
    assert body.value("memleak_group_processes", group="java:service.jar") == 0
    # Sums of nobody are unknown, not 0.
    assert not body.has("memleak_group_resident_memory_bytes", group="java:service.jar")
    assert not body.has("memleak_group_oldest_start_time_seconds", group="java:service.jar")


@pytest.mark.parametrize("scrapes", [1, 20])
def test_churn(start_exporter, start_actor, tmp_path, scrapes):
    """Thousands of short-lived processes, before or during the scrapes: every body is whole."""
    exporter = start_exporter(*EXPORT_ALL)
    group = unique("churner")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    exporter.scrape_until("the group", lambda body: body.has(CPU, group=group))
    actor.send("churn", 3000)
    last = 0
    for i in range(scrapes):
        body = exporter.scrape(openmetrics=i % 2 == 0)
        assert group_cpu(body, group) >= last
        last = group_cpu(body, group)
        results = {labels["result"]: value
                   for labels, value in body.find("memleak_scrape_processes")}
        assert results["malformed"] == 0
    actor.answer()
