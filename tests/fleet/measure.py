#!/usr/bin/python3
"""Simulates fleets of two sizes and measures what the rules and dashboards cost a Prometheus; started by
run.sh. README.md says what is simulated and how it is read."""

import argparse
import contextlib
import itertools
import json
import math
import os
import pathlib
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import panels  # noqa: E402  (the path is set here)
import promql  # noqa: E402
import remote_write  # noqa: E402
import rules  # noqa: E402
from fleet import Drafts, Fleet  # noqa: E402
from server import Failed, Server  # noqa: E402

HOUR = 3600
# The fleet that must be served, and within what.
TARGET_NODES = 1000
SHARE_OF_INTERVAL = 0.25
PANEL_SECONDS = 3.0
# What --query.max-samples allows by default.
MAX_SAMPLES = 50_000_000
# The older past, where only long windows of thinned series look, has a scrape in so many minutes, and
# rules leave as much out but in the last hours, in which windows of a minute's values end.
SPARSE_MINUTES = 5
DENSE_RULE_HOURS = 3
# Live minutes that the courses must still cover after the history.
SPARE_MINUTES = 180
# What cannot be told from noise is taken for linear.
NOISE_SECONDS = 0.1


def progress(text=""):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}"[:150])
        sys.stderr.flush()


class Simulation:
    """A fleet in a Prometheus of its own, and what the rules and dashboards cost there."""

    def __init__(self, stack, directory, drafts, nodes, options):
        self.nodes = nodes
        self._directory = directory / f"{nodes}-nodes"
        self._server = Server(self._directory, options.cores, options.nice)
        stack.callback(self._server.close)
        self.writer = stack.enter_context(remote_write.Writer(self._server.url))
        self.fleet = Fleet(drafts, nodes)
        self._minute = 0
        self.scraped = 0

    def skip(self, minute):
        """Without scrapes, up to there."""
        self._minute = minute

    def scrape(self, minute):
        """Writes the scrapes up to there."""
        before = self.writer.written
        self.fleet.write(self.writer, self._minute, min(minute, self.fleet.minutes))
        self.scraped += self.writer.written - before
        self._minute = max(self._minute, minute)

    def keep_up(self):
        """Writes the scrapes that have come due since."""
        self.scrape(int(time.time() - self.fleet.start) // 60)

    def measure(self, groups, dashboards, hours):
        """{name: cost} of the groups, and {(dashboard, panel): cost} of the panels."""
        live = rules.Live(self._server, self._directory, groups, self.keep_up)
        of_groups = {}
        for group in groups:
            progress(f"{self.nodes} nodes: {group.name}")
            of_groups[group.name] = live.cost(group)
        live.refresh()
        errors = list(filter(None, live.errors.values()))
        if errors:
            raise Failed("\n".join(errors))
        of_panels = {}
        for model in dashboards:
            dashboard = panels.Dashboard(self._server, model, hours)
            for cost in dashboard.costs():
                progress(f"{self.nodes} nodes: {dashboard.title}: {cost.panel}")
                of_panels[dashboard.title, cost.panel] = cost
                self.keep_up()
        return of_groups, of_panels

    def resources(self):
        size = sum(file.stat().st_size for file in self._directory.rglob("*") if file.is_file())
        return self._server.resident_bytes(), size


def write_history(stack, folder, groups, dashboards, options):
    """Fleets of all sizes with their past, hour by hour since a head block takes no older samples: the
    scrapes, then what the rules make of them. The older past is that of rules alone."""
    drawn = [query for model in dashboards for query in panels.expressions(model)]
    wanted = set().union(*map(promql.scraped, rules.expressions(groups) + drawn))
    sparse = max(0, math.ceil(rules.longest_reach(groups) / HOUR) - options.hours)
    total = sparse + options.hours
    start = int(time.time()) // HOUR * HOUR - total * HOUR
    progress("inventing nodes")
    drafts = Drafts(start, total * 60 + SPARE_MINUTES, wanted, options.drafts)
    scratch = Server(folder / "drafts", options.cores, options.nice)
    stack.callback(scratch.close)
    with remote_write.Writer(scratch.url) as writer:
        drafted = Fleet(drafts, len(drafts.drafts))
        simulations = [Simulation(stack, folder, drafts, nodes, options) for nodes in options.sizes]
        past = rules.Past(scratch, writer, groups, drawn,
                          [(simulation.fleet, simulation.writer) for simulation in simulations])
        minute = 0
        for hour in itertools.count():
            first = start + hour * HOUR
            last = min(first + HOUR, int(time.time()))
            if last - first < 60:
                break
            progress(f"history: hour {hour + 1} of {total}")
            before, minute = minute, (last - start) // 60
            drafted.write(writer, before, minute, SPARSE_MINUTES if hour < sparse else 1)
            for simulation in simulations:
                if hour < sparse:
                    simulation.skip(minute)
                else:
                    simulation.scrape(minute)
            past.evaluate(first, last, 60 * SPARSE_MINUTES if hour < total - DENSE_RULE_HOURS else 1)
    return simulations


def extrapolated(small, large, sizes):
    """To TARGET_NODES: in proportion to the larger fleet, or by a power law where the processor's time
    rises faster than the nodes. (By the clock, one evaluation that was held up would be a law.)"""
    power = 1.0
    if small.cpu > NOISE_SECONDS and large.cpu > NOISE_SECONDS and sizes[0] < sizes[1]:
        power = max(1.0, math.log(large.cpu / small.cpu) / math.log(sizes[1] / sizes[0]))
    return large.seconds * (TARGET_NODES / sizes[1])**power


def report(sizes, results, groups):
    """Prints the tables; true if all holds."""
    (small_groups, small_panels), (large_groups, large_panels) = results
    missed = []

    def judge(name, seconds, bound, peak):
        verdicts = []
        if seconds > bound:
            verdicts.append("TOO SLOW")
        if peak > MAX_SAMPLES:
            verdicts.append("TOO MANY SAMPLES")
        if verdicts:
            missed.append(name)
        return " ".join(verdicts)

    factor = TARGET_NODES / sizes[1]
    header = (f"{'':46} {'read':>9} {'made':>7} {sizes[0]:>5} nodes {sizes[1]:>5} nodes {'cpu':>7} "
              f"{'per read':>8} {TARGET_NODES:>6} nodes {'bound':>7}")
    units = (f"{'':46} {'samples':>9} {'series':>7} {'s':>11} {'s':>11} {'s':>7} {'µs':>8} {'s':>12} "
             f"{'s':>7}")

    def line(name, small, large, made, bound):
        whole = extrapolated(small, large, sizes)
        verdict = judge(name, whole, bound, large.peak * factor)
        each = f"{large.seconds / large.read * 1e6:8.2f}" if large.read else f"{'':8}"
        print(f"{name[:46]:46} {large.read:9} {made:7} {small.seconds:11.3f} {large.seconds:11.3f} "
              f"{large.cpu:7.3f} {each} {whole:12.2f} {bound:7.2f} {verdict}".rstrip())
        return whole

    print(f"\nRule groups, one evaluation\n{header}\n{units}")
    busy = 0.0
    for group in groups:
        small, large = small_groups[group.name], large_groups[group.name]
        whole = line(group.name, small, large, large.made, group.interval * SHARE_OF_INTERVAL)
        busy += whole / group.interval
    print(f"All groups together keep {busy:.2f} cores busy at {TARGET_NODES} nodes.")
    for title in dict.fromkeys(title for title, _ in large_panels):
        print(f"\nDashboard {title}\n{header}\n{units}")
        for (of, panel), large in large_panels.items():
            if of == title:
                line(panel, small_panels[of, panel], large, large.series, PANEL_SECONDS)
    print()
    print("Missed: " + ", ".join(missed) if missed else
          f"All hold at {TARGET_NODES} nodes: groups within a quarter of their interval, panels within "
          f"{PANEL_SECONDS:.0f} s.")
    return not missed


def arguments():
    parser = argparse.ArgumentParser(prog="tests/fleet/run.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=100, help="of the larger fleet (%(default)s)")
    parser.add_argument("--hours", type=int, default=24, help="of history (%(default)s)")
    parser.add_argument("--drafts", type=int, default=4,
                        help="different nodes, of which the fleet has copies (%(default)s)")
    parser.add_argument("--rules", type=pathlib.Path, action="append",
                        help="a file of rules instead of the mixin's; repeatable")
    parser.add_argument("--dashboard", type=pathlib.Path, action="append",
                        help="a dashboard's JSON instead of that of Leaks; repeatable")
    parser.add_argument("--cores", type=int, default=2, help="for Prometheus (%(default)s)")
    parser.add_argument("--nice", type=int, default=0, help="of Prometheus (%(default)s)")
    parser.add_argument("--details", action="store_true", help="name the slowest rules of each group")
    options = parser.parse_args()
    made = ROOT / "dashboards"
    options.rules = options.rules or [made / "prometheus" / "memleak_rules.yaml",
                                      made / "prometheus" / "memleak_alerts.yaml"]
    options.dashboard = options.dashboard or [made / "grafana" / "json" / "leaks.json"]
    if options.nodes < 4 * options.drafts or options.hours < 1 or options.drafts < 1:
        parser.error("at least 1 hour, 1 draft, and 4 nodes of each")
    options.sizes = [options.nodes // 4, options.nodes]
    return options


def main():
    options = arguments()
    dashboards = [json.loads(file.read_text()) for file in options.dashboard]
    results = []
    with tempfile.TemporaryDirectory(prefix="memleak-fleet-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        groups = rules.read([file.resolve() for file in options.rules], folder / "rules", options.nice)
        begin = time.monotonic()
        simulations = write_history(stack, folder, groups, dashboards, options)
        progress()
        print(f"{options.hours} h of history in {time.monotonic() - begin:.0f} s", flush=True)
        for simulation in simulations:
            begin = time.monotonic()
            simulation.keep_up()
            results.append(simulation.measure(groups, dashboards, options.hours))
            resident, size = simulation.resources()
            progress()
            print(f"{simulation.nodes} nodes: {simulation.fleet.series} series and "
                  f"{simulation.scraped / 1e6:.1f} million samples scraped, "
                  f"{(simulation.writer.written - simulation.scraped) / 1e6:.1f} million recorded by rules; "
                  f"Prometheus holds {resident / 2**20:.0f} MiB, {size / 2**20:.0f} MiB on disk; "
                  f"measured in {time.monotonic() - begin:.0f} s", flush=True)
            if options.details:
                for name, cost in results[-1][0].items():
                    print("  ", name, *(f"{rule} {took:.3f} s" for took, rule in cost.slowest[:4]))
    print(f"Load of this machine now: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")
    return 0 if report(options.sizes, results, groups) else 1


if __name__ == "__main__":
    # Whoever ends this ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except (Failed, LookupError, remote_write.Refused, AssertionError) as error:
        progress()
        sys.exit(f"fleet: {error}")
    except KeyboardInterrupt:
        progress()
        sys.exit(130)
