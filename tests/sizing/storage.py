"""What a node costs a Prometheus beside its series: what the rules record of it, and the memory and the disk
that series take. The fleet is that of tests/fleet, with all families that it can invent."""

import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fleet"))

import fleet  # noqa: E402  (the path is set here)
import remote_write  # noqa: E402
import rules  # noqa: E402
from server import Failed, Server  # noqa: E402
from support.waiting import wait_for  # noqa: E402

HOUR = 3600
RULES = [ROOT / "dashboards" / "prometheus" / f"memleak_{kind}.yaml" for kind in ("rules", "alerts")]
DRAFTS = 4
SPARE_MINUTES = 60
# A rise over windows of four hours compares two of them.
RULE_HOURS = 9
# How far apart rules are judged in that past.
PAST_SECONDS = 300
# Whole blocks of two hours lie within the history, and the head has what it has at most: three hours.
STORED_HOURS = 6
COMPACTION_SECONDS = 300


def drafts_since(hours):
    start = int(time.time()) // HOUR * HOUR - hours * HOUR
    return fleet.Drafts(start, hours * 60 + 60 + SPARE_MINUTES, fleet.families(), DRAFTS)


def due(drafts):
    return int(time.time() - drafts.start) // 60


class Recorded:
    """What the rules make of one node."""

    def __init__(self, series, samples_per_second):
        self.series = series
        self.samples_per_second = samples_per_second


def recorded(folder, progress):
    """Of the drafts, each of which is a node, with a past of raw series and of recorded ones."""
    groups = rules.read(RULES, folder / "read", nice=0)
    drafts = drafts_since(RULE_HOURS)
    nodes = fleet.Fleet(drafts, DRAFTS)
    server = Server(folder / "rules")
    try:
        with remote_write.Writer(server.url) as writer:
            past = rules.Past(server, writer, groups, [], [])
            minute = 0
            while minute < due(drafts):
                progress(f"rules: hour {minute // 60 + 1} of {RULE_HOURS}")
                last = min(minute + 60, due(drafts))
                nodes.write(writer, minute, last)
                past.evaluate(drafts.start + 60 * minute, drafts.start + 60 * last, PAST_SECONDS)
                minute = last

            def keep_up():
                nonlocal minute
                nodes.write(writer, minute, due(drafts))
                minute = due(drafts)

            live = rules.Live(server, folder / "rules", groups, keep_up)
            live.refresh()
            errors = list(filter(None, live.errors.values()))
            if errors:
                raise Failed("\n".join(errors))
            # By name: a series, and how often it gets a sample.
            made = {rule["name"]: (count(server, rule["name"]), group.interval)
                    for group in groups for rule in group.recording}
    finally:
        server.close()
    return Recorded(sum(series for series, _ in made.values()) / DRAFTS,
                    sum(series / interval for series, interval in made.values()) / DRAFTS)


def count(server, name):
    found = server.ask("/api/v1/query", {"query": f'count({{__name__="{name}"}})'})["result"]
    return int(found[0]["value"][1]) if found else 0


class Stored:
    """What series cost."""

    def __init__(self, series, resident, bytes_per_sample):
        self.series = series
        self.bytes_per_series = resident / series
        self.bytes_per_sample = bytes_per_sample


def stored(folder, node_count, progress):
    """A fleet's scrapes of some hours, every 60 s, in a Prometheus without rules."""
    drafts = drafts_since(STORED_HOURS)
    nodes = fleet.Fleet(drafts, node_count)
    server = Server(folder / "stored")
    try:
        empty = server.resident_bytes()
        with remote_write.Writer(server.url) as writer:
            minute = 0
            while minute < due(drafts):
                progress(f"scrapes: hour {minute // 60 + 1} of {STORED_HOURS}")
                last = min(minute + 60, due(drafts))
                nodes.write(writer, minute, last)
                minute = last
        blocks = wait_for("a block", lambda: blocks_below(folder / "stored" / "data"),
                          COMPACTION_SECONDS, interval=1)
        in_head, = server.own("prometheus_tsdb_head_series")
        resident = server.resident_bytes() - empty
    finally:
        server.close()
    size = sum(file.stat().st_size for block in blocks for file in block.rglob("*") if file.is_file())
    samples = sum(json.loads((block / "meta.json").read_text())["stats"]["numSamples"] for block in blocks)
    return Stored(int(in_head[()]), resident, size / samples)


def blocks_below(folder):
    return [path.parent for path in folder.glob("*/meta.json")]
