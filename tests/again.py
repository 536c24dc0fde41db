#!/usr/bin/python3
"""Runs the few tests that failed beside others once more, alone: tests/again.py JUNIT FOLDER

End-to-end tests measure real programs while others keep the machine busy. One that passes alone says that
it bears too little company, not that the exporter is wrong: its outcome becomes `alone` in JUNIT, which
report.py counts as passed and names. More than a few, or one that fails again, stay failed. Exit 0: none is
left that failed.
"""

import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

FEW = 3
SECONDS = 600


def failed_cases(tree):
    return [case for case in tree.iter("testcase")
            if case.find("failure") is not None or case.find("error") is not None]


def node_id(folder, case):
    """As pytest is asked for it: without the group that xdist adds to a name, test@group or test[a]@group."""
    function, bracket, rest = case.get("name").partition("[")
    name = f"{function}[{rest.rpartition(']')[0]}]" if bracket else function.partition("@")[0]
    return f"{folder / case.get('classname').replace('.', '/')}.py::{name}"


def main():
    path, folder = map(pathlib.Path, sys.argv[1:])
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        sys.exit(1)
    cases = failed_cases(tree)
    if not 0 < len(cases) <= FEW:
        sys.exit(f"{len(cases)} failed: too many to put down to what ran beside them")
    for case in cases:
        name = node_id(folder, case)
        with tempfile.NamedTemporaryFile(suffix=".xml") as junit:
            print(f"alone, once more: {name}", flush=True)
            again = subprocess.run([sys.executable, "-m", "pytest", "-q", f"--junitxml={junit.name}", name],
                                   timeout=SECONDS)
        if again.returncode != 0:
            sys.exit(1)
        for problem in case.findall("failure") + case.findall("error"):
            problem.tag = "alone"
    tree.write(path)


if __name__ == "__main__":
    main()
