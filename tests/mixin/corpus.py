#!/usr/bin/env python3
"""Scores the shipped rules and alerts on the labelled corpus of tests/corpus, as Prometheus judges them.

Each recorded series becomes what the exporter exports of a group: footprint, headroom, start time, CPU,
threads, descriptors, as far as it was recorded; and its verdict what `memleak_exporter analyze` says.
Beside the alerts as shipped stand the same alerts without a verdict, the names of its families changed to
some that nobody exports, and an alert on the verdict alone. promtool judges every rule every minute; what fired is looked at every five."""

import argparse
import concurrent.futures
import csv
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/corpus"))

import score  # noqa: E402
import scoring  # noqa: E402

RULE_FILES = [ROOT / "dashboards/prometheus" / name for name in ("memleak_rules.yaml", "memleak_alerts.yaml")]
LEAK = ("MemleakGroupLeakSuspected", "MemleakDescriptorLeakSuspected")
EXHAUSTION = "MemleakGroupExhaustionPredicted"
# Added to the names of alerts: as shipped, without a verdict, and by the verdict alone.
VERDICT, RAW, ALONE = "", "WithoutVerdict", "VerdictAlone"
FAMILY_OF_VERDICT = re.compile(r"\bmemleak_(group|process|cgroup)_\w*(leak_suspected|growth\w*|exhaustion_seconds)\b")
# What the alert as shipped is held against: seen by the same Prometheus at the same times.
VERDICT_ALONE = {"name": ALONE, "rules": [{
    "alert": LEAK[0] + ALONE, "labels": {"severity": "warning"}, "expr": "memleak_group_leak_suspected == 1"}]}
# Of which groups of rules and alerts what is scored is made.
RELEVANT = ("footprint", "group-open-fds", "fds-left", "levels", "leaks", "exhaustion", "descriptors")
STEP = 60
LOOK = 300
# So many series at a time fit in memory beside other work.
SERIES_AT_A_TIME = 40
PLAIN = {  # column: family
    "value": "memleak_group_footprint_bytes",
    "cpu_seconds": "memleak_group_cpu_seconds_total",
    "threads": "memleak_group_threads",
    "fds": "memleak_group_open_fds",
}


class CorpusError(Exception):
    pass


