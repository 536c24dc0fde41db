"""Judges what tests/vm/run.sh brought back: judge.py OUTPUT. Each scrape against the cgroup files that
were read just before and just after it; one that was made with the kernel's task iterator against two
that were made from /proc. Prints a line for each step; exit code 1 if one is wrong."""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from support import cgroups  # noqa: E402
from support.exposition import Body  # noqa: E402
from support.recorded_hosts import (  # noqa: E402
    CHARGED_AHEAD, NAMES, UNITS, Recording, container_id, unpack)

MIB = 1 << 20
SERVICE = "/system.slice/memleak-exporter.service"
NAMESPACED = "/system.slice/namespaced.service"
# What is at work during a scrape moves.
BUSY = {"/init.scope", SERVICE, NAMESPACED}
STEPS = ["settled", "limits-changed", "file-pages-at-the-limit", "container-replaced",
         "private-namespace"]

# What a source tells of a process that does nothing is the same to the byte.
STANDING = [f"memleak_process_{name}" for name in (
    "resident_memory_bytes", "anon_memory_bytes", "file_memory_bytes", "shmem_memory_bytes",
    "swap_memory_bytes", "peak_resident_memory_bytes", "virtual_memory_bytes", "page_table_bytes",
    "vm_peak_bytes", "vm_data_bytes", "vm_stk_bytes", "vm_exe_bytes", "vm_lib_bytes",
    "vm_lck_bytes", "vm_pin_bytes", "open_fds", "threads", "start_time_seconds",
    "major_page_faults_total")]
CPU = "memleak_process_cpu_seconds_total"
# /proc/PID/stat rounds user and system time down one by one.
TICKS = 0.02


class Step:
    def __init__(self, folder):
        self.name = folder.name
        self.body = Body((folder / "metrics").read_text(), openmetrics=False)
        self.before, self.after = (self._unpack(folder / f"{when}.tar")
                                   for when in ("before", "after"))
        self.kinds = cgroups.kinds(self.body)

    @staticmethod
    def _unpack(archive):
        return Recording(unpack(archive, archive.with_suffix("")))

    def at_least(self, step):
        return STEPS.index(self.name) >= STEPS.index(step)

    def expected_kinds(self):
        kinds = {kind: set(labels) for kind, labels in self.before.kinds.items()}
        kinds["unit"].add(SERVICE)
        if self.at_least("container-replaced"):
            kinds["container"] = {label.replace(container_id("5b"), container_id("5c"))
                                  for label in kinds["container"]}
        if self.at_least("private-namespace"):
            kinds["unit"].add(NAMESPACED)
        return kinds

    def container(self, digits):
        label, = (label for label in self.kinds["container"] if container_id(digits) in label)
        return cgroups.exported(self.body, label)

    def figures(self):
        """Holds each against its files; returns how many there were."""
        node = cgroups.node_headroom(self.body)
        count = 0
        wrong = []
        for label in set().union(*self.kinds.values()):
            # What the files say; not what follows from them over time.
            found = {name: value for name, value in cgroups.exported(self.body, label).items()
                     if name in cgroups.FAMILIES}
            bounds = []
            for host in (self.before, self.after):
                values = host.values(label)
                values["headroom_bytes"] = cgroups.headroom(host.chain(label), node)
                bounds.append(values)
            assert found.keys() == bounds[0].keys() == bounds[1].keys(), (label, found, bounds)
            slack = CHARGED_AHEAD + 4 * MIB if label in BUSY else 0
            for name, value in found.items():
                low, high = sorted(values[name] for values in bounds)
                room = slack if name.endswith("_bytes") else 0
                if not low - room <= value <= high + room:
                    wrong.append((label, name, low, value, high))
                count += 1
        assert not wrong, f"figure, lowest, exported, highest: {wrong}"
        return count

    def names(self):
        known = NAMES | {"5c": NAMES["5b"]}
        for label in self.kinds["container"]:
            labels = cgroups.labels_of(self.body, label)
            found = tuple(labels.get(name) for name in ("namespace", "pod", "container"))
            digits = next((part for part in known if container_id(part) in label), None)
            assert found == known.get(digits, (None, None, None)), (label, found)
        for label in self.kinds["unit"]:
            unit = cgroups.labels_of(self.body, label)["unit"]
            assert unit == UNITS.get(label, pathlib.PurePosixPath(label).name), (label, unit)

    def changes(self):
        """What the step itself brought about."""
        if self.at_least("limits-changed"):
            assert self.container("4b")["memory_limit_bytes"] == 96 * MIB
            assert self.container("6a")["memory_limit_bytes"] == 40 * MIB
        if self.at_least("file-pages-at-the-limit"):
            reader = self.container("3b")
            assert reader["memory_limit_bytes"] == 48 * MIB
            assert reader["memory_usage_bytes"] > 46 * MIB, reader
            # 10 MiB are anonymous, the rest are file pages.
            assert 10 * MIB < reader["anon_memory_bytes"] < 12 * MIB, reader
            assert reader["headroom_bytes"] > 34 * MIB, reader
            assert reader["processes"] == 2

    def judge(self):
        assert self.kinds == self.expected_kinds(), self.kinds
        count = self.figures()
        self.names()
        self.changes()
        return count


