"""Proc trees that lie in the repository, and copies of them that a test may change."""

import os
import pathlib
import shutil

from support.exporter import REPOSITORY

FIXTURES = REPOSITORY / "tests" / "fixtures"
GOLDEN = REPOSITORY / "tests" / "golden"
# Every host that lies there has its golden bodies: tests/golden/NAME.{prom,om}.
NAMES = sorted(path.name for path in FIXTURES.iterdir() if (path / "proc").is_dir())


def flags(root):
    """How the exporter is pointed at a host's tree."""
    return (f"--path.procfs={root}/proc", f"--path.sysfs={root}/sys", f"--path.rootfs={root}")


class FixtureHost:
    """A copy of a fixture whose processes live, change and die as the test says."""

    def __init__(self, name, directory):
        self.root = pathlib.Path(directory) / name
        shutil.copytree(FIXTURES / name, self.root, symlinks=True)

    @property
    def flags(self):
        return flags(self.root)

    def path(self, *parts):
        return self.root.joinpath("proc", *(str(part) for part in parts))

    def write(self, pid, name, content):
        """Replaces a file at once: a reader sees the old one or the new one."""
        new = self.path(f".{pid}.{name}.new")
        new.write_bytes(content)
        os.replace(new, self.path(pid, name))

    def set_stat(self, pid, **fields):
        """Changes fields of `stat` by name."""
        numbers = {"flags": 9, "majflt": 12, "utime": 14, "stime": 15, "start": 22, "arg_start": 48}
        text = self.path(pid, "stat").read_bytes()
        end = text.rindex(b")")
        comm = fields.pop("comm", text[text.index(b"(") + 1:end])
        rest = text[end + 2:].split()
        for field, value in fields.items():
            rest[numbers[field] - 3] = str(value).encode()
        self.write(pid, "stat", b"%d (%s) %s\n" % (pid, comm, b" ".join(rest)))

    def make_fifo(self, pid, name):
        """A file whose reader waits for a writer that never comes."""
        path = self.path(pid, name)
        path.unlink()
        os.mkfifo(path)

    def remove(self, pid):
        # The directory goes at once, as in the kernel; what it held follows.
        gone = self.path(f".gone-{pid}")
        os.rename(self.path(pid), gone)
        shutil.rmtree(gone)

    def clone(self, pid, new_pid):
        """A further process like `pid`."""
        new = self.path(f".clone-{new_pid}")
        shutil.copytree(self.path(pid), new, symlinks=True)
        text = (new / "stat").read_bytes()
        (new / "stat").write_bytes(b"%d" % new_pid + text[text.index(b" "):])
        os.rename(new, self.path(new_pid))

    def add_many(self, pid, new_pids):
        """Thousands like `pid`, as cheaply as a file system allows."""
        text = self.path(pid, "stat").read_bytes()
        rest = text[text.index(b" "):]
        for new_pid in new_pids:
            directory = self.path(new_pid)
            directory.mkdir()
            (directory / "stat").write_bytes(b"%d" % new_pid + rest)
            for name in ("status", "cmdline", "limits"):
                os.link(self.path(pid, name), directory / name)
            (directory / "fd").symlink_to(self.path(pid, "fd"))
            (directory / "exe").symlink_to(os.readlink(self.path(pid, "exe")))
