#!/usr/bin/python3
"""Measures what a scrape costs; started by run.sh, which builds what is measured."""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import signal
import statistics
import sys

from contestants import (
    BPF,
    FLOOR,
    NODE_EXPORTER,
    PERF,
    PROCESS_EXPORTER,
    PROCFS,
    SOURCES,
    WITHOUT_EVIDENCE,
    Broken,
    cpu_per_process,
    fetch_body,
    installed,
    measure,
    measure_idle,
    measure_without_herd,
    progress,
    ratio,
    start_herd,
    why_not,
)
from parts import (
    CGROUP_ROUNDS,
    FILE_ROUNDS,
    NODE_COLLECTORS,
    NODE_FILES,
    cost_of_evidence,
    measure_cgroups,
    measure_files,
    measure_many_cpus,
    measure_replay,
    measure_stages,
    measure_trends,
    measure_zlib,
    share_of_floor,
    show_compression,
    show_evidence,
    show_files,
    show_many_cpus,
    show_stages,
    show_trends,
)

GOAL_COUNT = 10_000
SWEEP = (1_000, 5_000, 10_000, 20_000, 30_000)
THREADED = 1_000
THREADS = 20
IDLE_SECONDS = 75
INTERVAL = 15


def show_table(results):
    head = ("", "CPU ms", "us/process", "x floor", "x process-exp.", "wall ms", "peak MB", "kB")
    head = (*head, "series")
    rows = [head]
    for name, result in results.items():
        cpu = statistics.median(result["cpu_seconds"])
        to_floor = ratio(results, name, FLOOR)
        to_process_exporter = ratio(results, name, PROCESS_EXPORTER)
        rows.append(
            (
                name,
                f"{cpu * 1e3:.1f}",
                f"{cpu * 1e6 / result['processes']:.2f}",
                f"{to_floor:.3f}" if to_floor else "-",
                f"{to_process_exporter:.4f}" if to_process_exporter else "-",
                f"{statistics.median(result['wall_seconds']) * 1e3:.1f}",
                f"{result['peak_resident_bytes'] / 1e6:.1f}",
                f"{result['bytes'] / 1e3:.1f}",
                str(result["series"]),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]
        print("  ".join(cells))


def show_ratios(results):
    """How many times one contestant's CPU is another's, and how the rounds differ in that."""
    for name, other in (
        (PROCESS_EXPORTER, BPF),
        (PROCFS, BPF),
        (PROCESS_EXPORTER, PROCFS),
        (PROCFS, FLOOR),
    ):
        if name not in results or other not in results:
            continue
        pairs = zip(results[name]["cpu_seconds"], results[other]["cpu_seconds"])
        rounds = [a / b for a, b in pairs]
        print(
            f"{name} over {other}: {statistics.median(rounds):.2f}, "
            f"the rounds between {min(rounds):.2f} and {max(rounds):.2f}"
        )


def state_per_process(results, without_herd):
    """Bytes that a process adds to what is held, by name: over what is held without the herd."""
    state = {}
    for name, (least, seen) in without_herd.items():
        more = results[name]["processes"] - seen
        state[name] = (results[name]["resident_bytes"] - least) / more
    return state


def show_memory(results, without_herd):
    for name, state in state_per_process(results, without_herd).items():
        least, seen = without_herd[name]
        print(
            f"{name}: {least / 1e6:.1f} MB with {seen} processes, "
            f"{results[name]['resident_bytes'] / 1e6:.1f} MB with {results[name]['processes']}: "
            f"{state:.0f} bytes a process"
        )


def goals(results, parts):
    files, trends, replay = parts["files"], parts["trends"], parts["replay"]
    bpf = results.get(BPF)
    measured = (
        ("process-exporter's CPU over bpf's", ratio(results, PROCESS_EXPORTER, BPF), ">=", 100),
        ("procfs's CPU over bpf's", ratio(results, PROCFS, BPF), ">=", 8),
        ("bpf's peak resident MB", bpf and bpf["peak_resident_bytes"] / 1e6, "<=", 60),
        ("procfs's CPU over the floor's", ratio(results, PROCFS, FLOOR), "<=", 1.25),
        (
            "process-exporter's CPU over procfs's",
            ratio(results, PROCESS_EXPORTER, PROCFS),
            ">=",
            9,
        ),
        ("percent of the CPU for evidence of nobody", cost_of_evidence(results)[1] * 100, "<=", 2),
        ("procfs's peak resident MB", results[PROCFS]["peak_resident_bytes"] / 1e6, "<=", 40),
        *((f"{what} over the bare reads", one["ratio"], "<=", 1.5) for what, one in files.items()),
        ("us a sample of the trends", trends["seconds_per_sample"] * 1e6, "<=", 0.3),
        ("percent of the floor's CPU for trends", share_of_floor(trends, results) * 100, "<=", 3),
        ("MB for the trends of 10,000 processes", trends["host_bytes"] / 1e6, "<=", 15),
        ("s for a million samples in analyze", replay["cpu_seconds"], "<=", 2),
    )
    verdicts = []
    for goal, value, relation, limit in measured:
        met = None if value is None else (value <= limit if relation == "<=" else value >= limit)
        verdicts.append(
            {"goal": goal, "value": value, "relation": relation, "limit": limit, "met": met}
        )
    return verdicts


def show_goals(verdicts, count):
    print("" if count == GOAL_COUNT else f"\nthe goals are meant for {GOAL_COUNT:,} processes")
    for verdict in verdicts:
        outcome = {True: "met", False: "MISSED", None: "not measured"}[verdict["met"]]
        value = "-" if verdict["value"] is None else f"{verdict['value']:.2f}"
        print(f"{verdict['goal']}: {value}, goal {verdict['relation']} {verdict['limit']}: {outcome}")


def measure_herd(count, rounds, names, threads=1):
    with contextlib.ExitStack() as stack:
        start_herd(stack, count, threads)
        return measure(count, rounds, names)


def measure_sweep(rounds, names):
    sweep = {}
    for count in SWEEP:
        sweep[count] = measure_herd(count, rounds, names)
        print(f"\n{count} idle processes")
        show_table(sweep[count])
    print(f"\nus a process at {', '.join(f'{count:,}' for count in SWEEP)}")
    for name in names:
        each = ", ".join(f"{cpu_per_process(at[name]) * 1e6:.2f}" for at in sweep.values())
        print(f"{name}: {each}; {line_through([at[name] for at in sweep.values()])}")
    return sweep


def line_through(results):
    """The straight line that fits best, and how far off it is anywhere."""
    seen = [result["processes"] for result in results]
    spent = [statistics.median(result["cpu_seconds"]) for result in results]
    slope, fixed = statistics.linear_regression(seen, spent)
    off = max(abs(fixed + slope * x - y) / y for x, y in zip(seen, spent))
    return f"{slope * 1e6:.2f} us each and {fixed * 1e3:.1f} ms fixed, off by {off:.0%} at most"


def measure_threads(threads, rounds, names):
    """What a thread more costs: THREADED processes with one thread and with `threads`."""
    few, many = (measure_herd(THREADED, rounds, names, each) for each in (1, threads))
    added = {}
    print(f"\n{THREADED} processes of {threads} threads")
    show_table(many)
    for name in names:
        one, all_ = (statistics.median(at[name]["cpu_seconds"]) for at in (few, many))
        added[name] = (all_ - one) / (THREADED * (threads - 1))
        print(
            f"{name}: {one * 1e3:.2f} ms with one thread each, {all_ * 1e3:.2f} ms with {threads}: "
            f"{added[name] * 1e6:.3f} us a further thread"
        )
    return {"processes": THREADED, "threads": threads, "seconds_per_thread": added, "many": many}


def show_idle(idle, count):
    print(f"\n{count} idle processes, a scrape each {INTERVAL} s: share of a core")
    for one in idle:
        how = "" if one["scraped"] else ", nobody scrapes"
        spread = f"{min(one['of_intervals']):.3%} to {max(one['of_intervals']):.3%}"
        print(f"{one['name']}{how}: {one['share']:.3%}, the intervals {spread}")


def contestants_to_be_had():
    """The names of all who can take part here; says who cannot."""
    names = [FLOOR]
    for source in SOURCES.values():
        reason = why_not(source)
        if reason is None:
            names.append(source)
        elif source == PROCFS:
            raise Broken(f"{source}: {reason}")
        else:
            print(f"left out, {source}: {reason}")
    names.append(WITHOUT_EVIDENCE)
    for other in (PROCESS_EXPORTER, NODE_EXPORTER):
        if installed(other):
            names.append(other)
        else:
            print(f"left out, not installed: {other}")
    return names


def measure_all(arguments):
    """All that was asked for, printed as it comes, as one document."""
    count, rounds = arguments.processes, arguments.rounds
    names = contestants_to_be_had()
    sources = [name for name in SOURCES.values() if name in names]
    document = {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "processes": count,
    }
    without_herd = measure_without_herd(sources)
    with contextlib.ExitStack() as stack:
        start_herd(stack, count)
        results = document["contestants"] = measure(count, rounds, names)
        print(f"\n{count} idle processes, medians of {rounds} scrapes each")
        show_table(results)
        show_ratios(results)
        show_memory(results, without_herd)
        show_evidence(results)
        document["state_per_process"] = state_per_process(results, without_herd)
        if arguments.stages:
            stages = document["stages"] = measure_stages(
                [source for source, name in SOURCES.items() if name in names]
            )
            show_stages(stages)
            by_zlib = document["zlib"] = measure_zlib(fetch_body(sources[0]))
            show_compression(next(iter(stages.values())), by_zlib)
        if arguments.idle:
            others = [name for name in (PROCESS_EXPORTER, NODE_EXPORTER) if name in names]
            idle = document["idle"] = measure_idle(
                arguments.idle,
                INTERVAL,
                [*((name, True) for name in [*sources, *others]), (sources[0], False)],
            )
            show_idle(idle, count)
    files = document["files"] = {
        "node collectors": measure_files(NODE_COLLECTORS, NODE_FILES, FILE_ROUNDS),
        "cgroup collector, 110 pods": measure_cgroups(CGROUP_ROUNDS),
    }
    print()
    for what, one in files.items():
        show_files(what, one)
    trends = document["trends"] = measure_trends()
    replay = document["replay"] = measure_replay()
    show_trends(trends, results, replay)
    if arguments.many_cpus:
        document["many_cpus"] = measure_many_cpus()
        show_many_cpus(document["many_cpus"])
    if arguments.threads:
        document["threads"] = measure_threads(arguments.threads, rounds, [FLOOR, *sources])
    if arguments.sweep:
        document["sweep"] = measure_sweep(rounds, [FLOOR, *sources])
    document["goals"] = goals(results, document)
    show_goals(document["goals"], count)
    return document


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processes", nargs="?", type=int, default=GOAL_COUNT)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--stages", action="store_true", help="also where the time of a scrape goes"
    )
    parser.add_argument(
        "--many-cpus", action="store_true", help="also exact sums on 64 and 128 CPUs, emulated"
    )
    parser.add_argument(
        "--threads",
        nargs="?",
        type=int,
        const=THREADS,
        metavar="T",
        help=f"also {THREADED} processes of T threads ({THREADS})",
    )
    parser.add_argument(
        "--idle",
        nargs="?",
        type=int,
        const=IDLE_SECONDS,
        metavar="SECONDS",
        help=f"also the share of a core at a scrape each {INTERVAL} s, for so long ({IDLE_SECONDS})",
    )
    parser.add_argument("--sweep", action="store_true", help=f"also {SWEEP} processes")
    parser.add_argument("--all", action="store_true", help="all of that")
    parser.add_argument("--json", type=pathlib.Path, default=PERF / "results.json")
    arguments = parser.parse_args()
    if arguments.all:
        arguments.stages = arguments.many_cpus = arguments.sweep = True
        arguments.threads = arguments.threads or THREADS
        arguments.idle = arguments.idle or IDLE_SECONDS
    # So that the exit stacks run when the driver itself is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        document = measure_all(arguments)
    except Broken as error:
        progress("")
        print(f"measure.py: {error}", file=sys.stderr)
        sys.exit(1)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
