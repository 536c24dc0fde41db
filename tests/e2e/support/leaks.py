"""Programs that leak and programs that only look like it, all watched at once by one exporter.

Its slots are half a second instead of a minute, so that what takes a real service an hour takes
half a minute here. Everything that it says of the programs is kept, scrape by scrape: a verdict
that comes and goes is seen, and what was seen can be given to `memleak_exporter analyze`.
"""

import contextlib
import csv
import dataclasses
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

import pytest

from support import exporter as exporters
from support.cgroups import Cgroup, need_memory_cgroups
from support.exporter import EXPORT_ALL, REPOSITORY, Exporter
from support.programs import Program, copy_of, unique
from support.requirements import need_tool
from support.swap import Swap
from support.waiting import wait_for

MIB = 1 << 20
SLOT = 0.5
# How long a program is watched that must never be suspected.
OBSERVED_SLOTS = 130
# A leak of these tests is found within 90 slots. A machine that is busy with other things may be
# late, but nothing here goes on for ever.
DEADLINE_SLOTS = 360
# Half a second without a CPU is here what a minute is there: ahead of whatever else is running,
# where that is allowed.
FIRST = ("nice", "-n", "-10", "--")
FLAGS = (*EXPORT_ALL, "--cgroup.limit=100000", f"--trend.slot={SLOT * 1000:.0f}ms")
SCRIPTS = REPOSITORY / "tests" / "e2e" / "programs" / "leaks"

