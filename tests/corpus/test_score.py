#!/usr/bin/env python3
"""Tests of the corpus itself: the series are always the same, and the scores are right."""

import contextlib
import csv
import hashlib
import io
import json
import math
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import generate  # noqa: E402
import plot  # noqa: E402
import promql  # noqa: E402
import score  # noqa: E402
import scoring  # noqa: E402
from world import HOUR, MIB  # noqa: E402

LEAK = {"leak": True, "onset": 1000.0, "end": 1000.0 + 40 * HOUR, "exhaustion": 1000.0 + 40 * HOUR,
        "family": "f"}
INNOCENT = {"leak": False, "onset": None, "end": 9e5, "exhaustion": None, "family": "g"}


def generated(folder, *arguments, hash_seed="0"):
    subprocess.run([sys.executable, "-B", HERE / "generate.py", folder, *arguments], check=True,
                   env=dict(os.environ, PYTHONHASHSEED=hash_seed))


def contents(folder):
    """Digests: a difference of whole series takes minutes to print."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob("*") if p.is_file()}


class Generator(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def test_the_same_arguments_give_the_same_bytes(self):
        generated(self.scratch / "a", "--seeds", "1", hash_seed="1")
        generated(self.scratch / "b", "--seeds", "1", hash_seed="2")
        self.assertEqual(contents(self.scratch / "a"), contents(self.scratch / "b"))

    def test_a_family_does_not_depend_on_others_nor_on_the_number_of_seeds(self):
        generated(self.scratch / "a", "--set", "dev", "--seeds", "2")
        generated(self.scratch / "b", "--set", "dev", "--seeds", "1", "--family", "noisy")
        alone, among = contents(self.scratch / "b"), contents(self.scratch / "a")
        self.assertEqual(alone["dev/noisy-1.csv"], among["dev/noisy-1.csv"])

    def test_series_keep_the_format_and_the_truth(self):
        generated(self.scratch, "--seeds", "1")
        known = {"timestamp", "value", "limit", "cpu_seconds", "threads", "fds", "connections",
                 "start_time"}
        for family_set in generate.SETS:
            for truth in score.read_index(self.scratch / f"index-{family_set}.jsonl"):
                with self.subTest(truth["file"]), open(truth["path"], encoding="ascii") as lines:
                    rows = list(csv.DictReader(lines))
                    self.assertLessEqual(set(rows[0]), known)
                    times = [float(row["timestamp"]) for row in rows]
                    self.assertTrue(all(a < b for a, b in zip(times, times[1:])))
                    self.assertTrue(all(int(row["value"]) > 0 for row in rows))
                    cpu = [(float(row["cpu_seconds"]), row.get("start_time"))
                           for row in rows if "cpu_seconds" in row]
                    self.assertTrue(all(a[0] <= b[0] for a, b in zip(cpu, cpu[1:])
                                        if a[1] == b[1]), "counters fall only with a restart")
                    if len({start for _, start in cpu}) > 1:
                        self.assertTrue(any(a[0] > b[0] for a, b in zip(cpu, cpu[1:])),
                                        "and they do")
                    top = max(int(row["value"]) for row in rows)
                    if truth["leak"]:
                        self.assertGreaterEqual(truth["onset"], times[0])
                        self.assertGreater(truth["end"] - truth["onset"], 1200)
                        self.assertLess(top, truth["limit"] or math.inf)
                        if truth["exhaustion"] is not None:
                            self.assertGreater(truth["exhaustion"], truth["onset"])
                    elif truth["limit"]:
                        self.assertLess(top, truth["limit"])

    def test_the_sets_share_no_family_and_are_large_enough(self):
        names = {s: {f.__name__ for f in m.LEAKS + m.INNOCENTS} for s, m in generate.SETS.items()}
        self.assertFalse(names["dev"] & names["held-out"])
        for family_set, leaks, innocents in (("dev", 14, 20), ("held-out", 10, 14)):
            module = generate.SETS[family_set]
            self.assertGreaterEqual(len(module.LEAKS), leaks)
            self.assertGreaterEqual(len(module.INNOCENTS), innocents)
            self.assertEqual(len(names[family_set]), len(module.LEAKS) + len(module.INNOCENTS))

    def test_the_readme_names_every_family(self):
        text = (HERE / "README.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`(\w+)`", text))
        for family_set, module in generate.SETS.items():
            for family in module.LEAKS + module.INNOCENTS:
                self.assertIn(family.__name__, named, family_set)


class Scoring(unittest.TestCase):
    def judge(self, truth, *starts):
        return scoring.judge(truth, {"suspected": [[s, s + 60] for s in starts]})

    def test_the_deadline_is_half_of_life_but_neither_soon_nor_late(self):
        for life, due in ((0.5, 0.5), (2, 1), (40, 20), (96, 48), (200, 48)):
            truth = dict(LEAK, end=LEAK["onset"] + life * HOUR)
            self.assertEqual(scoring.deadline(truth), due * HOUR)

    def test_an_alarm_by_the_deadline_is_a_hit(self):
        self.assertTrue(self.judge(LEAK, 1000 + 20 * HOUR)["found"])
        self.assertFalse(self.judge(LEAK, 1001 + 20 * HOUR)["found"])
        self.assertEqual(self.judge(LEAK, 1000 + 10 * HOUR)["delay"], 0.25)
        self.assertEqual(self.judge(LEAK)["delay"], math.inf)

    def test_an_alarm_before_the_onset_is_false_and_finds_nothing(self):
        early = self.judge(LEAK, 900)
        self.assertTrue(early["false"])
        self.assertFalse(early["found"])
        both = self.judge(LEAK, 900, 1000 + HOUR)
        self.assertTrue(both["false"] and both["found"])

    def test_any_alarm_on_an_innocent_is_false(self):
        self.assertTrue(self.judge(INNOCENT, 5)["false"])
        self.assertFalse(self.judge(INNOCENT)["false"])

    def test_the_sums(self):
        pairs = [(LEAK, self.judge(LEAK, 1000 + HOUR * h)) for h in (4, 10, 16)]
        pairs += [(LEAK, self.judge(LEAK)), (INNOCENT, self.judge(INNOCENT, 5)),
                  (INNOCENT, self.judge(INNOCENT))]
        out = scoring.summarize(pairs)
        self.assertEqual((out["precision"], out["recall"], out["f1"]), (0.75, 0.75, 0.75))
        self.assertEqual((out["found"], out["false"], out["delay"]), (3, 1, 0.25))

    def test_the_error_is_of_the_remaining_time(self):
        at = LEAK["onset"] + 20 * HOUR
        self.assertEqual(scoring.errors(LEAK, [[0.5, at, 25 * HOUR], [0.75, at, None]]),
                         {0.5: 0.25, 0.75: math.inf})
        self.assertEqual(scoring.errors(INNOCENT, [[0.5, at, 1]]), {})
        self.assertEqual(scoring.moments(LEAK)[1], (0.5, at))

    def test_goals_are_missed_only_by_those_who_miss_them(self):
        figures = {"precision": .96, "recall": .94, "delay": .26, "slow found in 30 h": None,
                   "exhaustion": {"0.5": {"close": .9}}}
        missed = list(score.missed_goals(figures))
        self.assertEqual(len(missed), 2)
        self.assertTrue(missed[0].startswith("recall") and missed[1].startswith("delay"))

    def test_floors_are_broken_only_from_below_and_goals_stay_goals(self):
        figures = {"precision": .90, "recall": .80, "f1": .85, "delay": .24,
                   "exhaustion": {"0.5": {"close": .5}}}
        close = "exhaustion at half life within 20 %"
        with contextlib.redirect_stdout(io.StringIO()) as said:
            held = {"precision": .90, "recall": .79, "f1": .85, "delay": .25, close: .49}
            self.assertEqual(score.check_floors("dev", figures, held), [])
            self.assertIn(".05 short of the goal", said.getvalue())
            self.assertIn(".35 short of the goal", said.getvalue())
            self.assertEqual(said.getvalue().count("short of"), 3)
            for what, floor in {"precision": .91, "f1": .86, "delay": .23, close: .51}.items():
                below = score.check_floors("dev", figures, {what: floor})
                self.assertEqual(len(below), 1)
                self.assertTrue(below[0].startswith(f"dev: {what}"))
        # What cannot be judged any more has got worse, too.
        figures["exhaustion"] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(len(score.check_floors("dev", figures, {close: .1})), 1)

    def test_the_floors_are_below_the_goals(self):
        floors = json.loads((HERE / "floors.json").read_text(encoding="ascii"))
        self.assertEqual(set(floors), {"dev", "held-out"})
        for of_set in floors.values():
            self.assertLessEqual({"precision", "recall", "f1", score.GOALS[-1][0]}, set(of_set))


def recording(values, step=60, limit=None):
    times = [1.7e9 + i * step for i in range(len(values))]
    return promql.Recording(times, values, [limit] * len(values) if limit else None)


class Baselines(unittest.TestCase):
    def test_least_squares(self):
        r = recording([1000 + 7 * i for i in range(120)])
        window = promql.Range(r, HOUR)
        now, seen = list(r.evaluations())[119]
        window.move(now, seen)
        slope, last = window.line(now)
        self.assertAlmostEqual(slope, 7 / 60)
        self.assertAlmostEqual(last, 1000 + 7 * 119)
        self.assertAlmostEqual(window.r_squared(), 1)
        self.assertEqual(window.last - window.first, 60, "a range is open at the left")

    def test_deriv_waits_for_its_time(self):
        r = recording([100 * MIB + i * MIB for i in range(200)])
        ((start, end),) = promql.RULES["deriv[1h] > 10 MiB/h for 30m"](r)
        self.assertEqual((start - r.times[0], end), (31 * 60, r.times[-1]))

    def test_what_stops_for_a_minute_waits_anew(self):
        r = recording([0] * 100)
        ((start, _),) = promql.firing(r, lambda now, seen: now != 40 * 60000, 41 * 60)
        self.assertEqual(start - r.times[0], (41 + 41) * 60)
        self.assertFalse(promql.firing(r, lambda now, seen: now % (20 * 60000), 20 * 60))

    def test_a_fall_looks_like_a_counter_that_began_anew(self):
        falling = recording([10 ** 9 - i for i in range(60)])
        flat = recording([10 ** 9] * 60)
        rule = promql.RULES["rate(gauge[5m]) > 0 for 30m"]
        self.assertTrue(rule(falling))
        self.assertFalse(rule(flat))
        self.assertFalse(rule(recording([10 ** 9 + i for i in range(60)], step=300)))

    def test_prediction_needs_a_limit(self):
        values = [100 * MIB + i * MIB // 10 for i in range(600)]
        rule = promql.RULES["predict_linear[1h], 4h > 90 %"]
        self.assertFalse(rule(recording(values)))
        ((start, _),) = rule(recording(values, limit=200 * MIB))
        # 100 + 6 h + 24 is above 180 after 9.33 h, and 5 minutes later it fires.
        self.assertAlmostEqual((start - 1.7e9) / HOUR, 9.42, delta=0.05)

    def test_four_troughs(self):
        rule = promql.RULES["four troughs"]
        ramp = [100 * MIB + i * MIB // 5 for i in range(600)]
        ((start, _),) = rule(recording(ramp, limit=300 * MIB))
        self.assertAlmostEqual((start - 1.7e9) / 60, 250, delta=1)
        self.assertFalse(rule(recording(ramp)), "no limit, no hurry")
        self.assertFalse(rule(recording([100 * MIB] * 300 + [200 * MIB] * 300, limit=300 * MIB)))

    def test_sliding_minimum(self):
        self.assertEqual(promql.sliding_minimum([3, None, 5, 6, 2, None, None], 3),
                         [3, 3, 3, 5, 2, 2, 2])

    def test_exhaustion(self):
        r = recording([100 * MIB + i * MIB for i in range(100)], limit=300 * MIB)
        self.assertAlmostEqual(promql.exhaustion(r, r.times[-1], HOUR), 101 * 60, delta=1)
        self.assertIsNone(promql.exhaustion(recording([5] * 90, limit=9), 1.7e9 + 3600, HOUR))
        self.assertAlmostEqual(promql.oracle(r, r.times[0], r.times[-1]), 101 * 60, delta=120)
        self.assertIsNone(promql.oracle(recording([5] * 90, limit=9), 1.7e9, 1.7e9 + 3600))


# Says of every file what the real program would, with one alarm 2 h after the first sample.
ANALYZER = """#!{python}
import sys, json, csv
assert sys.argv[1:5] == ["analyze", "--format", "json", "--timeline"]
for path in sys.argv[5:]:
    times = [float(r["timestamp"]) for r in csv.DictReader(open(path))]
    for t in times:
        print(json.dumps({{"timestamp": t, "state": "leaking", "leak_suspected": True,
                          "growth_bytes_per_second": 1.0,
                          "exhaustion_seconds": times[-1] - t}}, separators=(",", ":")))
    print(json.dumps({{"file": path, "samples": len(times), "state": "leaking",
                      "suspected": [[times[0] + 7200, times[-1]]]}}, separators=(",", ":")))
