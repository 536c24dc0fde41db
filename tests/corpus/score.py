#!/usr/bin/env python3
"""Scores `memleak_exporter analyze`, and the PromQL rules that people use, on a labelled corpus.

  score.py --analyze BIN --baselines INDEX...

Found: the first alarm at or after the onset comes by onset + max(30 min, min(half life, 48 h)).
False: any alarm on an innocent series, or before the onset. Delay: median over all leaks, one that
is never found being the latest."""

import argparse
import concurrent.futures
import csv
import json
import math
import os
import subprocess
import sys
import time

import promql
import scoring

ENGINE = "memleak_exporter"
# Predicts but raises no alarm: how far a straight line gets at best.
ORACLE = "line since the true onset"
FILES_AT_A_TIME = 8
CLOSE_HEADER = f"{'error':>9}{'close':>7}" * len(scoring.SHARES)
SLOW_FAMILIES = ("slow", "small_and_slow")

# Precision, recall, delay, hours until slow leaks are found, exhaustion at half life.
GOALS = (("precision", .95), ("recall", .95), ("delay", .25), ("slow found in 30 h", .95),
         ("exhaustion at half life within 20 %", .85))


class AnalyzeError(Exception):
    pass


def read_index(path):
    with open(path, encoding="ascii") as lines:
        truths = [json.loads(line) for line in lines]
    for truth in truths:
        truth["path"] = os.path.join(os.path.dirname(path), truth["file"])
    return truths


# The engine


def outcomes_of(lines, truths):
    """Reads `analyze --format json --timeline`: the samples of a file, then its summary."""
    by_path = {truth["path"]: truth for truth in truths}
    outcomes, waiting, latest = {}, None, []
    for line in lines:
        if not line.startswith('{"file"'):
            latest.append(line)
            continue
        summary = json.loads(line)
        truth = by_path[summary["file"]]
        outcome = {"suspected": summary["suspected"], "predictions": [], "state": summary["state"]}
        waiting = scoring.moments(truth)
        if waiting:
            samples = [json.loads(sample) for sample in latest]
            for share, at in waiting:
                # The last sample that was there at that time.
                seen = [s for s in samples if s["timestamp"] <= at][-1:]
                for sample in seen:
                    outcome["predictions"].append(
                        [share, sample["timestamp"], sample["exhaustion_seconds"]])
        outcomes[truth["file"]] = outcome
        latest = []
    return outcomes


def analyze(binary, truths):
    command = [binary, "analyze", "--format", "json", "--timeline"]
    done = subprocess.run(command + [truth["path"] for truth in truths], capture_output=True,
                          text=True, check=False)
    if done.returncode not in (0, 3):
        raise AnalyzeError(f"{' '.join(command)} ended with {done.returncode}: "
                           f"{done.stderr.strip()}")
    outcomes = outcomes_of(done.stdout.splitlines(), truths)
    if len(outcomes) != len(truths):
        raise AnalyzeError(f"{' '.join(command)} summed up {len(outcomes)} of {len(truths)} files")
    return outcomes


# The baselines