def samples_of(path):
    with open(path, encoding="ascii", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def families_of(columns, start):
    """{family: values, one per sample}, as the exporter shows a group."""
    families = {PLAIN[name]: columns[name] for name in PLAIN if name in columns}
    if "limit" in columns:
        families["memleak_group_headroom_bytes"] = [
            max(0.0, limit - value) for limit, value in zip(columns["limit"], columns["value"])]
    if "start_time" in columns:
        families["memleak_group_oldest_start_time_seconds"] = [t - start for t in columns["start_time"]]
    return families


def verdicts_of(lines, truth, fds):
    """Families of the verdict from `analyze --timeline`; NaN while they are not exported."""
    def told(value):
        return [math.nan if v is None else float(v) for v in map(value, lines)]

    def unless_unknown(value):
        return told(lambda sample: None if sample["state"] == "unknown" else value(sample))

    families = {
        "memleak_group_leak_suspected": unless_unknown(lambda sample: sample["leak_suspected"]),
        "memleak_group_growth_bytes_per_second": unless_unknown(
            lambda sample: sample["growth_bytes_per_second"]),
        "memleak_group_exhaustion_seconds": told(lambda sample: sample["exhaustion_seconds"]),
    }
    if fds:
        # analyze has one verdict for memory and descriptors.
        families["memleak_group_fd_leak_suspected"] = unless_unknown(lambda sample: 0)
    if truth["resource"] == "fds":
        # Growth of descriptors is none of memory.
        del families["memleak_group_growth_bytes_per_second"]
    return families


def on_grid(times, values, start, step):
    """Samples every `step` seconds from `start`, None where there is none."""
    last = int((times[-1] - start) / step + 0.5)
    out = [None] * (last + 1)
    for time, value in zip(times, values):
        out[int((time - start) / step + 0.5)] = value
    return out


def notation(values):
    """Samples as promtool reads them. What a scrape lacks that the one before had is stale at once."""
    return " ".join("_" if value is None else "stale" if math.isnan(value) else f"{value:.15g}"
                    for value in values)


def input_series(times, families, labels, start, step):
    text = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    for family, values in families.items():
        grid = on_grid(times, values, start, step)
        if not all(value is None or math.isnan(value) for value in grid):
            yield {"series": f"{family}{{{text}}}", "values": notation(grid)}


def timelines(binary, truths):
    """{file: what the verdict is at each sample}."""
    command = [binary, "analyze", "--format", "json", "--timeline", *(t["path"] for t in truths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise CorpusError(f"analyze ended with {done.returncode}: {done.stderr.strip()}")
    by_path, samples, out = {t["path"]: t["file"] for t in truths}, [], {}
    for line in done.stdout.splitlines():
        if line.startswith('{"file"'):
            out[by_path[json.loads(line)["file"]]] = samples
            samples = []
        else:
            samples.append(json.loads(line))
    return out


def promtool_program():
    program = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not program:
        raise CorpusError("no promtool; please install: prometheus (Debian 12) or promtool")
    return program


GOT = re.compile(r'time: (?P<time>\S+),\s+exp: nil\s+got: (?P<got>.*)')
ALERT = re.compile(r'\{([^}]*)\} 1E\+00')
LABEL = re.compile(r'(\w+)="([^"]*)"')
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def seconds(duration):
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([a-z]+)", duration))


def without_verdict(group):
    return {**group, "name": group["name"] + RAW, "rules": [
        {**rule, "alert": rule["alert"] + RAW, "expr": FAMILY_OF_VERDICT.sub(r"no_\g<0>", rule["expr"])}
        for rule in group["rules"]]}


def relevant_rules(folder, step):
    """Copies of the rule files without what is about other things than groups of processes, and without
    the texts of alerts, which are filled in anew at every step. A hold shorter than a step would become a
    whole one: it is left out. Files and names of groups, in order."""
    files, names = [], []
    for path in RULE_FILES:
        groups = [group for group in yaml.safe_load(path.read_text())["groups"]
                  if any(word in group["name"] for word in RELEVANT)]
        for group in groups:
            for rule in group["rules"]:
                rule.pop("annotations", None)
                if seconds(rule.get("for", "0s")) < step and step > STEP:
                    rule.pop("for", None)
        if path.name == "memleak_alerts.yaml":
            groups += [without_verdict(group) for group in groups] + [VERDICT_ALONE]
        names += [group["name"] for group in groups]
        files.append(os.path.join(folder, path.name))
        with open(files[-1], "w", encoding="utf-8") as file:
            json.dump({"groups": groups}, file)
    return files, names


def fired(test, folder):
    """{(alert, severity, group): [[from, to], ...]} of one run of promtool."""
    path = os.path.join(folder, "corpus.yaml")
    with open(path, "w", encoding="ascii") as file:
        json.dump(test, file)
    done = subprocess.run([promtool_program(), "test", "rules", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode and (" err: " in done.stdout or " got: " not in done.stdout):
        raise CorpusError(f"promtool ended with {done.returncode}: {done.stdout[:2000]}")
    out = {}
    for match in GOT.finditer(done.stdout):
        at = seconds(match["time"])
        for alert in ALERT.findall(match["got"]):
            labels = dict(LABEL.findall(alert))
            key = labels["alertname"], labels["severity"], int(labels["group"])
            intervals = out.setdefault(key, [])
            if intervals and intervals[-1][1] == at - LOOK:
                intervals[-1][1] = at
            else:
                intervals.append([at, at])
    return out


def judged_by_prometheus(binary, truths, step):
    """{(alert, severity, file): intervals}."""
    samples = timelines(binary, truths)
    series, end = [], 0
    for number, truth in enumerate(truths):
        columns = samples_of(truth["path"])
        times, start = columns["timestamp"], truth["start"]
        families = families_of(columns, start)
        verdicts = verdicts_of(samples[truth["file"]], truth, "fds" in columns)
        labels = {"job": "memleak_exporter", "instance": "node", "group": str(number)}
        series += input_series(times, families | verdicts, labels, start, STEP)
        end = max(end, times[-1] - start)
    expression = 'max by (alertname, severity, group) (max_over_time(ALERTS{alertstate="firing", group!=""}[5m]))'
    test = {
        "evaluation_interval": f"{step}s",
        "tests": [{
            "interval": f"{STEP}s",
            "input_series": series,
            "promql_expr_test": [
                {"expr": expression, "eval_time": f"{at}s", "exp_samples": []}
                for at in range(0, int(end) + LOOK, LOOK)],
        }],
    }
    with tempfile.TemporaryDirectory() as folder:
        test["rule_files"], test["group_eval_order"] = relevant_rules(folder, step)
        by_number = fired(test, folder)
    alarms = {}
    for (alert, severity, number), intervals in by_number.items():
        truth = truths[number]
        alarms[alert, severity, truth["file"]] = [
            [truth["start"] + a, truth["start"] + b] for a, b in intervals]
    return alarms


def merged(intervals):
    out = []
    for a, b in sorted(intervals):
        if out and a <= out[-1][1]:
            out[-1][1] = max(b, out[-1][1])
        else:
            out.append([a, b])
    return out


def leak_figures(truths, alarms, which):
    outcomes = {}
    for truth in truths:
        intervals = [i for alert in LEAK for i in alarms.get((alert + which, "warning", truth["file"]), [])]
        outcomes[truth["file"]] = {"suspected": merged(intervals)}
    return score.score(truths, outcomes)


def exhaustion_figures(truths, alarms, which):
    """Of the leaks that reached their limit: which were told before, how long. Of the others: how many
    were told the same."""
    doomed = [t for t in truths if t["exhaustion"] is not None]
    out = {}
    for name, severities in (("warned", ("warning", "critical")), ("paged", ("critical",))):
        left, false = [], 0
        for truth in truths:
            starts = [i[0] for s in severities
                      for i in alarms.get((EXHAUSTION + which, s, truth["file"]), [])]
            if truth["exhaustion"] is not None:
                before = [truth["exhaustion"] - a for a in starts if truth["onset"] <= a < truth["exhaustion"]]
                if before:
                    left.append(max(before) / 3600)
            elif not truth["leak"]:
                false += bool(starts)
        out[name] = {"share": scoring.ratio(len(left), len(doomed)), "hours": scoring.median(left),
                     "innocents": false}
    return out


def chosen(truths, families, seeds):
    first = min(t["seed"] for t in truths)
    return [t for t in truths if (not families or t["family"] in families)
            and (not seeds or t["seed"] < first + seeds)]


NAMES = {
    "troughs": "PromQL troughs alone",
    "verdict": "the exporter's verdict alone",
    "shipped": "alert as shipped (verdict, else troughs)",
}
LEAK_ALERTS = {"troughs": RAW, "verdict": ALONE, "shipped": VERDICT}
EXHAUSTION_ALERTS = {"troughs": RAW, "shipped": VERDICT}


def judge_set(binary, truths, jobs, step):
    # Series of one length together: a run lasts as long as its longest.
    truths = sorted(truths, key=lambda t: t["end"] - t["start"])
    parts = [truths[i:i + SERIES_AT_A_TIME] for i in range(0, len(truths), SERIES_AT_A_TIME)]
    alarms = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for some in pool.map(lambda part: judged_by_prometheus(binary, part, step), reversed(parts)):
            alarms.update(some)
    figures = {rule: leak_figures(truths, alarms, which) for rule, which in LEAK_ALERTS.items()}
    for rule, which in EXHAUSTION_ALERTS.items():
        figures[rule] |= exhaustion_figures(truths, alarms, which)
    return figures


def print_set(name, figures):
    some = figures["troughs"]
    print(f"\n{name}: {some['leaks']} leaks, {some['innocents']} innocents")
    print(f"{'':44}{'prec.':>6}{'recall':>7}{'F1':>6}{'delay':>7}")
    for rule, title in NAMES.items():
        f = figures[rule]
        print(f"{title:44}{score.number(f['precision']):>6}{score.number(f['recall']):>7}"
              f"{score.number(f['f1']):>6}{score.number(f['delay']):>7}")
    print(f"{'exhaustion, of those that end':44}{'told':>6}{'hours before':>14}{'innocents':>11}")
    for rule in EXHAUSTION_ALERTS:
        f = figures[rule]
        for what in ("warned", "paged"):
            hours = f[what]["hours"]
            title = f"{what}, by " + ("troughs alone" if rule == "troughs" else "alerts as shipped")
            print(f"{title:44}{score.percent(f[what]['share']):>6}"
                  f"{'-' if hours is None else f'{hours:.1f}':>14}"
                  f"{f[what]['innocents']:>7}/{f['innocents']}")


def print_families(figures):
    for name, family in sorted(figures["families"].items(), key=lambda item: -item[1]["leaks"]):
        print(f"  {name:22}{family['found']:>4}/{family['leaks']:<3} found"
              f"{family['false']:>4}/{family['innocents'] or family['leaks']:<3} false")


def below_floors(name, figures, floors):
    """What fell below a floor, and whether the alert as shipped is worse than the verdict alone."""
    for rule, floor in floors.items():
        for what, least in floor.items():
            value = figures[rule][what]
            if isinstance(value, dict):
                value = value["share"]
            if value is None or value < least:
                yield f"{name}, {NAMES[rule]}: {what} {score.number(value)}, floor {score.number(least)}"
    if round(figures["shipped"]["f1"], 2) < round(figures["verdict"]["f1"], 2):
        yield (f"{name}: the alert as shipped has F1 {score.number(figures['shipped']['f1'])}, "
               f"the verdict alone {score.number(figures['verdict']['f1'])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", nargs="+", metavar="INDEX", help="index-SET.jsonl of generate.py")
    parser.add_argument("--analyze", metavar="BIN", required=True, help="memleak_exporter")
    parser.add_argument("--family", action="append", help="only these")
    parser.add_argument("--families", action="append", default=[], metavar="SET",
                        help="tell the troughs' figures of each family of this set")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seeds", type=int, metavar="N", help="only the first N of each family")
    parser.add_argument("--step", type=int, default=STEP, metavar="SECONDS",
                        help="how often rules are judged (60); 300 is quicker and nearly the same")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--floors", metavar="FILE", help="exit with 1 where a set falls below a figure of it")
    args = parser.parse_args()

    floors, below, report = {}, [], {}
    if args.floors:
        with open(args.floors, encoding="ascii") as file:
            floors = json.load(file)
    for index in args.index:
        truths = chosen(score.read_index(index), args.family, args.seeds)
        name = truths[0]["set"]
        figures = judge_set(args.analyze, truths, args.jobs, args.step)
        report[name] = figures
        if not args.json:
            print_set(name, figures)
            if name in args.families:
                print_families(figures["troughs"])
            sys.stdout.flush()
        below += below_floors(name, figures, floors.get(name, {}))
    if args.json:
        print(json.dumps(score.finite(report), indent=1))
    for line in below:
        print("FAILED below floor: " + line, file=sys.stderr)
    return 1 if below else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CorpusError, score.AnalyzeError) as error:
        sys.exit(f"corpus.py: {error}")
