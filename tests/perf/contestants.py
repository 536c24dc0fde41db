"""Who is measured: a herd of idle processes, and the programs that look at it.

CPU time is read from a process's CPU clock, which counts nanoseconds of all threads, dead ones
included, and what the kernel does for them; /proc/PID/stat counts ticks of 10 ms and schedstat forgets
the dead threads.
"""

import contextlib
import http.client
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PERF = ROOT / "build" / "perf"
MEMLEAK = ROOT / "build/release/memleak_exporter"
NAMES = 50
START_SECONDS = 120
SCRAPE_SECONDS = 120
WARM_UP = 3

FLOOR = "floor"
BPF = "memleak_exporter, bpf"
PROCFS = "memleak_exporter, procfs"
# The same without the collectors of evidence, which have nobody to look at here.
WITHOUT_EVIDENCE = "memleak_exporter, procfs, no evidence"
EVIDENCE_COLLECTORS = ("oom", "fd_kinds", "mappings", "jvm")
PROCESS_EXPORTER = "prometheus-process-exporter"
NODE_EXPORTER = "prometheus-node-exporter"

SOURCES = {"bpf": BPF, "procfs": PROCFS}
FLAGS = {
    BPF: ("--process.source=bpf",),
    PROCFS: ("--process.source=procfs",),
    WITHOUT_EVIDENCE: (
        "--process.source=procfs",
        *(f"--no-collector.{collector}" for collector in EVIDENCE_COLLECTORS),
    ),
}
# Every scrape does the whole work.
ALWAYS_ANEW = "--scrape.min-interval=0s"


class Broken(Exception):
    """Something did not start or did not answer, so there is nothing to measure."""


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def cpu_seconds(pid):
    # What clock_getcpuclockid(3) makes of a pid; Python has it for threads only.
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e9


def resident_bytes(pid):
    """What a process holds now, and what it held at its peak."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    lines = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE))
    return int(lines["VmRSS"]) * 1024, int(lines["VmHWM"]) * 1024


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


def start_herd(stack, count, threads=1):
    """COUNT idle processes of NAMES programs, as a host has them: each leader forks its share."""
    progress(f"{count} processes: starting")
    folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=PERF)))
    leaders = []
    for i in range(min(NAMES, count)):
        program = folder / f"svc-{i}"
        shutil.copy(PERF / "herd", program)
        share = (count + i) // min(NAMES, count)
        leaders.append(
            start(
                stack,
                [program, str(share), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
    for leader in leaders:
        if leader.stdout.readline() != b"ready\n":
            raise Broken(f"herd: {count} processes of {threads} threads could not be made")


class Floor:
    """The bare system calls over the processes, or over `files` (their paths)."""

    def __init__(self, stack, files=()):
        self.name = FLOOR
        self.process = start(
            stack,
            [PERF / "floor", *files],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
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

    PLAIN = {"Accept": "text/plain;version=0.0.4"}
    # What Prometheus asks for.
    AS_PROMETHEUS = {
        "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
        "Accept-Encoding": "gzip",
    }

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
                if self.get_metrics(self.PLAIN)[0] == 200:
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"{self.name} did not start: see {self.log}")
            time.sleep(0.05)

    def get_metrics(self, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SCRAPE_SECONDS)
        try:
            connection.request("GET", "/metrics", headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def scrape_body(self, headers):
        try:
            status, body = self.get_metrics(headers)
        except OSError as error:
            raise Broken(f"{self.name} did not answer: {error}; see {self.log}") from error
        if status != 200:
            raise Broken(f"{self.name} answered {status}; see {self.log}")
        return body

    def scrape(self):
        body = self.scrape_body(self.PLAIN)
        text = body.decode()
        return {
            "processes": int(sum(float(value) for value in self.counter.findall(text))),
            "bytes": len(body),
            "series": sum(1 for line in text.splitlines() if line and line[0] != "#"),
        }


def start_memleak(stack, name, *flags, counter="memleak_slow_reads_stuck"):
    return Exporter(stack, name, [MEMLEAK, *flags], "--web.listen-address", counter)


def start_contestant(stack, name, anew=True):
    """By its name. `anew` is false for the exporter as it is shipped, which answers who comes back
    within a second with what it has."""
    if name == FLOOR:
        return Floor(stack)
    if name in FLAGS:
        flags = (*FLAGS[name], ALWAYS_ANEW) if anew else FLAGS[name]
        return start_memleak(stack, name, *flags, counter="memleak_group_processes")
    if name == PROCESS_EXPORTER:
        config = PERF / "process-exporter.yml"
        config.write_text('process_names:\n  - name: "{{.Comm}}"\n    cmdline: [".+"]\n')
        command = [name, "-threads=false", "-gather-smaps=false", "-config.path", config]
        return Exporter(
            stack, name, command, "-web.listen-address", "namedprocess_namegroup_num_procs"
        )
    if name == NODE_EXPORTER:
        command = [name, "--collector.disable-defaults", "--collector.processes"]
        return Exporter(stack, name, command, "--web.listen-address", "node_processes_pids")
    raise Broken(f"nobody is called {name}")


def why_not(name):
    """Why one of the exporter's sources cannot be had here; None when it can."""
    with contextlib.ExitStack() as stack:
        try:
            start_contestant(stack, name)
        except Broken:
            log = PERF / (name.replace(",", "").replace(" ", "-") + ".log")
            return (log.read_text().splitlines() or ["it did not start"])[-1]
    return None


