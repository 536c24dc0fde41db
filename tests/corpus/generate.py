#!/usr/bin/env python3
"""Writes the labelled corpus: a CSV per family and seed, as `memleak_exporter analyze` reads it,
and index-SET.jsonl with the truth about each.

The same arguments give the same bytes; a new family changes no other."""

import argparse
import json
import os
import random
import sys
import time

import families_dev
import families_held_out
from world import PAGE

SETS = {"dev": families_dev, "held-out": families_held_out}
# The sets share no seed either.
FIRST_SEED = {"dev": 1, "held-out": 1001}
COLUMNS = ("cpu_seconds", "threads", "fds", "connections")


def make(family_set, family, seed):
    rng = random.Random(f"{family_set}/{family.__name__}/{seed}")
    series = family(rng)
    return series, rng


def missing(series, rng):
    """Indices that the recorder missed: single ones, and sometimes a while."""
    gone = set()
    if rng.random() < 0.5:
        gone.update(i for i in range(1, series.n - 1) if rng.random() < 0.002)
    if rng.random() < 0.35:
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(series.n)
            gone.update(range(at, at + int(series.steps(rng.uniform(0.05, 0.75)))))
    # What the truth hangs on is there.
    for i in (0, series.onset, series.n - 1):
        gone.discard(i)
    return gone


def start_times(series):
    births = series.births
    start = series.t0 - series.age
    out, k = [], 0
    for i in range(series.n):
        if k < len(births) and i >= births[k]:
            start = series.t0 + births[k] * series.step - series.step * 0.4
            k += 1
        out.append(f"{start:.2f}")
    return out


def write(series, rng, path):
    """Writes the CSV and returns the times of its samples, missing ones included."""
    late = series.rng.choice((0.002, 0.02, 0.05)) * series.step
    offset = rng.random()
    times = [round(series.t0 + offset + i * series.step + rng.uniform(0, late), 3)
             for i in range(series.n)]
    columns = {"timestamp": times,
               "value": [max(PAGE, int(v) // PAGE * PAGE) for v in series.value]}
    if series.limit is not None:
        columns["limit"] = [int(series.limit)] * series.n
    for name in COLUMNS:
        if name in series.columns:
            columns[name] = series.columns[name]
    if series.births or rng.random() < 0.4:
        columns["start_time"] = start_times(series)
    gone = missing(series, rng)
    with open(path, "w", encoding="ascii") as out:
        out.write(",".join(columns) + "\n")
        out.writelines(",".join(map(str, row)) + "\n"
                       for i, row in enumerate(zip(*columns.values())) if i not in gone)
    return times


def truth(series, times, name, family_set, family, seed):
    last = series.n - 1
    end = series.exhaustion if series.end is None else series.end
    end = last if end is None else min(end, last)
    exhaustion = None
    if series.exhaustion is not None:
        # A program that dies is not sampled at its limit: the sample after the last would be it.
        exhaustion = (times[series.exhaustion] if series.exhaustion <= last
                      else times[last] + series.step)
    return {
        "file": name, "set": family_set, "family": family.__name__, "seed": seed,
        "leak": series.leak, "resource": series.resource if series.leak else None,
        "onset": times[series.onset] if series.leak else None,
        "start": times[0], "end": times[end],
        "limit": series.limit, "exhaustion": exhaustion,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="folder for the series, made if it is not there")
    parser.add_argument("--set", choices=SETS, action="append", help="default: all")
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="of each family (10)")
    parser.add_argument("--family", action="append", help="only these")
    args = parser.parse_args()

    begun = shown = time.monotonic()
    for family_set in args.set or SETS:
        module = SETS[family_set]
        os.makedirs(os.path.join(args.out, family_set), exist_ok=True)
        index = []
        families = [f for f in module.LEAKS + module.INNOCENTS
                    if not args.family or f.__name__ in args.family]
        for k, family in enumerate(families):
            if sys.stderr.isatty() and time.monotonic() - shown > 2:
                shown = time.monotonic()
                print(f"generating {family_set}: {k} of {len(families)} families, "
                      f"{shown - begun:.0f} s", file=sys.stderr)
            for seed in range(FIRST_SEED[family_set], FIRST_SEED[family_set] + args.seeds):
                series, rng = make(family_set, family, seed)
                name = f"{family_set}/{family.__name__}-{seed}.csv"
                times = write(series, rng, os.path.join(args.out, name))
                index.append(truth(series, times, name, family_set, family, seed))
        path = os.path.join(args.out, f"index-{family_set}.jsonl")
        with open(path, "w", encoding="ascii") as out:
            out.writelines(json.dumps(line) + "\n" for line in index)


if __name__ == "__main__":
    main()
