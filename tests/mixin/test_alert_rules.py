"""What holds for all alerts, read from the shipped files and nothing else."""

import collections
import re

import pytest

from support.promtool import RUNBOOK, promtool, rule_groups, RULE_FILES

RULES = [rule for group in rule_groups() for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"]: [] for rule in RULES if "record" in rule}
for recording in RULES:
    if "record" in recording:
        RECORDED[recording["record"]].append(recording["expr"])


def name_of(rule):
    return f"{rule['alert']}-{rule['labels']['severity']}"


def metrics(expression):
    """Names of series in an expression."""
    without_strings = re.sub(r'"[^"]*"', '""', expression)
    return {name for name in re.findall(r"[A-Za-z_:][\w:]*", without_strings)
            if re.match(r"(memleak_|\w+:memleak_|up$|scrape_)", name)}


def reads(expression, seen=None):
    """The raw series that an expression reads, through recorded ones, too."""
    seen = set() if seen is None else seen
    for name in metrics(expression) - seen:
        seen.add(name)
        for source in RECORDED.get(name, []):
            reads(source, seen)
    return {name for name in seen if name not in RECORDED}


def test_the_rules_are_valid():
    status, output = promtool("check", "rules", "--lint=all", "--lint-fatal", *map(str, RULE_FILES))
    assert status == 0, output


def test_groups_of_rules_have_names_of_their_own():
    """Rules and alerts are put into one PrometheusRule, which refuses two of one name."""
    repeated = [name for name, count in collections.Counter(group["name"] for group in rule_groups()).items()
                if count > 1]
    assert not repeated


@pytest.mark.parametrize("alert", ALERTS, ids=name_of)
def test_an_alert_says_what_a_person_needs(alert):
    assert re.fullmatch(r"Memleak([A-Z][a-z]+)+", alert["alert"])
    assert alert["labels"] == {"severity": alert["labels"]["severity"]}
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    annotations = alert["annotations"]
    assert annotations["runbook_url"] == RUNBOOK % alert["alert"]
    # A summary is of the kind of trouble; whose it is and how bad, the description says.
    assert re.fullmatch(r"[A-Z][^{}]*\.", annotations["summary"])
    assert "$labels.instance" in annotations["description"]
    assert annotations.keys() <= {"summary", "description", "runbook_url", "growth", "time_left", "evidence"}


@pytest.mark.parametrize("alert", ALERTS, ids=name_of)
def test_no_alert_reads_what_tells_nothing(alert):
    """VSZ is address space, MemFree and page cache come and go as the kernel likes."""
    raw = reads(alert["expr"])
    assert raw
    misleading = re.compile(
        r"virtual|memory_free_bytes|cached|buffers|page_cache|file_memory|resident|memory_usage_bytes|commit|"
        r"slab_reclaimable|proportional|mapped")
    assert not [name for name in raw if misleading.search(name)]


def offending(rules, is_wrong):
    return {rule.get("record") or name_of(rule): rule["expr"] for rule in rules if is_wrong(rule["expr"])}


def test_every_recorded_series_that_is_read_is_recorded():
    def reads_nothing(expression):
        return any(":" in name and name not in RECORDED for name in metrics(expression))
    assert not offending(RULES, reads_nothing)


def test_no_rule_takes_the_rate_of_a_gauge():
    """Every drop of a gauge would count as a reset."""
    def takes_one(expression):
        rates = re.findall(r"\b(?:rate|irate|increase)\s*\(\s*([\w:]+)", expression)
        return not all(name.endswith("_total") for name in rates)
    assert not offending(RULES, takes_one)


def test_no_rule_uses_what_prometheus_3_changed():
    """Names that are gone, literals that 2.42 does not take, and patterns whose `.` matches more."""
    def uses_it(expression):
        patterns = re.findall(r'=~"([^"]*)"', expression)
        return (re.search(r"holt_winters|double_exponential|\bsqrt\(\d|\bquantile_over_time", expression)
                or not all(re.fullmatch(r"[\w|.*-]+", pattern) for pattern in patterns))
    assert not offending(RULES, uses_it)


def test_only_what_has_run_out_or_will_pages():
    pages = {alert["alert"] for alert in ALERTS if alert["labels"]["severity"] == "critical"}
    assert pages == {"MemleakGroupExhaustionPredicted", "MemleakDescriptorExhaustionPredicted",
                     "MemleakNodeExhaustionPredicted", "MemleakNodeMemoryLow", "MemleakNodeSwapClimbing",
                     "MemleakNodeMemoryPressure", "MemleakOomKillsRepeated"}
    assert not [name for name in pages if name.endswith(("Suspected", "Leak", "Outlier"))]
