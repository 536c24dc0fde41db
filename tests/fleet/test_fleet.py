"""The simulation itself: a small fleet with little history, on which every rule and every panel answers.
What they cost is for run.sh to say."""

import json
import math
import pathlib
import shutil
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in (ROOT / "tests" / "e2e", ROOT / "tests" / "fleet"):
    sys.path.insert(0, str(folder))

import fleet  # noqa: E402  (the path is set here)
import panels  # noqa: E402
import promql  # noqa: E402
import remote_write  # noqa: E402
import rules  # noqa: E402
from server import Server  # noqa: E402

HOUR = 3600
NODES = 4
HOURS = 2
FILES = [ROOT / "dashboards" / "prometheus" / f"memleak_{kind}.yaml" for kind in ("rules", "alerts")]
LEAKS = ROOT / "dashboards" / "grafana" / "json" / "leaks.json"

pytestmark = pytest.mark.skipif(not shutil.which("prometheus"), reason="no Prometheus")


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    return rules.read(FILES, tmp_path_factory.mktemp("rules"), nice=0)


@pytest.fixture(scope="module")
def small_fleet(groups, tmp_path_factory):
    """(its server, its drafts, what keeps it scraped), with the rules evaluated."""
    directory = tmp_path_factory.mktemp("fleet")
    queries = rules.expressions(groups) + list(panels.expressions(json.loads(LEAKS.read_text())))
    start = int(time.time()) // 60 * 60 - HOURS * HOUR
    drafts = fleet.Drafts(start, HOURS * 60 + 60, set().union(*map(promql.scraped, queries)), 2)
    nodes = fleet.Fleet(drafts, NODES)
    server = Server(directory, cores=2)
    try:
        with remote_write.Writer(server.url) as writer:
            minute = 0

            def keep_up():
                nonlocal minute
                due = int(time.time() - start) // 60
                nodes.write(writer, minute, due)
                minute = due

            # An hour at a time: a head block takes no older samples.
            nodes.write(writer, 0, 60)
            minute = 60
            live = rules.Live(server, directory, groups, keep_up)
            live.refresh()
            yield server, drafts, live
    finally:
        server.close()


def count(server, query):
    result = server.ask("/api/v1/query", {"query": f"count({query})"})["result"]
    return int(result[0]["value"][1]) if result else 0


def test_all_rules_are_read(groups):
    written = sum(file.read_text().count(f'"{kind}":') for file in FILES for kind in ("record", "alert"))
    assert len(rules.expressions(groups)) == written > 0


def test_a_maker_comes_before_its_readers(groups):
    ordered = [rule for rule, _ in rules.in_order(groups)]
    made, seen = {rule["name"] for rule in ordered}, set()
    for rule in ordered:
        # Some look at their own past.
        assert promql.recorded(rule["query"]) & made <= seen | {rule["name"]}
        seen.add(rule["name"])
    assert len(ordered) == sum(len(group.recording) for group in groups)


def test_every_rule_is_evaluated_without_an_error(small_fleet, groups):
    _, _, live = small_fleet
    assert list(filter(None, live.errors.values())) == []
    assert len(live.errors) == len(rules.expressions(groups))


def test_the_fleet_is_as_large_as_it_says(small_fleet):
    server, drafts, _ = small_fleet
    assert count(server, "memleak_group_footprint_bytes") == NODES * fleet.GROUPS_OF_NODE
    assert count(server, "memleak_process_footprint_bytes") == NODES * fleet.PROCESSES_OF_NODE
    assert count(server, 'count by (instance) ({job="memleak"})') == NODES
    leaks = sum(labels["__name__"] == "memleak_group_exhaustion_seconds"
                for draft in drafts.drafts for labels, _ in draft.series)
    assert count(server, "memleak_group_exhaustion_seconds") == leaks * NODES // len(drafts.drafts)


def test_every_variable_and_panel_of_the_fleet_view_answers(small_fleet):
    server, _, _ = small_fleet
    model = json.loads(LEAKS.read_text())
    costs = list(panels.Dashboard(server, model, HOURS).costs())
    assert len(costs) == len(model["templating"]["list"]) + len(list(panels.panels_of(model)))
    assert all(cost.queries for cost in costs if not cost.panel.startswith("$"))
    assert sum(cost.series for cost in costs) > 0


def test_what_the_past_records_of_a_draft_is_recorded_of_its_copies():
    drafts = fleet.Drafts(0, 10, set(), 2)
    nodes = fleet.Fleet(drafts, 5)
    own = fleet.target(1) | {"__name__": "group:x:min5m", "group": "a"}
    copies = nodes.copies_of(own)
    assert len(copies) == 2
    assert remote_write.labels(sorted(own.items())) == copies[0]
    assert b"node-0003" in copies[1] and b"group:x:min5m" in copies[1]
    assert len(nodes.copies_of({"__name__": "fleet:x:y", "group": "a"})) == 1


def test_what_is_not_simulated_is_named():
    with pytest.raises(LookupError, match="memleak_group_unheard_of"):
        fleet.Drafts(0, 10, {"memleak_group_unheard_of"}, 1)


@pytest.mark.parametrize("query, names, reach", [
    ('min_over_time(memleak_x{a="b:c"}[5m]) - ignoring (pid) memleak_y offset 1h30m', {"memleak_x", "memleak_y"},
     300 + 5400),
    ("sum by (memleak_label) (up == 0) unless on (job) process_start_time_seconds",
     {"up", "process_start_time_seconds"}, 0),
    ("max_over_time(group:memleak_x:min5m[1h:5m])", set(), 3600),
])
def test_what_an_expression_reads(query, names, reach):
    assert promql.scraped(query) == names
    assert promql.reach(query) == reach


def test_slow_growth_is_extrapolated_as_it_grows():
    import measure

    def extrapolated(small, large, *by_the_clock):
        costs = [rules.Cost(seconds, cpu, 0, 0, 0, [])
                 for seconds, cpu in zip(by_the_clock or (small, large), (small, large))]
        return measure.extrapolated(*costs, (25, 100))

    assert extrapolated(0.1, 0.4) == pytest.approx(4)
    assert extrapolated(1, 16) == pytest.approx(1600)
    # Not linear yet: what it costs to begin with.
    assert extrapolated(0.4, 0.5) == pytest.approx(5)
    assert math.isclose(extrapolated(0.001, 0.05), 0.5)
    # Held up at one of the sizes: told by the clock, but no law.
    assert extrapolated(1, 4, 1, 8) == pytest.approx(80)
