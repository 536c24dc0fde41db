"""What parts of the exporter cost for themselves: collectors of files, trends, `analyze`, the
stages of a scrape, its compression, and the sums over the counters of many CPUs."""

import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

from contestants import (
    ALWAYS_ANEW,
    EVIDENCE_COLLECTORS,
    FLOOR,
    MEMLEAK,
    PERF,
    PROCFS,
    ROOT,
    WITHOUT_EVIDENCE,
    Broken,
    Floor,
    cpu_per_process,
    cpu_seconds,
    progress,
    start_memleak,
)

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from support.node_of_pods import ordinary_node  # noqa: E402  (the path is set here)

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
STAGE_ROUNDS = 21

# In the order of a scrape: what stage_cost calls it, and what it is.
STAGES = {
    "kernel": "the kernel's walk over the processes",
    "source": "samples of them, and who is missing",
    "node": "the node's files, the clocks, the kernel's log",
    "table": "identities, groups and their sums",
    "cgroups": "cgroups: the hierarchy, and who is in which",
    "trends": "trends",
    "selection": "selection, evidence",
    "kinds": "histories for the page",
    "rendering": "rendering",
    "gzip": "gzip",
}
EMULATED_CPUS = (2, 8, 64, 128)
ZLIB_LEVELS = (1, 6)


def measure_files(collectors, files, rounds, flags=()):
    """What these collectors add to a scrape, over what reading their files adds to doing nothing.

    Answering costs an exporter far more than these files, so an exporter with no collectors is
    taken off, and from the floor one that reads nothing to speak of. A turn is many scrapes, each
    of which finds the caches as another process left them: so it is with a floor of one pass at a
    time, too.
    """
    with contextlib.ExitStack() as stack:
        # The page reads some of the files, too.
        off = (ALWAYS_ANEW, "--no-web.ui", "--collector.disable-defaults", *flags)
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
            results[PROCFS]["cpu_seconds"], results[WITHOUT_EVIDENCE]["cpu_seconds"]
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
    command = [MEMLEAK, "analyze", path]
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
    per_process = trends["host_seconds_per_pass"] / trends["host_processes"]
    return per_process / cpu_per_process(results[FLOOR])


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


def run_for_figures(*command):
    """What a program prints as lines "NAME VALUE", as {name: number}."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Broken(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def measure_stages(sources):
    """Where the time of a scrape of the processes that are there goes, by source."""
    stages = {}
    for source in sources:
        progress(f"stages of a scrape: {source}")
        stages[source] = run_for_figures(PERF / "stage_cost", source, str(STAGE_ROUNDS))
    progress("")
    return stages


def show_stages(stages):
    """Of the cheaper source; with the other one only its first two stages are others."""
    source, figures = next(iter(stages.items()))
    spent = {stage: figures[f"stage_{stage}"] for stage in STAGES}
    all_ = sum(spent.values())
    width = max(map(len, STAGES.values()))
    count = figures["processes"]
    print(f"\nwhere the CPU time of a scrape of {count:.0f} processes goes, source {source}")
    for stage, what in STAGES.items():
        print(f"{what:{width}}{spent[stage] * 1e3:9.2f} ms{spent[stage] / all_:8.1%}")
    print(f"{'all':{width}}{all_ * 1e3:9.2f} ms")
    for other, its in stages.items():
        if other != source:
            reading = its["stage_kernel"] + its["stage_source"]
            print(f"with {other} instead of the first two: {reading * 1e3:.2f} ms")
    if "kernel_seq_file" in figures:
        print(f"the kernel's walk as before Linux 6.7: {figures['kernel_seq_file'] * 1e3:.2f} ms")
    print(f"the cgroup hierarchy alone, cgroup.procs included: {figures['hierarchy'] * 1e3:.2f} ms")
    print(
        f"state: {figures['heap_model'] / count:.0f} bytes a process ({figures['bytes_process']:.0f} "
        f"its row, {figures['bytes_record']:.0f} its record, and names), "
        f"{figures['heap_trends'] / count:.0f} for its trends ({figures['bytes_trend']:.0f} a history)"
    )


def measure_zlib(body):
    """The same text by the library that Go's and Python's exporters have theirs like."""
    figures = {}
    for level in ZLIB_LEVELS:
        times = 20
        before = time.thread_time()
        for _ in range(times):
            made = zlib.compress(body, level)
        figures[level] = {"cpu_seconds": (time.thread_time() - before) / times, "bytes": len(made)}
    return figures


def show_compression(figures, by_zlib):
    """Of the body of a scrape, at the levels of libdeflate and of zlib."""
    size = figures["body_bytes"]
    print(f"compression of {size / 1e3:.0f} kB:")
    for level in range(1, 10):
        print(
            f"  libdeflate {level}: {figures[f'deflate_seconds_{level}'] * 1e3:.2f} ms, "
            f"{figures[f'deflate_bytes_{level}'] / 1e3:.1f} kB"
        )
    for level, one in by_zlib.items():
        print(f"  zlib {level}: {one['cpu_seconds'] * 1e3:.2f} ms, {one['bytes'] / 1e3:.1f} kB")


def measure_many_cpus():
    """Seconds for the exact sum of one process's counters, as {cpus: {way: seconds}}; None where that
    cannot be had."""
    program = PERF / "many_cpus"
    if not program.exists():
        return None
    progress("many CPUs")
    command = [program, *map(str, EMULATED_CPUS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    progress("")
    if done.returncode != 0:
        print(f"left out, many CPUs: {done.stderr.strip()}")
        return None
    figures = {}
    for cpus, way, nanoseconds in (line.split() for line in done.stdout.splitlines()):
        figures.setdefault(int(cpus), {})[way] = float(nanoseconds) / 1e9
    return figures


def show_many_cpus(figures):
    if figures is None:
        return
    print("\nexact sum of one process's counters, emulated, us (near ones, far ones)")
    for cpus, ways in figures.items():
        us = {way: f"{seconds * 1e6:.2f}" for way, seconds in ways.items()}
        print(
            f"{cpus:4} CPUs: side by side {us['neighbours_near']}, {us['neighbours_far']}; each for "
            f"itself (before Linux 6.6) {us['apart_near']}, {us['apart_far']}"
        )