def measure_without_herd(names):
    """What exporters hold where there is no herd, as {name: (resident bytes, processes)}."""
    taken = {}
    for name in names:
        with contextlib.ExitStack() as stack:
            contestant = start_contestant(stack, name)
            for _ in range(WARM_UP):
                seen = contestant.scrape()["processes"]
            taken[name] = (resident_bytes(contestant.process.pid)[0], seen)
    return taken


def measure(count, rounds, names):
    """What each contestant spent per scrape with a herd of COUNT processes, which is there, by name.

    The contestants take turns, so that whatever else the machine does is shared by all, and ratios
    are taken within a round. The CPU time of a turn is all that the process used from the start of its
    turn to the start of its next: what it does after it has answered (garbage collection, helper
    threads) counts.
    """
    with contextlib.ExitStack() as stack:
        contestants = [start_contestant(stack, name) for name in names]
        # The first passes learn names, which an exporter may do behind a scrape, and grow buffers.
        for _ in range(WARM_UP):
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
            resident, peak = resident_bytes(contestant.process.pid)
            results[name] = {
                "cpu_seconds": [after - before for before, after in zip(clock, clock[1:])],
                "wall_seconds": wall[name],
                "resident_bytes": resident,
                "peak_resident_bytes": peak,
                **last[name],
            }
        progress("")
        return results


def measure_idle(seconds, interval, names):
    """The share of a core that each takes, for at least `seconds`, in whole intervals.

    `names` are pairs of a name and whether it is scraped, each interval and as Prometheus does it;
    where it is not, only its own timer looks at the host.
    """
    rounds = -(-seconds // interval)
    with contextlib.ExitStack() as stack:
        contestants = [
            (start_contestant(stack, name, anew=False), scraped) for name, scraped in names
        ]
        for contestant, _ in contestants:
            contestant.scrape_body(Exporter.AS_PROMETHEUS)
        spent = [[] for _ in contestants]
        began = time.monotonic()
        # The first interval is what they do after a start.
        for turn in range(rounds + 2):
            for i, (contestant, scraped) in enumerate(contestants):
                due = began + (turn + i / len(contestants)) * interval
                progress(f"idle: {(rounds + 1 - turn) * interval} s left, {contestant.name}")
                time.sleep(max(0.0, due - time.monotonic()))
                spent[i].append(cpu_seconds(contestant.process.pid))
                if scraped and turn < rounds + 1:
                    contestant.scrape_body(Exporter.AS_PROMETHEUS)
        progress("")
    shares = []
    for clock in spent:
        of_intervals = [(b - a) / interval for a, b in zip(clock[1:], clock[2:])]
        shares.append({"share": sum(of_intervals) / rounds, "of_intervals": of_intervals})
    return [
        {"name": name, "scraped": scraped, **share} for (name, scraped), share in zip(names, shares)
    ]


def ratio(results, name, other):
    """The median over the rounds of NAME's CPU time over OTHER's."""
    if name not in results or other not in results:
        return None
    pairs = zip(results[name]["cpu_seconds"], results[other]["cpu_seconds"])
    return statistics.median(a / b for a, b in pairs)


def cpu_per_process(result):
    return statistics.median(result["cpu_seconds"]) / result["processes"]


def installed(name):
    return shutil.which(name) is not None


def fetch_body(name):
    """What a contestant answers, as Prometheus gets it, unpacked."""
    with contextlib.ExitStack() as stack:
        exporter = start_contestant(stack, name)
        exporter.scrape()
        return exporter.scrape_body({**Exporter.AS_PROMETHEUS, "Accept-Encoding": "identity"})
