"""What can be told of a dashboard without a Grafana: the rules of Grafana's dashboard-linter, and ours.
That queries have data is for tests/e2e/test_dashboards.py."""

import collections
import itertools
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from dashboard_files import Dashboards, interpolate, used_variables
from dashboard_names import (exported_names, counters_among, label_sizes, names_in, recorded_names,
                             selectors_in)
from support.promtool import promtool

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = Dashboards(REPOSITORY / "dashboards" / "grafana" / "json")
FILES = ["containers.json", "exporter.json", "leaks.json", "node.json", "process.json"]
# Values that no query can have by itself, so that what uses a variable is seen.
GLOBALS = {"__rate_interval": "7919s", "__interval": "7907s", "__range": "7901s", "__range_s": "7901"}
# Not what a process holds, and what every healthy node is low on.
NO_SYMPTOMS = ("virtual_memory_bytes", "node_memory_free_bytes", "page_cache_bytes",
               "memory_usage_bytes", "process_vm_")
MOST_LINES = 20

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.file)
every_panel = pytest.mark.parametrize("dashboard, panel", [
    pytest.param(dashboard, panel, id=f"{dashboard.file}-{panel.title}")
    for dashboard in DASHBOARDS for panel in dashboard.panels()])


def known(dashboard):
    return GLOBALS | {variable.name: variable.all_value or "any" for variable in dashboard.variables()}


def plain(dashboard, query):
    return interpolate(query.expression, known(dashboard))


def test_all_are_there():
    assert [dashboard.file for dashboard in DASHBOARDS] == FILES


# dashboard-linter: template-datasource-rule, template-job-rule, template-instance-rule,
# template-label-promql-rule, template-on-time-change-reload-rule

@every_dashboard
def test_variables(dashboard):
    datasource, *queries = dashboard.json["templating"]["list"]
    assert (datasource["type"], datasource["name"], datasource["query"]) == (
        "datasource", "datasource", "prometheus")
    assert [one["name"] for one in queries][:3] == ["cluster", "job", "instance"]
    for variable in dashboard.variables():
        assert variable.json["datasource"]["uid"] == "${datasource}"
        assert variable.json["refresh"] == 2, "asked again when the time range changes"
        assert variable.json["multi"]
        assert variable.json["label"]
        label, selector = variable.label_and_selector()
        assert label
        assert re.search(r"\{.*job=~", selector)
    assert dashboard.variable("job").all_value == ".+"
    assert dashboard.variable("instance").all_value == ".+"
    # Labels that may be absent are matched by nothing at all.
    for name in ("cluster", "namespace", "pod", "container"):
        if name in (variable.name for variable in dashboard.variables()):
            assert dashboard.variable(name).all_value == ".*"


@every_dashboard
def test_a_variable_depends_on_earlier_ones_only(dashboard):
    before = {"datasource", "__range"}
    for variable in dashboard.variables():
        assert used_variables(variable.query) <= before
        before.add(variable.name)


@every_dashboard
def test_every_variable_is_used(dashboard):
    used = set()
    for text in [query.expression for panel in dashboard.panels() for query in panel.queries()] + [
            variable.query for variable in dashboard.variables()]:
        used |= used_variables(text)
    assert {variable.name for variable in dashboard.variables()} <= used


@every_dashboard
def test_no_undefined_variable(dashboard):
    defined = {"datasource"} | set(known(dashboard))
    for panel in dashboard.panels():
        for query in panel.queries():
            assert used_variables(query.expression) <= defined, panel.title


# uneditable-dashboard, and what a file that is imported needs

@every_dashboard
def test_a_dashboard_can_be_imported_and_found(dashboard):
    assert dashboard.json["editable"] is False
    assert dashboard.json["uid"] == "memleak-" + dashboard.file.removesuffix(".json")
    assert "id" not in dashboard.json
    assert dashboard.json["schemaVersion"] == 39
    assert dashboard.json["tags"] == ["memleak"]
    assert dashboard.json["title"] and dashboard.json["description"]
    assert not re.search(r"https?://", dashboard.text), "nothing is fetched from elsewhere"


