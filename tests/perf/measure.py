#!/usr/bin/python3
"""Measures what a scrape costs; started by run.sh, which builds what is measured.

The contestants take turns, so that whatever else the machine does is shared by all, and ratios are
taken within a round. The CPU time of a turn is all that the process used from the start of its turn to
the start of its next: what it does after it has answered (garbage collection, helper threads) counts.
It is read from the process's CPU clock, which counts nanoseconds of all threads, dead ones included;
/proc/PID/stat counts ticks of 10 ms and schedstat forgets the dead threads.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from support.node_of_pods import ordinary_node  # noqa: E402  (the path is set here)

PERF = ROOT / "build" / "perf"
NAMES = 50
SWEEP = (1_000, 5_000, 10_000, 20_000)
START_SECONDS = 120
SCRAPE_SECONDS = 120

MEMLEAK = "memleak_exporter"
# The same without the collectors of evidence, which have nobody to look at here.
WITHOUT_EVIDENCE = "memleak_exporter, no evidence"
EVIDENCE_COLLECTORS = ("oom", "fd_kinds", "mappings", "jvm")
PROCESS_EXPORTER = "prometheus-process-exporter"
NODE_EXPORTER = "prometheus-node-exporter"
FLOOR = "floor"

# Collectors that read whole files, and which. Not with them: `slab`, which reads once a minute, and
# `process_count`, whose pass is that over the processes.
NODE_COLLECTORS = ("meminfo", "swap", "vmstat", "pressure", "buddyinfo", "filefd")
NODE_FILES = [
    path
    for path in (
        "/proc/meminfo",
        "/proc/vmstat",
        "/proc/pressure/memory",
        "/proc/buddyinfo",
        "/proc/sys/fs/file-nr",
    )
    if os.access(path, os.R_OK)
]
REPLAYED = 1_000_000
FILE_TURN = 50
FILE_ROUNDS = 40
CGROUP_ROUNDS = 10


class Broken(Exception):
    """Something did not start or did not answer, so there is nothing to measure."""


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def cpu_seconds(pid):
    # What clock_getcpuclockid(3) makes of a pid; Python has it for threads only.
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e9


def end(process):
    """Ends one process that we started, and waits for it: what reads from us ends with its input."""
    if process.stdin:
        process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start(stack, command, **kwargs):
    # A session of its own: Ctrl-C on the terminal is for the driver, which ends everything in order.
    process = subprocess.Popen(command, start_new_session=True, **kwargs)
    stack.callback(end, process)
    return process


def start_herd(stack, count):
    """COUNT idle processes of NAMES programs, as a host has them: each leader forks its share."""
    folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=PERF)))
    leaders = []
    for i in range(min(NAMES, count)):
        program = folder / f"svc-{i}"
        shutil.copy(PERF / "herd", program)
        share = (count + i) // min(NAMES, count)
        leaders.append(start(stack, [program, str(share)], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    for leader in leaders:
        if leader.stdout.readline() != b"ready\n":
            raise Broken(f"herd: {count} processes could not be made")


class Floor:
    """The bare system calls over the processes, or over `files` (their paths)."""

    def __init__(self, stack, files=()):
        self.name = FLOOR
        self.process = start(
            stack, [PERF / "floor", *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def scrape(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Broken("floor: ended")
        processes, _, _ = answer.split()
        return {"processes": int(processes), "bytes": 0, "series": 0}


class Exporter:
    """An exporter on a free loopback port; `counter` is the family that says how much it saw."""

    def __init__(self, stack, name, command, listen, counter):
        self.name = name
        self.counter = re.compile(rf"^{counter}(?:{{.*}})? (\S+)$", re.MULTILINE)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = PERF / (name.replace(",", "").replace(" ", "-") + ".log")
        with open(self.log, "wb") as log:
            self.process = start(
                stack, [*command, f"{listen}=127.0.0.1:{self.port}"], stdout=log, stderr=log
            )
        self.wait_until_serving()

    def wait_until_serving(self):
        """Waits for the first scrape that is served: 503 says that the start is under way."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                if self.get_metrics()[0] == 200:
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"{self.name} did not start: see {self.log}")
            time.sleep(0.05)

    def get_metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SCRAPE_SECONDS)
        try:
            connection.request("GET", "/metrics", headers={"Accept": "text/plain;version=0.0.4"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def scrape(self):
        try:
            status, body = self.get_metrics()
        except OSError as error:
            raise Broken(f"{self.name} did not answer: {error}; see {self.log}") from error
        if status != 200:
            raise Broken(f"{self.name} answered {status}; see {self.log}")
        text = body.decode()
        return {
            "processes": int(sum(float(value) for value in self.counter.findall(text))),
            "bytes": len(body),
            "series": sum(1 for line in text.splitlines() if line and line[0] != "#"),
        }


def start_contestants(stack, names):
    contestants = []
    if FLOOR in names:
        contestants.append(Floor(stack))
    for name, off in ((MEMLEAK, ()), (WITHOUT_EVIDENCE, EVIDENCE_COLLECTORS)):
        if name not in names:
            continue
        command = [
            ROOT / "build/release/memleak_exporter",
            # Every scrape does the whole work.
            "--scrape.min-interval=0s",
            *(f"--no-collector.{collector}" for collector in off),
        ]
        contestants.append(
            Exporter(stack, name, command, "--web.listen-address", "memleak_group_processes")
        )
    if PROCESS_EXPORTER in names:
        config = PERF / "process-exporter.yml"
        config.write_text('process_names:\n  - name: "{{.Comm}}"\n    cmdline: [".+"]\n')
        command = [PROCESS_EXPORTER, "-threads=false", "-gather-smaps=false", "-config.path", config]
        contestants.append(
            Exporter(
                stack,
                PROCESS_EXPORTER,
                command,
                "-web.listen-address",
                "namedprocess_namegroup_num_procs",
            )
        )
    if NODE_EXPORTER in names:
        command = [NODE_EXPORTER, "--collector.disable-defaults", "--collector.processes"]
        contestants.append(
            Exporter(stack, NODE_EXPORTER, command, "--web.listen-address", "node_processes_pids")
        )
    return contestants


def start_memleak(stack, name, *flags):
    command = [ROOT / "build/release/memleak_exporter", "--scrape.min-interval=0s", *flags]
    return Exporter(stack, name, command, "--web.listen-address", "memleak_slow_reads_stuck")


def measure_files(collectors, files, rounds, flags=()):
    """What these collectors add to a scrape, over what reading their files adds to doing nothing.

    Answering costs an exporter far more than these files, so an exporter with no collectors is
    taken off, and from the floor one that reads nothing to speak of. A turn is many scrapes, each
    of which finds the caches as another process left them: so it is with a floor of one pass at a
    time, too.
    """
    with contextlib.ExitStack() as stack:
        off = ("--collector.disable-defaults", *flags)
        contestants = {
            "collectors": start_memleak(
                stack, "memleak_files", *off, *(f"--collector.{name}" for name in collectors)
            ),
            "no collectors": start_memleak(stack, "memleak_nothing", *off),
            "files": Floor(stack, files),
            "no files": Floor(stack, ["/dev/null"]),
        }
        spent = {name: [] for name in contestants}
        for turn in range(-1, rounds):
            for name, contestant in contestants.items():
                progress(f"{' '.join(collectors)}: round {turn + 1} of {rounds}, {name}")
                before = cpu_seconds(contestant.process.pid)
                for _ in range(FILE_TURN):
                    contestant.scrape()
                # The first turn grows buffers.
                if turn >= 0:
                    spent[name].append((cpu_seconds(contestant.process.pid) - before) / FILE_TURN)
        progress("")

    def added(name, nothing):
        return statistics.median(a - b for a, b in zip(spent[name], spent[nothing]))

    ours, bare = added("collectors", "no collectors"), added("files", "no files")
    return {
        "collectors": collectors,
        "files": files,
        "cpu_seconds": ours,
        "bare_cpu_seconds": bare,
        "ratio": ours / bare,
    }


def cgroup_files(hierarchy):
    """What the collector reads of a hierarchy: of all who is in them and what limits them, of
    containers, units and what is limited also what they hold."""
    files = ["/proc/meminfo", str(hierarchy / "cgroup.procs")]
    for folder in sorted(path for path in hierarchy.rglob("*") if path.is_dir()):
        files += [str(folder / "memory.max"), str(folder / "cgroup.procs")]
        limited = (folder / "memory.max").read_text() != "max\n"
        if limited or folder.suffix in (".scope", ".service"):
            held = ("memory.stat", "memory.current", "memory.swap.current")
            files += [str(folder / name) for name in held]
    return files


def measure_cgroups(rounds):
    """The cgroup collector on a node of 110 pods, as files; no processes, whose pass is another
    measurement."""
    with tempfile.TemporaryDirectory(dir=PERF) as folder:
        node = pathlib.Path(folder)
        ordinary_node(node)
        for process in (node / "proc").glob("[0-9]*"):
            shutil.rmtree(process)
        flags = (
            f"--path.procfs={node}/proc",
            f"--path.sysfs={node}/sys",
            f"--path.rootfs={node}",
        )
        return measure_files(("cgroup",), cgroup_files(node / "sys/fs/cgroup"), rounds, flags)


def cost_of_evidence(results):
    """What the collectors of evidence add to a scrape while nobody is suspected, as shares of it:
    the quartiles over the rounds."""
    shares = [
        with_it / without - 1
        for with_it, without in zip(
            results[MEMLEAK]["cpu_seconds"], results[WITHOUT_EVIDENCE]["cpu_seconds"]
        )
    ]
    return statistics.quantiles(shares, n=4)


def show_evidence(results):
    low, middle, high = cost_of_evidence(results)
    print(
        f"evidence ({', '.join(EVIDENCE_COLLECTORS)}) while nobody is suspected: {middle:+.1%} of a "
        f"scrape's CPU, half of the rounds between {low:+.1%} and {high:+.1%}"
    )


def show_files(what, result):
    print(
        f"{what}: {result['cpu_seconds'] * 1e6:.1f} us a scrape, "
        f"the bare reads of {len(result['files'])} files {result['bare_cpu_seconds'] * 1e6:.1f} us: "
        f"{result['ratio']:.2f} times"
    )


def measure_trends():
    """What trend_cost says, as {name: number}: the engine alone, and fed with a host's processes."""
    progress("trends")
    done = subprocess.run([PERF / "trend_cost"], stdout=subprocess.PIPE, text=True)
    progress("")
    figures = {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}
    if done.returncode != 0:
        raise Broken(f"trend_cost: too large, or allocates ({done.returncode}): {figures}")
    return figures


def write_recording(path):
    """A recording as long as it gets, with every column, and a working day in it."""
    with open(path, "w", encoding="ascii") as file:
        file.write("timestamp,value,limit,cpu_seconds,threads,fds,connections\n")
        for i in range(REPLAYED):
            load = 20 + abs(i % 1440 - 720) // 10
            value = 314_572_800 + 40 * i + 65_536 * load + i * 7919 % 1_048_576
            file.write(
                f"{1_790_000_000 + 60 * i},{value},4294967296,{0.02 * i:.2f},{8 + load // 10},"
                f"{40 + load},{load}\n"
            )


def measure_replay():
    """`analyze` over a million samples, beside reading their bytes."""
    path = PERF / "recording.csv"
    write_recording(path)
    with contextlib.ExitStack() as stack:
        floor = Floor(stack, [path])
        floor.scrape()
        before = cpu_seconds(floor.process.pid)
        floor.scrape()
        bare = cpu_seconds(floor.process.pid) - before
    progress(f"analyze: {REPLAYED} samples")
    command = [ROOT / "build/release/memleak_exporter", "analyze", path]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    progress("")
    size = path.stat().st_size
    path.unlink()
    # 3: a leak is suspected.
    if process.returncode not in (0, 3):
        raise Broken(f"analyze ended with {process.returncode}")
    return {
        "samples": REPLAYED,
        "bytes": size,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "bare_cpu_seconds": bare,
        "ratio": (usage.ru_utime + usage.ru_stime) / bare,
    }


def share_of_floor(trends, results):
    """What trends add to a scrape over what the floor spends on as many processes."""
    floor = results[FLOOR]
    per_process = statistics.median(floor["cpu_seconds"]) / floor["processes"]
    return trends["host_seconds_per_pass"] / trends["host_processes"] / per_process


def show_trends(trends, results, replay):
    print(
        f"trends: {trends['trend_bytes']:.0f} bytes a history, "
        f"{trends['seconds_per_sample'] * 1e6:.2f} us a sample of three resources "
        f"({trends['seconds_per_reading'] * 1e6:.2f} us each), "
        f"{trends['allocations_per_sample']:g} allocations"
    )
    print(
        f"trends of {trends['host_processes']:.0f} processes: {trends['host_bytes'] / 1e6:.1f} MB, "
        f"{trends['host_seconds_per_pass'] * 1e3:.1f} ms a pass, "
        f"{share_of_floor(trends, results):.1%} of the floor's; the dearest pass "
        f"{trends['host_seconds_dearest_pass'] * 1e3:.1f} ms"
    )
    print(
        f"analyze: {replay['samples']} samples ({replay['bytes'] / 1e6:.0f} MB) in "
        f"{replay['cpu_seconds']:.2f} s, {replay['ratio']:.0f} times what reading them takes"
    )


def peak_resident_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024


def measure(count, rounds, names):
    """What each contestant spent per scrape with a herd of COUNT processes, by name."""
    with contextlib.ExitStack() as stack:
        progress(f"{count} processes: starting")
        start_herd(stack, count)
        contestants = start_contestants(stack, names)
        # The first passes learn names, which an exporter may do behind a scrape, and grow buffers.
        for _ in range(3):
            for contestant in contestants:
                progress(f"{count} processes: warming up {contestant.name}")
                contestant.scrape()
            time.sleep(1)
        cpu = {contestant.name: [] for contestant in contestants}
        wall = {contestant.name: [] for contestant in contestants}
        last = {}
        for turn in range(rounds):
            for contestant in contestants:
                progress(f"{count} processes: round {turn + 1} of {rounds}, {contestant.name}")
                cpu[contestant.name].append(cpu_seconds(contestant.process.pid))
                begin = time.perf_counter()
                last[contestant.name] = contestant.scrape()
                wall[contestant.name].append(time.perf_counter() - begin)
        time.sleep(1)
        results = {}
        for contestant in contestants:
            name = contestant.name
            if last[name]["processes"] < count:
                raise Broken(f"{name} saw {last[name]['processes']} of {count} processes")
            clock = [*cpu[name], cpu_seconds(contestant.process.pid)]
            results[name] = {
                "cpu_seconds": [after - before for before, after in zip(clock, clock[1:])],
                "wall_seconds": wall[name],
                "peak_resident_bytes": peak_resident_bytes(contestant.process.pid),
                **last[name],
            }
        progress("")
        return results


def ratio(results, name, other):
    """The median over the rounds of NAME's CPU time over OTHER's."""
    if name not in results or other not in results:
        return None
    pairs = zip(results[name]["cpu_seconds"], results[other]["cpu_seconds"])
    return statistics.median(a / b for a, b in pairs)


def show_table(results):
    head = ("", "CPU ms", "us/process", "x floor", "x process-exp.", "wall ms", "peak MB", "kB", "series")
    rows = [head]
    for name, result in results.items():
        cpu = statistics.median(result["cpu_seconds"])
        to_floor = ratio(results, name, FLOOR)
        to_process_exporter = ratio(results, name, PROCESS_EXPORTER)
        rows.append(
            (
                name,
                f"{cpu * 1e3:.1f}",
                f"{cpu * 1e6 / result['processes']:.1f}",
                f"{to_floor:.2f}" if to_floor else "-",
                f"{to_process_exporter:.3f}" if to_process_exporter else "-",
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


def goals(results, files, trends, replay):
    to_process_exporter = ratio(results, PROCESS_EXPORTER, MEMLEAK)
    measured = (
        ("CPU over the floor's", ratio(results, MEMLEAK, FLOOR), "<=", 1.25),
        ("process-exporter's CPU over ours", to_process_exporter, ">=", 9),
        ("percent of the CPU for evidence of nobody", cost_of_evidence(results)[1] * 100, "<=", 2),
        ("peak resident MB", results[MEMLEAK]["peak_resident_bytes"] / 1e6, "<=", 40),
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


def show_goals(verdicts):
    for verdict in verdicts:
        outcome = {True: "met", False: "MISSED", None: "not measured"}[verdict["met"]]
        value = "-" if verdict["value"] is None else f"{verdict['value']:.2f}"
        print(f"{verdict['goal']}: {value}, goal {verdict['relation']} {verdict['limit']}: {outcome}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processes", nargs="?", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--sweep", action="store_true", help=f"also {SWEEP} processes")
    parser.add_argument("--json", type=pathlib.Path, default=PERF / "results.json")
    arguments = parser.parse_args()
    # So that the exit stacks run when the driver itself is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    names = [FLOOR, MEMLEAK, WITHOUT_EVIDENCE]
    for other in (PROCESS_EXPORTER, NODE_EXPORTER):
        if shutil.which(other):
            names.append(other)
        else:
            print(f"left out, not installed: {other}")
    try:
        results = measure(arguments.processes, arguments.rounds, names)
        print(f"\n{arguments.processes} idle processes, medians of {arguments.rounds} scrapes each")
        show_table(results)
        show_evidence(results)
        files = {
            "node collectors": measure_files(NODE_COLLECTORS, NODE_FILES, FILE_ROUNDS),
            "cgroup collector, 110 pods": measure_cgroups(CGROUP_ROUNDS),
        }
        for what, one in files.items():
            show_files(what, one)
        trends = measure_trends()
        replay = measure_replay()
        show_trends(trends, results, replay)
        verdicts = goals(results, files, trends, replay)
        show_goals(verdicts)
        sweep = {}
        if arguments.sweep:
            for count in SWEEP:
                sweep[count] = measure(count, arguments.rounds, (FLOOR, MEMLEAK))
                print(f"\n{count} idle processes")
                show_table(sweep[count])
    except Broken as error:
        progress("")
        print(f"measure.py: {error}", file=sys.stderr)
        sys.exit(1)
    document = {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "processes": arguments.processes,
        "contestants": results,
        "files": files,
        "trends": trends,
        "replay": replay,
        "goals": verdicts,
        "sweep": sweep,
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