# {family: (what it measures, its growth)}; `FAMILY_suspected` is its verdict.
FAMILIES = {
    "leak": ("footprint_bytes", "growth_bytes_per_second"),
    "shmem_leak": ("shmem_memory_bytes", "shmem_growth_bytes_per_second"),
    "fd_leak": ("open_fds", "fd_growth_per_second"),
    "kernel_leak": ("kernel_memory_bytes", "kernel_growth_bytes_per_second"),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """A program to start. `program` is one of tests/e2e/programs/leaks; `shell` is a script that
    starts it as "$@". With a `limit` it has a memory cgroup of its own, with `swap` it may use swap
    there."""

    program: str
    arguments: tuple = ()
    shell: str | None = None
    limit: int | None = None
    swap: bool = False


# Starts it again and again when it fails or is killed. A program ends well when this test is over.
RESTARTED = 'until "$@"; do sleep 0.2; done'


class Subject:
    """One program, or several of one group, and what was said of it."""

    def __init__(self, name, plan, directory, top):
        self._directory = directory
        word = unique(re.sub(r"\W+", "-", name))
        command, self.group = _command(plan.program, word, directory)
        command += [str(argument) for argument in plan.arguments]
        if plan.shell is not None:
            command = ["sh", "-c", plan.shell, "sh", *command]
        self.cgroup = None
        if plan.limit is not None:
            self.cgroup = top().child(f"{word}.service", limit=plan.limit)
            if not plan.swap:
                self.cgroup.write("memory.memsw.limit_in_bytes", plan.limit)
            command = ["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"',
                       os.fsdecode(self.cgroup.directory), *command]
        self.name = name
        self.start = time.time()
        self.program = Program([*FIRST, *command], stderr=subprocess.DEVNULL)
        # {(kind, pid or group or cgroup): [(time, {suffix: value})]}
        self.rows = {}

    def end(self):
        self.program.kill()

    def of(self, kind):
        """[(which, [(time, {suffix: value})])] of its processes, its group or its cgroup."""
        return [(key, list(rows)) for (of_kind, key), rows in list(self.rows.items())
                if of_kind == kind]

    def slots(self, when):
        return (when - self.start) / SLOT

    def last(self, kind):
        """What the last scrape said of its group or cgroup."""
        (_, rows), = self.of(kind)
        return rows[-1][1]

    def suspicions(self, kind, family="leak"):
        """{which: [the scrapes in which it was suspected]}"""
        found = {key: [row for row in rows if row[1].get(f"{family}_suspected") == 1]
                 for key, rows in self.of(kind)}
        return {key: rows for key, rows in found.items() if rows}

    def wait_until(self, what, condition):
        """Until it has run for DEADLINE_SLOTS."""
        left = self.start + DEADLINE_SLOTS * SLOT - time.time()
        wait_for(f"{what} of {self.name}", condition, deadline=left, interval=SLOT)

    def wait_for_slot(self, slot):
        self.wait_until(f"{slot} slots", lambda: self.slots(time.time()) >= slot)

    def record(self, kind, family="leak"):
        """Writes what was measured in the format of `analyze`; returns the files."""
        value, _ = FAMILIES[family]
        files = []
        for key, rows in self.of(kind):
            name = re.sub(r"\W+", "-", f"{self.name} {kind} {key} {family}").strip("-")
            files.append(self._directory / f"{name}.csv")
            with open(files[-1], "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["timestamp", "value", "limit", "cpu_seconds", "threads", "fds",
                                 "start_time"])
                for when, values in rows:
                    if value in values:
                        writer.writerow([f"{when:.3f}", values[value], _limit(values, family),
                                         *(values.get(column, "") for column in (
                                             "cpu_seconds_total", "threads", "open_fds",
                                             "start_time_seconds"))])
        return files

    def analyze(self, kind):
        """What `analyze` says of the recorded footprint: one object."""
        file, = self.record(kind)
        done = exporters.run("analyze", "--format=json", f"--trend.slot={SLOT * 1000:.0f}ms", file)
        assert done.returncode in (0, 3), done.stderr
        return json.loads(done.stdout)

    def is_found(self, family="leak", kinds=("process", "group"), also=(), goes_on=True):
        """Waits until each of `kinds` is suspected, in this family, and while it goes on growing,
        its growth is right. In other families (but those in `also`) and of other kinds nothing
        ever is."""
        for kind in kinds:
            self.becomes_suspected(kind, family)
            if goes_on:
                self._grows_as_said(kind, family)
        for kind in ("process", "group", "cgroup"):
            for other in FAMILIES.keys() - {*also, *([family] if kind in kinds else [])}:
                self.is_not_suspected(kind, other)

    def becomes_suspected(self, kind, family="leak"):
        self._wait_for_verdict(f"{family} of the {kind}", kind, family,
                               lambda: self.suspicions(kind, family))

    def is_not_suspected(self, kind, family):
        assert not self.suspicions(kind, family), self.story([kind], family)

    def never_suspected(self, kinds=("process", "group")):
        """Nothing of it, in any family, as long as it is watched; and not for want of a verdict."""
        self.wait_for_slot(OBSERVED_SLOTS)
        for kind in ("process", "group", "cgroup"):
            for family in FAMILIES:
                self.is_not_suspected(kind, family)
        for kind in kinds:
            for key, rows in self.of(kind):
                assert rows[-1][1].get("leak_suspected") == 0, f"no verdict on {kind} {key}"

    def _wait_for_verdict(self, what, kind, family, condition):
        try:
            self.wait_until(what, condition)
        except AssertionError as error:
            ended = self.program.process.poll()
            end = "" if ended is None else f"\nit ended with {ended}, which it should not have"
            raise AssertionError(f"{error}{end}\n{self.story([kind], family)}") from None

    def _grows_as_said(self, kind, family):
        """What is said while it is suspected, held against the line through the same window."""
        value, growth = FAMILIES[family]

        def ratios():
            found = []
            for key, suspicious in self.suspicions(kind, family).items():
                rows = dict(self.of(kind))[key]
                for when, values in suspicious:
                    if growth in values:
                        since = when - values.get("trend_window_seconds", 12 * SLOT)
                        window = [(at, old[value]) for at, old in rows
                                  if since <= at <= when and value in old]
                        if len(window) > 2:
                            found.append(
                                values[growth] / statistics.linear_regression(*zip(*window)).slope)
            return found

        self._wait_for_verdict(f"growth of the {kind}", kind, family, lambda: len(ratios()) >= 10)
        ratio = statistics.median(ratios())
        assert 0.7 < ratio < 1.3, (
            f"{kind} of {self.name}: growth is {ratio:.2f} of what it is\n"
            + self.story([kind], family))

    def story(self, kinds, family):
        """For a test that failed: how it grew and when it was suspected, and where all of it is."""
        value, growth = FAMILIES[family]
        lines = []
        for kind in kinds:
            for key, rows in self.of(kind):
                lines.append(f"{self.name}, {kind} {key}: slot, {value}, {growth}, suspected")
                for when, values in rows[::max(1, len(rows) // 20)]:
                    lines.append("  {:6.1f} {:>12} {:>12} {}".format(
                        self.slots(when), values.get(value, "-"), values.get(growth, "-"),
                        values.get(f"{family}_suspected", "-")))
                spans = [self.slots(when) for when, _ in
                         self.suspicions(kind, family).get(key, ())]
                if spans:
                    lines.append(f"  suspected from slot {spans[0]:.1f} to {spans[-1]:.1f}, "
                                 f"{len(spans)} scrapes of {len(rows)}")
            lines += map(str, self.record(kind, family))
        return "\n".join(lines)


def _command(program, word, directory):
    """How a program is started under a name of its own, and what its group is called then."""
    name, dot, suffix = program.rpartition(".")
    if not dot:
        return [copy_of(program, directory, word)], word
    script = directory / f"{word}.{suffix}"
    shutil.copy(SCRIPTS / program, script)
    if suffix == "js":
        return [need_tool("node"), script], f"node:{script.name}"
    return [sys.executable, script], f"python:{script.name}"


def _limit(values, family):
    if family == "fd_leak":
        return values.get("max_fds", "")
    value, _ = FAMILIES[family]
    return values[value] + values["headroom_bytes"] if "headroom_bytes" in values else ""


# The sample lines of what is shown one by one, read faster than a strict parser does: others parse.
_SAMPLE = re.compile(r"^memleak_(process|group|cgroup)_(\w+)\{(.*)\} (\S+)$", re.M)
_LABEL = {name: re.compile(rf'(?:^|,){name}="((?:[^"\\]|\\.)*)"')
          for name in ("pid", "group", "cgroup")}
_KEY = {"process": "pid", "group": "group", "cgroup": "cgroup"}


def _label(name, labels):
    found = _LABEL[name].search(labels)
    return found[1] if found else None


class Observatory:
    """One exporter, all subjects, and a thread that scrapes twice in a slot."""

    def __init__(self, directory, plans):
        self._top = None
        self._swap = None
        # {name: subject, or why there is none}
        self.subjects = {}
        self._error = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.exporter = Exporter(*FLAGS, wrapper=FIRST)
        try:
            for name, plan in plans.items():
                self._start(name, plan, directory)
            self._by_group = {subject.group: subject for subject in self._started()}
            self._by_cgroup = {subject.cgroup.label: subject for subject in self._started()
                               if subject.cgroup is not None}
        except BaseException:
            self.close(self.exporter.kill)
            raise
        self._thread.start()

    def _start(self, name, plan, directory):
        try:
            if plan.swap and self._swap is None:
                self._swap = Swap()
            self.subjects[name] = Subject(name, plan, directory, self._cgroup_of_all)
        except pytest.skip.Exception as reason:
            self.subjects[name] = reason

    def _cgroup_of_all(self):
        if self._top is None:
            need_memory_cgroups()
            self._top = Cgroup("/" + unique("memleak-leaks"))
        return self._top

    def _started(self):
        return [one for one in self.subjects.values() if isinstance(one, Subject)]

    def __getitem__(self, name):
        if self._error is not None:
            raise AssertionError("the exporter cannot be watched any more") from self._error
        if not isinstance(self.subjects[name], Subject):
            raise self.subjects[name]
        return self.subjects[name]

    def close(self, end_exporter=None):
        self._over.set()
        with contextlib.ExitStack() as stack:
            # In the opposite order.
            if self._swap is not None:
                stack.callback(self._swap.close)
            if self._top is not None:
                stack.callback(self._top.remove)
            stack.callback(end_exporter or self.exporter.stop)
            for subject in self._started():
                stack.callback(subject.end)
            if self._thread.is_alive():
                stack.callback(self._thread.join)

    def _watch(self):
        try:
            while not self._over.wait(SLOT / 2):
                answer = self.exporter.get()
                assert answer.status == 200, answer
                self._take(time.time(), answer.text)
        except BaseException as error:  # told by whoever asks next
            self._error = error

    def _take(self, now, text):
        seen = {}
        for kind, suffix, labels, value in _SAMPLE.findall(text):
            key = _label(_KEY[kind], labels)
            subject = (self._by_cgroup.get(key) if kind == "cgroup"
                       else self._by_group.get(_label("group", labels)))
            # An info metric says nothing that changes.
            if subject is not None and suffix != "info":
                seen.setdefault((subject, kind, key), {})[suffix] = float(value)
        for (subject, kind, key), values in seen.items():
            subject.rows.setdefault((kind, key), []).append((now, values))