@every_dashboard
def test_layout(dashboard):
    panels = dashboard.rows_and_panels()
    assert len({panel.id for panel in panels}) == len(panels)
    for panel in panels:
        place = panel.json["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24, panel.title
        assert place["w"] >= 4 and place["h"] >= 1
    for one, other in itertools.combinations(panels, 2):
        a, b = one.json["gridPos"], other.json["gridPos"]
        assert (a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
                or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]), (one.title, other.title)
    titles = collections.Counter(panel.title for panel in dashboard.panels())
    assert max(titles.values()) == 1, titles


# panel-title-description-rule, panel-units-rule, panel-datasource-rule, panel-no-targets-rule

@every_panel
def test_a_panel_explains_itself(dashboard, panel):
    assert panel.title
    assert len(panel.json["description"]) > 20
    assert panel.json["description"].rstrip().endswith((".", ". "))
    assert panel.defaults["unit"]
    assert panel.defaults["noValue"], "what it means when there is nothing"
    assert panel.json["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel.queries()
    references = [query.ref for query in panel.queries()]
    assert len(set(references)) == len(references)
    for query in panel.queries():
        assert query.json["datasource"] == panel.json["datasource"]


@every_panel
def test_thresholds(dashboard, panel):
    """Nothing is red because of nothing; and nothing at all is because of address space or free memory."""
    base = panel.defaults["thresholds"]["steps"][0]
    assert base["value"] is None
    assert base["color"] != "red"
    for thresholds in panel.thresholds():
        values = [step["value"] for step in thresholds["steps"]]
        assert values[0] is None and values[1:] == sorted(values[1:])
        if len(values) > 1:
            for query in panel.queries():
                if panel.type != "table":
                    assert not any(word in query.expression for word in NO_SYMPTOMS), panel.title
    if panel.type == "stat":
        assert not any(word in query.expression for word in NO_SYMPTOMS for query in panel.queries())


# target-promql-rule, by Prometheus' own parser

@every_dashboard
def test_every_expression_is_promql(dashboard, tmp_path):
    rules = [{"record": f"panel_{panel.id}:{query.ref}", "expr": plain(dashboard, query)}
             for panel in dashboard.panels() for query in panel.queries()]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": dashboard.file, "rules": rules}]}))
    status, output = promtool("check", "rules", "--lint=none", str(path))
    assert status == 0, output


# target-job-rule, target-instance-rule, target-rate-interval-rule, target-counter-agg-rule

@every_panel
def test_queries(dashboard, panel):
    for query in panel.queries():
        selectors = selectors_in(query.expression)
        assert selectors
        for name, matchers in selectors:
            for label in ("cluster", "job", "instance"):
                assert f'{label}=~"${label}"' in matchers, (panel.title, name)
        for function, window in re.findall(r"\b(i?rate|increase)\(\w+\{[^}]*\}\[([^\]]*)\]",
                                           query.expression):
            assert window == ("$__range" if function == "increase" else "$__rate_interval")
        for counter in counters_among(names_in(query.expression)):
            bare = re.sub(rf"\b(rate|increase)\({counter}\b", "", query.expression)
            assert not re.search(rf"\b{counter}\b", bare), f"{counter} without rate"
        for gauge in re.findall(r"\b(?:rate|increase)\((\w+)", query.expression):
            assert gauge in counters_among({gauge}), f"rate of {gauge}, a gauge"


@every_panel
def test_every_name_exists(dashboard, panel):
    there = exported_names() | recorded_names() | {
        # Prometheus' own, of each target and each alert.
        "up", "scrape_duration_seconds", "scrape_samples_scraped", "ALERTS"}
    for query in panel.queries():
        assert names_in(query.expression) <= there, panel.title


@every_dashboard
def test_variables_ask_for_what_exists(dashboard):
    for variable in dashboard.variables():
        _, selector = variable.label_and_selector()
        assert names_in(selector) <= exported_names()


def lines_of(expression):
    """How many series a query of a range can have at most; None if there is no telling."""
    expression = " ".join(expression.split())
    chosen = re.search(r" and (?:topk|bottomk)\((\d+), (.*)\)$", expression)
    if chosen:
        # What is chosen at each step again adds up to any number of lines.
        selectors = len(selectors_in(chosen[2]))
        return int(chosen[1]) if chosen[2].count("@ end()") == selectors else None
    grouped = re.match(r"(?:\d+ \* )?(?:sum|min|max|avg|count)(?: by \((\w+)\))? \(", expression) or re.match(
        r"(?:\d+ \* )?(?:sum|min|max|avg|count)(?: by \((\w+)\))?\(", expression)
    if grouped is None:
        return None
    return label_sizes().get(grouped[1]) if grouped[1] else 1


@every_panel
def test_drawn_lines_are_few(dashboard, panel):
    """However many nodes there are."""
    if panel.type != "timeseries":
        return
    lines = [lines_of(query.expression) for query in panel.queries()]
    assert None not in lines, panel.title
    assert sum(lines) <= MOST_LINES, panel.title


@every_panel
def test_tables_are_short_and_of_now(dashboard, panel):
    if panel.type != "table":
        return
    for query in panel.queries():
        assert query.instant and query.json["format"] == "table"
    assert [each["id"] for each in panel.json["transformations"]] == [
        "filterFieldsByName", "merge", "filterFieldsByName", "organize"]


@every_panel
def test_an_override_is_of_something(dashboard, panel):
    """A colour for a line that was renamed is lost without a word."""
    if panel.type == "table":
        names = set(panel.json["transformations"][-1]["options"]["renameByName"].values())
    else:
        names = {query.json["legendFormat"] for query in panel.queries()}
    assert {field for field, _, _ in panel.properties()} <= names


def test_a_site_names_its_jobs_and_clusters():
    """In every selector and every variable, and there is no selector of the shipped kind left."""
    if not shutil.which("jsonnet"):
        pytest.skip("no jsonnet; please install: jsonnet")
    text = subprocess.run(["jsonnet", "-e", f"""
        ((import '{REPOSITORY}/dashboards/mixin.libsonnet')
         + {{ _config+:: {{ memleakSelector: 'job="agents"', clusterLabel: 'k8s' }} }}).grafanaDashboards
        """], check=True, capture_output=True, text=True).stdout
    assert "memleak.*" not in text and " cluster=~" not in text
    for file, dashboard in json.loads(text).items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                for _, matchers in selectors_in(target["expr"]):
                    assert 'job="agents"' in matchers and 'k8s=~"$cluster"' in matchers, file
        for variable in dashboard["templating"]["list"][1:]:
            assert 'job="agents"' in variable["query"]["query"]


# Links

@every_dashboard
def test_links(dashboard):
    link, = dashboard.json["links"]
    assert (link["type"], link["tags"]) == ("dashboards", dashboard.json["tags"])
    assert link["includeVars"] and link["keepTime"]
    by_uid = {one.json["uid"]: one for one in DASHBOARDS}
    for panel in dashboard.panels():
        fields = {field for field, _, _ in panel.properties()}
        for _, name, links in panel.properties():
            for each in links if name == "links" else ():
                uid, query = re.fullmatch(r"/d/([\w-]+)\?(.*)", each["url"]).groups()
                there = {variable.name for variable in by_uid[uid].variables()}
                assert set(re.findall(r"var-(\w+)=", query)) <= there
                assert set(re.findall(r"\$\{__data\.fields\.(\w+):percentencode\}", query)) <= fields
                assert "${__url_time_range}" in query and "${datasource:queryparam}" in query


def test_the_fleet_leads_everywhere():
    """From who leaks to its processes and its node."""
    leaks = DASHBOARDS["leaks.json"].text
    assert "/d/memleak-process?" in leaks and "/d/memleak-node?" in leaks
