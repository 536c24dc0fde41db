"""What the kernel itself says, read and parsed apart from the program under test."""

import contextlib
import os
import pathlib
import re

TICK_RATE = os.sysconf("SC_CLK_TCK")


def status(pid, root="/proc"):
    """{key: value} of /proc/PID/status; kB values in bytes (proc_pid_status(5))."""
    values = {}
    for line in pathlib.Path(root, str(pid), "status").read_bytes().split(b"\n"):
        key, _, value = line.decode("utf-8", "replace").partition(":")
        number = re.fullmatch(r"\s*(\d+) kB", value)
        values[key] = int(number[1]) * 1024 if number else value.strip()
    return values


class Stat:
    """/proc/PID/stat (proc_pid_stat(5)); fields by their numbers there."""

    def __init__(self, pid, root="/proc"):
        text = pathlib.Path(root, str(pid), "stat").read_bytes()
        self.comm = text[text.index(b"(") + 1:text.rindex(b")")]
        self._fields = text[text.rindex(b")") + 2:].split()

    def field(self, number):
        return int(self._fields[number - 3])

    @property
    def state(self):
        return self._fields[0].decode()

    @property
    def cpu_seconds(self):
        return (self.field(14) + self.field(15)) / TICK_RATE

    @property
    def start_time(self):
        return boot_time() + self.field(22) / TICK_RATE


def boot_time():
    return int(re.search(r"^btime (\d+)$", pathlib.Path("/proc/stat").read_text(), re.M)[1])


def max_open_files(pid):
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    return int(re.search(r"^Max open files\s+(\d+)", limits, re.M)[1])


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def meminfo():
    """{key: bytes} of /proc/meminfo (proc_meminfo(5))."""
    text = pathlib.Path("/proc/meminfo").read_text()
    return {key: int(kib) * 1024 for key, kib in re.findall(r"^(\S+):\s+(\d+) kB$", text, re.M)}


def has_kernel_threads():
    """Whether kthreadd is seen, the parent of all others; a pid namespace has none."""
    try:
        return Stat(2).comm == b"kthreadd"
    except FileNotFoundError:
        return False


def with_memory():
    """{(pid, start)} of all processes that are neither kernel threads nor zombies."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if "VmRSS" in status(name):
                found.add((int(name), Stat(name).field(22)))
    return found