sys.exit(3)
"""


class Program(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        generated(self.scratch, "--set", "dev", "--seeds", "1", "--family", "linear", "--family",
                  "flat")
        self.index = self.scratch / "index-dev.jsonl"

    def program(self, text):
        path = self.scratch / "analyzer"
        path.write_text(text, encoding="ascii")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def run_score(self, *arguments):
        return subprocess.run([sys.executable, "-B", HERE / "score.py", *arguments, self.index],
                              capture_output=True, text=True, check=False)

    def test_reads_what_analyze_prints(self):
        binary = self.program(ANALYZER.format(python=sys.executable))
        done = self.run_score("--analyze", binary, "--baselines", "--json", "--check",
                              "dev")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        report = json.loads(done.stdout)
        engine = report["sets"]["dev"][score.ENGINE]
        self.assertEqual(engine["families"]["flat"]["false"], 1)
        self.assertLess(engine["exhaustion"]["0.5"]["median"], 0.01)
        self.assertIn("four troughs", report["sets"]["dev"])
        self.assertTrue(report["missed"])
        table = self.run_score("--analyze", binary, "--wrong", "dev").stdout
        self.assertIn("flat-1.csv", table)

    def test_an_analyzer_that_fails_is_an_error(self):
        done = self.run_score("--analyze", self.program("#!/bin/sh\necho why >&2\nexit 1\n"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("ended with 1: why", done.stderr)
        done = self.run_score("--analyze", self.program("#!/bin/sh\nexit 0\n"))
        self.assertIn("summed up 0 of 2 files", done.stderr)

    def test_a_plot_of_each_family(self):
        binary = self.program(ANALYZER.format(python=sys.executable))
        with contextlib.redirect_stdout(io.StringIO()):
            plot.main(["--analyze", str(binary), str(self.scratch / "plots"), str(self.index)])
        self.assertIn("<svg", (self.scratch / "plots" / "dev-linear.svg").read_text())


if __name__ == "__main__":
    unittest.main()
