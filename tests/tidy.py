#!/usr/bin/env python3
"""Has clang-tidy judge every C++ file of ours that build/dev compiles: tests/tidy.py CLANG_TIDY

What was found clean is remembered by everything that the judgement depends on, preprocessed text and
configuration, below ~/.cache: a second run judges what changed since. Exit code 1: something was found.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
BUILD = REPOSITORY / "build" / "dev"
REMEMBERED = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"),
                          "memleak_exporter", "tidy")


def ours():
    """The compile commands of our own files; not of what the build generates."""
    for command in json.loads((BUILD / "compile_commands.json").read_text()):
        file = pathlib.Path(command["file"])
        if file.suffix == ".cc" and not file.is_relative_to(BUILD):
            yield file, command


def fingerprint(tool, command):
    """Of all that decides the outcome; comments count, since they can silence a check."""
    words = shlex.split(command["command"])
    at = words.index("-o")
    del words[at:at + 2]
    preprocessed = subprocess.run([*words, "-E", "-C", "-dD"], cwd=command["directory"], check=True,
                                  capture_output=True).stdout
    # Wherever the clone is.
    digest = hashlib.sha256(preprocessed.replace(bytes(REPOSITORY), b"."))
    digest.update(subprocess.run([tool, "--version"], check=True, capture_output=True).stdout)
    # Where the tool looks for them.
    for folder in pathlib.Path(command["file"]).parents:
        configuration = folder / ".clang-tidy"
        if configuration.exists():
            digest.update(configuration.read_bytes())
    return digest.hexdigest()


def judge(tool, file, command):
    """What it says of the file; empty if it is clean."""
    mark = REMEMBERED / fingerprint(tool, command)
    if mark.exists():
        return ""
    run = subprocess.run([tool, "-p", BUILD, "--quiet", file], capture_output=True, text=True)
    if run.returncode != 0:
        # The count of suppressed warnings is on the other stream.
        return run.stdout or run.stderr
    mark.touch()
    return ""


def main():
    tool = sys.argv[1]
    REMEMBERED.mkdir(parents=True, exist_ok=True)
    found = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda each: judge(tool, *each), ours()):
            if said:
                found += 1
                print(said, flush=True)
    return found > 0


if __name__ == "__main__":
    sys.exit(main())
