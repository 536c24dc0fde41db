#!/usr/bin/python3
"""Sums what tests/run.sh ran: names what failed and what was skipped, and closes with the counts.

Reads RESULTS/steps.tsv (kind, name, exit code, last line of output) and, for each step of kind
`suite`, the JUnit files of Catch2 and pytest in RESULTS/NAME.
"""

import os
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

SKIPPED = 77
DETAILED = 20


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.alone = []  # of those that passed: not beside others

    def add_junit(self, step, path):
        try:
            cases = list(ElementTree.parse(path).iter("testcase"))
        except ElementTree.ParseError:
            # Catch2 writes the file at the end: it is empty when the program crashed.
            self.failed.append((f"{step}: {path.stem} ended in the middle", ""))
            return
        for case in cases:
            name = f"{step}: {case.get('classname', '')}: {case.get('name', '')}"
            # A test can fail and its teardown too: one test all the same.
            children = {child.tag: child for child in case}
            problem = children.get("failure", children.get("error"))
            if problem is not None:
                self.failed.append((name, problem.text or problem.get("message") or ""))
            elif "skipped" in children:
                self.skipped.append((name, children["skipped"].get("message") or ""))
            else:
                self.passed += 1
                if "alone" in children:
                    self.alone.append((name, children["alone"].text or ""))

    def add_step(self, kind, name, status, last_line, folder):
        if status == SKIPPED:
            self.skipped.append((name, last_line))
        elif kind == "suite":
            before = self.passed, len(self.failed), len(self.skipped)
            for path in sorted(folder.glob("*.xml")):
                self.add_junit(name, path)
            if (self.passed, len(self.failed), len(self.skipped)) == before:
                self.failed.append((f"{name} ran no test", ""))
            elif status != 0 and len(self.failed) == before[1]:
                self.failed.append((name, last_line))
        elif status != 0:
            self.failed.append((name, last_line))
        elif kind == "check":
            self.passed += 1


def show(title, tests, lines):
    """Names all of them; the first ones say why, the rest is in the logs."""
    for number, (name, text) in enumerate(tests):
        print(f"{title}: {name}")
        if number < DETAILED:
            for line in text.strip().splitlines()[-lines:]:
                print(f"    {line}")


def main():
    results = pathlib.Path(sys.argv[1])
    tally = Tally()
    for line in (results / "steps.tsv").read_text(errors="replace").splitlines():
        kind, name, status, last_line = line.split("\t")
        tally.add_step(kind, name, int(status), last_line, results / name)
    show("skipped", tally.skipped, 1)
    show("passed only when it ran alone", tally.alone, 20)
    show("FAILED", tally.failed, 20)
    print(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    strict = os.environ.get("CI") == "true"
    sys.exit(bool(tally.failed) or tally.passed == 0 or (strict and bool(tally.skipped)))


if __name__ == "__main__":
    main()