def read_recording(path):
    with open(path, encoding="ascii", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return promql.Recording(
        [float(row["timestamp"]) for row in rows], [int(row["value"]) for row in rows],
        [int(row["limit"]) for row in rows] if "limit" in rows[0] else None,
        [row["start_time"] for row in rows] if "start_time" in rows[0] else None)


def baselines_of(truth):
    recording = read_recording(truth["path"])
    out = {}
    for name, rule in promql.RULES.items():
        predictions = []
        if name in promql.PREDICTS:
            predictions = [[share, at, promql.exhaustion(recording, at, promql.PREDICTS[name])]
                           for share, at in scoring.moments(truth)]
        out[name] = {"suspected": rule(recording), "predictions": predictions}
    predictions = [[share, at, promql.oracle(recording, truth["onset"], at)]
                   for share, at in scoring.moments(truth)]
    out[ORACLE] = {"suspected": [], "predictions": predictions}
    return truth["file"], out


def cached_baselines(index, truths, pool, progress):
    """They change only with the corpus, and take a minute: kept beside the index."""
    cache = index.removesuffix(".jsonl") + ".baselines.json"
    sources = [index, promql.__file__, __file__]
    if os.path.exists(cache) and all(os.path.getmtime(cache) > os.path.getmtime(s)
                                     for s in sources):
        with open(cache, encoding="ascii") as kept:
            return json.load(kept)
    out = {name: {} for name in (*promql.RULES, ORACLE)}
    for k, (file, by_rule) in enumerate(pool.map(baselines_of, truths, chunksize=4)):
        progress("baselines", k, len(truths))
        for name, outcome in by_rule.items():
            out[name][file] = outcome
    with open(cache + ".new", "w", encoding="ascii") as kept:
        json.dump(out, kept)
    os.replace(cache + ".new", cache)
    return out


# The report


class Progress:
    """A line every two seconds, to people only."""

    def __init__(self):
        self.begun = self.shown = time.monotonic()

    def __call__(self, what, done, total):
        now = time.monotonic()
        if sys.stderr.isatty() and now - self.shown >= 2:
            self.shown = now
            print(f"{what}: {done} of {total} series, {now - self.begun:.0f} s", file=sys.stderr)


def score(truths, outcomes):
    pairs = [(truth, scoring.judge(truth, outcomes[truth["file"]])) for truth in truths]
    families = {}
    for truth, judgement in pairs:
        families.setdefault(truth["family"], []).append((truth, judgement))
    out = scoring.summarize(pairs)
    out["families"] = {name: scoring.summarize(some) for name, some in families.items()}
    slow = [j["hours"] for t, j in pairs if t["family"] in SLOW_FAMILIES]
    out["slow found in 30 h"] = scoring.ratio(sum(h <= 30 for h in slow), len(slow))
    return out


def judged(figures):
    half = figures["exhaustion"].get("0.5")
    return dict(figures, **{"exhaustion at half life within 20 %": half and half["close"]})


def falls_short(name, value, wanted):
    return value is not None and (value > wanted if name == "delay" else value < wanted)


def missed_goals(figures):
    figures = judged(figures)
    for name, goal in GOALS:
        if falls_short(name, figures[name], goal):
            yield f"{name} {number(figures[name])}, goal {number(goal)}"


def check_floors(name, figures, floors):
    """Prints how far a set is from its floors and its goals; what fell below a floor."""
    figures, goals = judged(figures), dict(GOALS)
    print(f"\n{name:38}{'now':>6}{'floor':>7}{'goal':>7}")
    for what, floor in floors.items():
        goal, distance = goals.get(what), ""
        if goal is not None and falls_short(what, figures[what], goal):
            distance = f"  {number(abs(goal - figures[what]))} short of the goal"
        print(f"  {what:36}{number(figures[what]):>6}{number(floor):>7}{number(goal):>7}{distance}")
    return [f"{name}: {what} {number(figures[what])}, floor {number(floor)}"
            for what, floor in floors.items()
            if figures[what] is None or falls_short(what, figures[what], floor)]


def finite(value):
    """JSON has no infinity: what never came is null."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def number(value):
    if value is None:
        return "-"
    return "never" if math.isinf(value) else f"{value:.2f}".removeprefix("0")


def percent(value):
    if value is None:
        return "-"
    if math.isinf(value):
        return "none"
    return f"{100 * value:.0f} %" if value < 10 else "> 900 %"


def exhaustion_columns(figures):
    out = ""
    for share in scoring.SHARES:
        at = figures["exhaustion"].get(str(share))
        out += f"{percent(at['median']):>9}{percent(at['close']):>7}" if at else f"{'-':>9}{'':7}"
    return out.rstrip()


def print_rules(name, rules):
    some = next(iter(rules.values()))
    print(f"\n{name}: {some['leaks']} leaks, {some['innocents']} innocents of "
          f"{len(some['families'])} families")
    print(f"{'':56}{'exhaustion at 25, 50, 75 % of life: median error, within 20 %':>48}")
    print(f"{'':30}{'prec.':>6}{'recall':>7}{'F1':>6}{'delay':>7}" + CLOSE_HEADER)
    for rule, figures in rules.items():
        alarms = "" if rule == ORACLE else (
            f"{number(figures['precision']):>6}{number(figures['recall']):>7}"
            f"{number(figures['f1']):>6}{number(figures['delay']):>7}")
        print(f"{rule:30}{alarms:26}{exhaustion_columns(figures)}")


def print_families(figures):
    print(f"\n  {'leaks':22}{'found':>7}{'early':>7}{'delay':>8}{'hours':>8}" + CLOSE_HEADER)
    innocents = []
    for name, family in figures["families"].items():
        if not family["leaks"]:
            innocents.append((name, family))
            continue
        hours = "never" if math.isinf(family["hours"]) else f"{family['hours']:.1f}"
        print(f"  {name:22}{family['found']:>4}/{family['leaks']:<2}{family['false'] or '':>7}"
              f"{number(family['delay']):>8}{hours:>8}{exhaustion_columns(family)}")
    print(f"\n  {'innocents':22}{'false':>7}")
    for name, family in innocents:
        print(f"  {name:22}{family['false']:>4}/{family['innocents']:<2}")


def print_wrong(truths, outcomes):
    for truth in truths:
        judgement = scoring.judge(truth, outcomes[truth["file"]])
        zero = truth["onset"] or truth["start"]
        alarms = ", ".join(f"{(a - zero) / 3600:.1f}-{(b - zero) / 3600:.1f}"
                           for a, b in outcomes[truth["file"]]["suspected"][:4]) or "none"
        if judgement["false"] or truth["leak"] and not judgement["found"]:
            by = f", due {scoring.deadline(truth) / 3600:.1f} h" if truth["leak"] else ""
            what = "false" if judgement["false"] else "missed"
            print(f"  {what:7}{truth['path']}: alarms at hours {alarms}{by}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", nargs="+", metavar="INDEX", help="index-SET.jsonl of generate.py")
    parser.add_argument("--analyze", metavar="BIN", help="memleak_exporter")
    parser.add_argument("--baselines", action="store_true", help="the PromQL rules too")
    parser.add_argument("--family", action="append", help="only these")
    parser.add_argument("--wrong", metavar="SET", action="append", default=[],
                        help="name the series of this set that were judged wrong")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", metavar="SET", action="append", default=[],
                        help="exit with 1 where this set misses a goal")
    parser.add_argument("--floors", metavar="FILE",
                        help="JSON: exit with 1 where a set falls below a figure of it")
    args = parser.parse_args()
    if not args.analyze and not args.baselines:
        parser.error("nothing to score: --analyze BIN or --baselines")

    if args.floors and (args.json or not args.analyze):
        parser.error("--floors goes with --analyze and without --json")
    floors, below = {}, []
    if args.floors:
        with open(args.floors, encoding="ascii") as file:
            floors = json.load(file)

    progress, missed, report = Progress(), [], {}
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for index in args.index:
            truths = [t for t in read_index(index) if not args.family or t["family"] in args.family]
            name, rules, outcomes = truths[0]["set"], {}, {}
            if args.analyze:
                parts = [truths[i:i + FILES_AT_A_TIME]
                         for i in range(0, len(truths), FILES_AT_A_TIME)]
                with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as callers:
                    for part in callers.map(lambda some: analyze(args.analyze, some), parts):
                        outcomes.update(part)
                        progress(f"analyze, {name}", len(outcomes), len(truths))
                rules[ENGINE] = score(truths, outcomes)
            if args.baselines:
                for rule, said in cached_baselines(index, truths, pool, progress).items():
                    rules[rule] = score(truths, said)
            report[name] = rules
            if args.analyze:
                missed += [f"{name}: {goal}" for goal in missed_goals(rules[ENGINE])]
            if not args.json:
                print_rules(name, rules)
                if args.analyze:
                    print_families(rules[ENGINE])
                if args.analyze and name in args.wrong:
                    print_wrong(truths, outcomes)
            if name in floors:
                below += check_floors(name, rules[ENGINE], floors[name])
    if args.json:
        print(json.dumps(finite({"sets": report, "missed": missed}), indent=1))
    else:
        print("\n" + ("\n".join("missed goal: " + goal for goal in missed)
                      if missed else "all goals reached" if args.analyze else ""))
    for line in below:
        print("FAILED below floor: " + line)
    checked = any(line.startswith(f"{name}: ") for name in args.check for line in missed)
    return 1 if checked or below else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AnalyzeError as error:
        sys.exit(f"score.py: {error}")
