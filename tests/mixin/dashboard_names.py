"""Names in queries, and names that there are: of what the exporter writes, from its sources, and of what
the shipped rules record."""

import functools
import pathlib
import re

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# Every family of the streaming writer, and those that prometheus-cpp keeps.
FAMILY = re.compile(r'"(memleak_\w+)",\s*MetricType::k(\w+)')
BYTES_GAUGE = re.compile(r'BytesGauge(?: \w+ =)?[({]\s*"(memleak_\w+)"|BytesGauge\(\s*"(memleak_\w+)"')
OWN_FAMILY = re.compile(r'BuildGauge\(\)\s*\.Name\("(\w+)"\)|BuildCounter\(\)\s*\.Name\("(\w+)"\)')
GOLDEN_TYPE = re.compile(r"^# TYPE (\w+) (\w+)$", re.M)
# Labels whose values are few, and how many there are.
FEW = {"resource": 7, "mapping": 6, "kind": 12, "collection": 3, "result": 7, "field": 12, "order": 2}


def sources():
    return [path.read_text() for folder in ("collectors", "exporter")
            for path in (REPOSITORY / folder).rglob("*.cc")]


@functools.cache
def _types():
    """{name in the text format: type}"""
    types = {}
    for text in sources():
        for name, kind in FAMILY.findall(text):
            types[name + ("_total" if kind == "Counter" else "")] = kind.lower()
        for names in BYTES_GAUGE.findall(text):
            types["".join(names)] = "gauge"
        for gauge, counter in OWN_FAMILY.findall(text):
            types[gauge or counter] = "gauge" if gauge else "counter"
    # What the goldens have and the sources hide: the exporter's own process.
    for path in (REPOSITORY / "tests" / "golden").glob("*.prom"):
        for name, kind in GOLDEN_TYPE.findall(path.read_text()):
            assert types.setdefault(name, kind) == kind, name
    for name in ("process_resident_memory_bytes", "process_open_fds"):
        types[name] = "gauge"
    types["process_cpu_seconds_total"] = "counter"
    return types


def exported_names():
    return set(_types())


def counters_among(names):
    return {name for name in names if _types().get(name) == "counter"}


@functools.cache
def recorded_names():
    rules = yaml.safe_load((REPOSITORY / "dashboards/prometheus/memleak_rules.yaml").read_text())
    return {rule["record"] for group in rules["groups"] for rule in group["rules"]}


def label_sizes():
    return FEW


def selectors_in(expression):
    """[(name, matchers)]; every selector of a dashboard has matchers."""
    return re.findall(r"([A-Za-z_][\w:]*)\{((?:[^}\"]|\"[^\"]*\")*)\}", expression)


def names_in(expression):
    return {name for name, _ in selectors_in(expression)}