# Kernels from 6.7 on let the program itself walk the processes: another type of program
# (enum bpf_prog_type in include/uapi/linux/bpf.h).
TRACING, SYSCALL = 26, 31


class Sources:
    def __init__(self, folder):
        self.programs = {int(line.split()[1]) for line in (folder / "programs").read_text().splitlines()}
        self.kernel = tuple(map(int, re.match(r"Linux version (\d+)\.(\d+)", (
            folder.parents[1] / "version").read_text()).groups()))
        self.before, self.iterator, self.after = (
            Body((folder / name).read_text(), openmetrics=False)
            for name in ("before", "iterator", "after"))
        log = (folder.parents[1] / "exporter.log").read_text().splitlines()
        self.said = [line for line in log if "reading processes" in line]

    @staticmethod
    def processes(body):
        """{pid: {family, or "comm": value}}"""
        found = {}
        for name in (*STANDING, CPU, "memleak_process_info"):
            for labels, value in body.find(name):
                process = found.setdefault(labels["pid"], {"comm": labels["comm"]})
                process[name] = value
        # Those that look are not the same while they look.
        return {pid: process for pid, process in found.items()
                if process["comm"] not in ("memleak_exporte", "wget")}

    def judge(self):
        sources = [body.labels("memleak_exporter_build_info")["source"]
                   for body in (self.before, self.iterator, self.after)]
        assert sources == ["procfs", "bpf", "procfs"], (sources, self.said)
        assert self.iterator.value("memleak_scrape_source_failures_total") == 0
        assert self.said[-1].endswith("source=bpf"), self.said
        walks = SYSCALL if self.kernel >= (6, 7) else TRACING
        assert walks in self.programs, (self.kernel, self.programs)
        before, found, after = map(self.processes, (self.before, self.iterator, self.after))
        idle = {pid: process for pid, process in before.items() if after.get(pid) == process}
        assert len(idle) >= 0.9 * len(before), (len(idle), len(before))
        count = 0
        wrong = []
        for pid, expected in idle.items():
            said = found.get(pid, {"comm": ""})
            comm = expected["comm"]
            # Of a kernel thread /proc tells more: the rest of a long name, a worker's work.
            kernel_thread = "memleak_process_virtual_memory_bytes" not in expected
            same = comm.startswith(said["comm"] or "?") if kernel_thread else comm == said["comm"]
            if not same:
                wrong.append((pid, "comm", comm, said["comm"]))
            if abs(said.get(CPU, -1) - expected[CPU]) > TICKS:
                wrong.append((pid, CPU, expected[CPU], said.get(CPU)))
            for name in STANDING:
                if said.get(name) != expected.get(name):
                    wrong.append((pid, comm, name, expected.get(name), said.get(name)))
                count += name in expected
        assert not wrong, f"pid, name, family, /proc's, the task iterator's: {wrong}"
        return count


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            unpack(sys.argv[1], folder)
        except subprocess.CalledProcessError:
            print("not ok  the guest brought back what cannot be unpacked")
            return 1
        if not any(pathlib.Path(folder).iterdir()):
            print("not ok  the guest brought nothing back")
            return 1
        for name, kind in [*((name, Step) for name in STEPS), ("sources", Sources)]:
            try:
                count = kind(pathlib.Path(folder) / "steps" / name).judge()
                print(f"ok      {name}: {count} figures")
            except (AssertionError, LookupError, OSError, ValueError) as error:
                wrong += 1
                print(f"not ok  {name}: {type(error).__name__}: {error}")
    return 1 if wrong else 0


sys.exit(main())
