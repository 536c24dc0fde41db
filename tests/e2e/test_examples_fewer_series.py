"""deploy/prometheus/fewer_series.yml leaves out what it says, and nothing that an alert reads."""

import json
import re
import sys

import pytest
import yaml

from support import web
from support.examples import edit, install, start_prometheus
from support.exporter import REPOSITORY
from support.fixtures import FIXTURES, flags
from support.waiting import wait_for

for folder in ("fleet", "sizing"):
    sys.path.insert(0, str(REPOSITORY / "tests" / folder))

import fleet  # noqa: E402  (the path is set here)
import promql  # noqa: E402
import series  # noqa: E402

pytestmark = pytest.mark.once

DASHBOARDS = REPOSITORY / "dashboards"
NAME = re.compile(r"(?<![:\w])(?:memleak|process)_\w+")
# Alerts that the job of groups does without, and what they read.
NOT_OF_GROUPS = re.compile(r"memleak_(?:process|cgroup|jvm|node_slab_cache)_")


def read_by_alerts():
    names = set()
    for kind in ("rules", "alerts"):
        path = DASHBOARDS / "prometheus" / f"memleak_{kind}.yaml"
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                names |= promql.scraped(rule["expr"])
                names |= set(NAME.findall(json.dumps(rule.get("annotations", {}))))
    return names & fleet.families()


def read_by_dashboards(*names):
    return set().union(*(NAME.findall((DASHBOARDS / "grafana" / "json" / f"{name}.json").read_text())
                         for name in names)) & fleet.families()


def left(names, job):
    return set(series.relabelled(sorted(names), series.shipped_jobs()[job]))


def scraped(names):
    """Without what Prometheus adds itself, which no relabelling sees."""
    return {name for name in names if name.startswith(("memleak_", "process_"))}


def test_the_first_job_leaves_all_that_is_read():
    wanted = scraped(read_by_alerts() | read_by_dashboards(
        "leaks", "process", "containers", "node", "exporter"))
    assert len(wanted) > 100
    assert left(wanted, "memleak") == wanted


def test_the_second_job_leaves_what_alerts_and_leaks_read():
    wanted = scraped(read_by_alerts() | read_by_dashboards("leaks"))
    assert len(wanted) > 50
    assert left(wanted, "memleak-alerts") == wanted


def test_the_third_job_has_groups_and_the_node(start_exporter):
    exporter = start_exporter(*flags(FIXTURES / "ordinary"))
    wanted = scraped(name for name in read_by_alerts() if not NOT_OF_GROUPS.match(name))
    job = series.shipped_jobs()["memleak-groups"]
    everything = {name for name, _ in exporter.scrape().samples}
    names = {name for name, _ in exporter.scrape(path=series.path_of(job)).samples}
    # A host that is still has neither trends nor kills.
    assert wanted & everything <= names
    assert not [name for name in names if name.startswith(("memleak_process_", "memleak_cgroup_"))]


def test_prometheus_keeps_that_many(start_exporter, tmp_path):
    """What tests/sizing counts is what Prometheus has."""
    exporter = start_exporter(*flags(FIXTURES / "ordinary"), "--scrape.min-interval=0s")
    address = "%s:%d" % web.address_of(exporter.url)
    installed = install(tmp_path)
    for folder in ("", "alerts", "groups"):
        (installed / "targets" / folder).mkdir(exist_ok=True)
        (installed / "targets" / folder / "production.yml").write_text(
            json.dumps([{"targets": [address]}]))
    prometheus = start_prometheus(edit(installed / "fewer_series.yml",
                                       ("scrape_interval: 60s", "scrape_interval: 1s")))
    try:
        expected = {name: series.of_job(exporter, job) for name, job in series.shipped_jobs().items()}

        def kept():
            return {labels["job"]: value for labels, value in prometheus.query(
                "scrape_samples_post_metric_relabeling")}
        wait_for(f"{expected} series", lambda: kept() == expected)
        everything = len(exporter.scrape().samples)
        assert all(count < everything for count in expected.values())
    finally:
        prometheus.close()
