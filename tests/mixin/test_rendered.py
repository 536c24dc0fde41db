"""The files that are committed are what the sources say, and the sources serve as a library."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from support.promtool import DASHBOARDS, promtool

SOURCES = sorted(DASHBOARDS.rglob("*.libsonnet"))
MADE = ("prometheus/*.yaml", "grafana/json/*.json")
# Nothing of it is the mixin's own.
ELSEWHERE = {
    "memleakSelector": 'job="leaks", environment!~"test|demo"',
    "clusterLabel": "region",
    "runbookUrl": "https://wiki.example/leaks/%s",
    "grafanaUrl": "https://grafana.example",
    "severities": {"page": "page", "ticket": "ticket", "information": "note"},
    "exhaustion": {"warning": {"seconds": 54321, "left": 0.33, "hold": 120},
                   "critical": {"seconds": 4321, "left": 0.11, "hold": 60}},
    "memoryLow": {"warning": {"left": 0.077, "hold": 120}, "critical": {"left": 0.033, "hold": 60}},
}


def tool(name):
    return shutil.which(name) or pytest.skip(f"no {name}; please install: jsonnet")


def test_rendering_again_changes_nothing(tmp_path):
    tool("jsonnet")
    subprocess.run([DASHBOARDS / "render.sh", tmp_path], check=True)

    def files(folder):
        return {str(path.relative_to(folder)): path.read_bytes()
                for pattern in MADE for path in folder.glob(pattern)}
    made, committed = files(tmp_path), files(DASHBOARDS)
    assert sorted(made) == sorted(committed)
    assert len(made) > 2
    # Names only: pytest would compare the texts for minutes.
    assert not [name for name in made if made[name] != committed[name]]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(DASHBOARDS)))
def test_sources_are_formatted(source):
    subprocess.run([tool("jsonnetfmt"), "--test", source], check=True)


@pytest.fixture(scope="module", name="elsewhere")
def mixin_of_another_site():
    """{rules, alerts, dashboards}, of a user who imports the mixin and changes its configuration."""
    program = """
      local mixin = (import 'mixin.libsonnet') + { _config+:: %s };
      {
        rules: mixin.prometheusRules,
        alerts: mixin.prometheusAlerts,
        dashboards: mixin.grafanaDashboards,
      }""" % json.dumps(ELSEWHERE)
    done = subprocess.run([tool("jsonnet"), "-J", DASHBOARDS, "-e", program], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def rules_of(mixin):
    return [rule for kind in ("rules", "alerts") for group in mixin[kind]["groups"] for rule in group["rules"]]


def queries(dashboards):
    """Every expression of every dashboard, and the definitions of their variables."""
    def found(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("expr", "definition", "query") and isinstance(inner, str):
                    yield inner
                else:
                    yield from found(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from found(inner)
    return list(found(dashboards))


def unselected(expression):
    """Series of the exporter in an expression that are read without the site's selector."""
    # What is grouped by or joined on are labels, whatever they are called.
    series = re.finditer(r"(?<![\w:])(memleak_\w+|up|scrape_duration_seconds|process_start_time_seconds)\b"
                         r"(?!\s*[=!]~?\s*\")(\{[^}]*\})?", expression)
    return [match[1] for match in series if ELSEWHERE["memleakSelector"] not in (match[2] or "")]


def test_a_site_chooses_which_series_are_read(elsewhere):
    assert not {rule["expr"]: names for rule in rules_of(elsewhere) if (names := unselected(rule["expr"]))}
    raw = [query for query in queries(elsewhere["dashboards"]) if re.search(r"(?<![\w:])memleak_\w+\{", query)]
    assert raw
    assert not [query for query in raw if ELSEWHERE["memleakSelector"] not in query]


def test_a_site_names_its_clusters(elsewhere):
    for rule in rules_of(elsewhere):
        assert not re.search(r"\bcluster\b", json.dumps(rule)), rule
    assert not [query for query in queries(elsewhere["dashboards"]) if re.search(r"\bcluster\s*(=|!|,|\))", query)]


def test_a_site_sets_thresholds_severities_and_links(elsewhere):
    alerts = [rule for rule in rules_of(elsewhere) if "alert" in rule]
    by_name = {(alert["alert"], alert["labels"]["severity"]): alert for alert in alerts}
    assert {severity for _, severity in by_name} == {"page", "ticket", "note"}
    for name in ("MemleakGroupExhaustionPredicted", "MemleakNodeExhaustionPredicted"):
        for severity, level in (("ticket", "warning"), ("page", "critical")):
            bounds, alert = ELSEWHERE["exhaustion"][level], by_name[name, severity]
            assert f"< {bounds['seconds']}" in alert["expr"] and f"< {bounds['left']}" in alert["expr"]
            assert alert["for"] == "%dm" % (bounds["hold"] / 60)
    assert "< 0.077" in by_name["MemleakNodeMemoryLow", "ticket"]["expr"]
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"https://wiki.example/leaks/{alert['alert']}"
        assert alert["annotations"]["dashboard_url"].startswith("https://grafana.example/d/memleak-")


def test_the_rules_of_another_site_are_valid(elsewhere, tmp_path):
    for kind in ("rules", "alerts"):
        path = tmp_path / f"{kind}.yaml"
        path.write_text(yaml.safe_dump(elsewhere[kind]))
        status, output = promtool("check", "rules", "--lint=all", "--lint-fatal", str(path))
        assert status == 0, output
