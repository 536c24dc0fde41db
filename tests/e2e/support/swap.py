"""Swap for a test, where this machine has none."""

import os
import pathlib
import subprocess
import tempfile

import pytest

from support import kernel
from support.requirements import need_root, need_tool

SIZE = 384 << 20


class Swap:
    """A file of our own, unless there is enough already."""

    def __init__(self):
        self._path = None
        if kernel.meminfo()["SwapFree"] >= SIZE:
            return
        need_root()
        for tool in ("mkswap", "swapon", "swapoff"):
            need_tool(tool)
        # Not in /tmp, which may be in memory.
        descriptor, path = tempfile.mkstemp(prefix="memleak-e2e-swap-", dir="/var/tmp")
        self._path = pathlib.Path(path)
        try:
            os.posix_fallocate(descriptor, 0, SIZE)
        finally:
            os.close(descriptor)
        for command in (["mkswap", path], ["swapon", path]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                self._path.unlink()
                pytest.skip(f"needs swap, and {command[0]} says: {done.stderr.strip()}")

    def close(self):
        if self._path is not None:
            subprocess.run(["swapoff", self._path], check=True)
            self._path.unlink()
            self._path = None
