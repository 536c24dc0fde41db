"""Tests and demonstrations run the rules over seconds instead of hours, by `timeScale` alone. What they
show holds for the rules as they are shipped only if nothing but durations differs."""

import fractions
import json
import re
import shutil
import subprocess

import pytest
import yaml

from support.promtool import DASHBOARDS

SCALE = fractions.Fraction(1, 60)
# {what they are in the mixin: where they are shipped}
FILES = {
    "prometheusRules": DASHBOARDS / "prometheus" / "memleak_rules.yaml",
    "prometheusAlerts": DASHBOARDS / "prometheus" / "memleak_alerts.yaml",
}
# What PromQL is made of, as far as it matters here: a duration is none within a name or a string.
TOKEN = re.compile(r"""
    (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
  | (?P<duration>(?:\d+(?:ms|[smhdwy]))+\b)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\b)
  | (?P<name>[A-Za-z_:][\w:]*)
  | (?P<space>\s+)
  | (?P<sign>.)
""", re.VERBOSE)
MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def milliseconds(duration):
    return sum(int(number) * MILLISECONDS[unit]
               for number, unit in re.findall(r"(\d+)(ms|[smhdw])", duration))


def tokens(expression):
    return [(match.lastgroup, match.group()) for match in TOKEN.finditer(expression)
            if match.lastgroup != "space"]


def is_seconds(number):
    """Seconds that are compared are whole minutes in the shipped rules. No other number is: bytes are
    powers of two, shares are below one, counts and factors are small."""
    value = fractions.Fraction(number)
    return value > 0 and value % 60 == 0


def same_duration(shipped, scaled):
    return milliseconds(scaled) == milliseconds(shipped) * SCALE


def same_number(shipped, scaled):
    if is_seconds(shipped):
        return float(scaled) == pytest.approx(float(fractions.Fraction(shipped) * SCALE), rel=1e-12)
    return scaled == shipped


def differences(where, shipped, scaled):
    """What is not as it should be, in words."""
    if type(shipped) is not type(scaled):
        yield f"{where}: {shipped!r} became {scaled!r}"
    elif isinstance(shipped, dict):
        if shipped.keys() != scaled.keys():
            yield f"{where}: {sorted(shipped)} became {sorted(scaled)}"
            return
        for key, value in shipped.items():
            name = shipped.get("record") or shipped.get("alert") or shipped.get("name", "")
            yield from differences(f"{where} {name} {key}".strip(), value, scaled[key])
    elif isinstance(shipped, list):
        if len(shipped) != len(scaled):
            yield f"{where}: {len(shipped)} became {len(scaled)}"
            return
        for one, other in zip(shipped, scaled):
            yield from differences(where, one, other)
    elif where.endswith((" for", " interval", " keep_firing_for")):
        if not same_duration(shipped, scaled):
            yield f"{where}: {shipped} became {scaled}"
    elif where.endswith(" expr"):
        yield from differences_of_expressions(where, shipped, scaled)
    elif shipped != scaled:
        yield f"{where}: {shipped!r} became {scaled!r}"


def differences_of_expressions(where, shipped, scaled):
    before, after = tokens(shipped), tokens(scaled)
    if [kind for kind, _ in before] != [kind for kind, _ in after]:
        yield f"{where}: {shipped} became {scaled}"
        return
    same = {"duration": same_duration, "number": same_number}
    for (kind, old), (_, new) in zip(before, after):
        if not same.get(kind, str.__eq__)(old, new):
            yield f"{where}: {old} became {new} in {shipped}"


def start_rendering(field):
    if shutil.which("jsonnet") is None:
        pytest.skip("needs jsonnet")
    return subprocess.Popen(
        ["jsonnet", "-e", f"((import '{DASHBOARDS}/mixin.libsonnet')"
                          f" + {{ _config+:: {{ timeScale: {SCALE} }} }}).{field}"],
        stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def scaled():
    running = {field: start_rendering(field) for field in FILES}
    documents = {field: process.communicate()[0] for field, process in running.items()}
    assert all(process.returncode == 0 for process in running.values())
    return {field: json.loads(document) for field, document in documents.items()}


@pytest.mark.parametrize("field", FILES)
def test_only_durations_differ(scaled, field):
    shipped = yaml.safe_load(FILES[field].read_text())
    found = list(differences(field, shipped, scaled[field]))
    assert not found, "\n".join(found)


def test_the_comparison_sees_what_it_should():
    """Of each kind one that is right and one that is wrong."""
    expression = 'rate(a:b1h{c="5m"}[5m] offset 1h) < 3600 and d > 0.5'
    scaled_expression = 'rate(a:b1h{c="5m"}[5s] offset 1m) < 60 and d > 0.5'
    assert not list(differences_of_expressions("", expression, scaled_expression))
    for right, wrong in (("[5s]", "[5m]"), ("offset 1m", "offset 1h"), ("< 60", "< 3600"), ("b1h", "b1m"),
                         ('c="5m"', 'c="5s"'), ("0.5", "0.1"), ("rate", "irate"), (" and", " or")):
        assert right in scaled_expression
        assert list(differences_of_expressions(
            "", expression, scaled_expression.replace(right, wrong))), wrong
    rule = {"alert": "A", "for": "10m", "labels": {"severity": "info"}, "expr": "a"}
    assert not list(differences("", rule, rule | {"for": "10s"}))
    for wrong in ({}, {"for": "9s"}, {"for": "10s", "labels": {}}, {"for": "10s", "alert": "B"}):
        assert list(differences("", rule, rule | wrong)), wrong
