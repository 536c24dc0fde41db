#!/usr/bin/python3
"""Asks Prometheus and VictoriaMetrics, over the same invented fleet with the same recorded past, for every
expression of the rules, and compares what they answer; started by run.sh."""

import argparse
import contextlib
import json
import math
import pathlib
import signal
import sys
import tempfile
import time
import urllib.parse

import victoria  # first: it sets the path to the others
from victoria import ROOT

import fleet
import remote_write
import rules
from server import Failed, Server
from support import web

HOUR = 3600
FILES = [ROOT / "dashboards" / "prometheus" / f"memleak_{kind}.yaml" for kind in ("rules", "alerts")]
DRAFTS = 4
SPARE_MINUTES = 60
# A rise over windows of four hours compares two of them.
HOURS = 9
PAST_SECONDS = 300
# Asked is for times between these: a sample just at the beginning of a window is in it in Prometheus 2, and
# neither in Prometheus 3 nor here.
BESIDE_SECONDS = 37
# How long vmalert looks back for a value by default (-datasource.queryStep); Prometheus does as well.
STEP = "5m"
CLOSE = 1e-9
# MetricsQL's rate() takes the sample before the window and does not extrapolate.
CLOSE_RATES = 0.02


def progress(text=""):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}"[:150])
        sys.stderr.flush()


def ask(url, parameters):
    """{labels without the name: value}; the error's text where it is refused."""
    answer = web.request(url, "/api/v1/query?" + urllib.parse.urlencode(parameters), timeout=300)
    body = json.loads(answer.body)
    if body["status"] != "success":
        return body["error"]
    return {frozenset((name, text) for name, text in each["metric"].items() if name != "__name__"):
            float(each["value"][1]) for each in body["data"]["result"]}


def history(stack, folder, groups):
    """Both servers with the same samples, and the time of the last."""
    start = int(time.time()) // HOUR * HOUR - HOURS * HOUR
    drafts = fleet.Drafts(start, HOURS * 60 + 60 + SPARE_MINUTES, fleet.families(), DRAFTS)
    nodes = fleet.Fleet(drafts, DRAFTS)
    prometheus = Server(folder / "prometheus")
    stack.callback(prometheus.close)
    other = victoria.victoria_metrics(folder / "victoria")
    stack.callback(other.close)
    writers = [stack.enter_context(remote_write.Writer(server.url)) for server in (prometheus, other)]
    # Of every recorded series, whoever reads it.
    past = rules.Past(prometheus, writers[0], groups, rules.expressions(groups), [(nodes, writers[1])])
    for hour in range(HOURS):
        progress(f"history: hour {hour + 1} of {HOURS}")
        for writer in writers:
            nodes.write(writer, 60 * hour, 60 * hour + 60)
        past.evaluate(start + HOUR * hour, start + HOUR * (hour + 1), PAST_SECONDS)
    for writer in writers:
        writer.flush()
    end = start + HOUR * HOURS - PAST_SECONDS + BESIDE_SECONDS
    # What it was sent it shows a little later.
    web.request(other.url, "/internal/force_flush")
    return prometheus, other, end


def difference(expected, found, close):
    """In words; None where both say the same."""
    if isinstance(found, str):
        return f"refused: {found}"
    if found.keys() != expected.keys():
        return (f"{len(expected.keys() - found.keys())} of {len(expected)} series missing, "
                f"{len(found.keys() - expected.keys())} more")
    far = [(value, found[labels]) for labels, value in expected.items()
           if not math.isclose(value, found[labels], rel_tol=close, abs_tol=close)]
    return f"{len(far)} of {len(expected)} values differ, like {far[0]}" if far else None


def compare(prometheus, other, end, groups):
    """Prints each expression that has another result; their number."""
    differing = answered = total = 0
    for group in groups:
        for rule in group.rules:
            progress(f"{group.name}: {rule['name']}")
            total += 1
            close = CLOSE_RATES if "rate(" in rule["query"] else CLOSE
            said = None
            for at in (end, end - 600, end - 1200):
                expected = ask(prometheus.url, {"query": rule["query"], "time": at})
                answered += bool(expected) and at == end
                said = said or difference(expected, ask(other.url, {
                    "query": rule["query"], "time": at, "step": STEP, "nocache": 1}), close)
            if said:
                differing += 1
                progress()
                print(f"not ok {group.name}: {rule['name']}: {said}", flush=True)
    progress()
    print(f"{total} expressions, {answered} of which have an answer: {total - differing} are the same in "
          f"VictoriaMetrics, {differing} are not.")
    return differing


def main():
    argparse.ArgumentParser(prog="tests/victoriametrics/run.sh",
                            description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory(prefix="memleak-vm-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        groups = rules.read(FILES, folder / "read", nice=0)
        return 1 if compare(*history(stack, folder, groups), groups) else 0


if __name__ == "__main__":
    # Whoever ends this ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except (Failed, LookupError, remote_write.Refused, AssertionError) as error:
        progress()
        sys.exit(f"FAILED: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
