"""Named skips: what a test needs and this machine lacks. In CI tests/run.sh fails on them."""

import functools
import os
import shutil
import subprocess

import pytest

from support.exporter import run


def need_tool(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}")
    return path


def need_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


def need_mount_namespace():
    """Root without CAP_SYS_ADMIN (an ordinary container) may not mount a proc of its own."""
    need_root()
    need_tool("unshare")
    attempt = subprocess.run(["unshare", "--mount", "--", "mount", "-t", "proc", "proc", "/proc"],
                             capture_output=True, text=True)
    if attempt.returncode != 0:
        pytest.skip("needs a mount namespace of its own (CAP_SYS_ADMIN)")


def need_nobody():
    """Returns a command prefix that drops every privilege."""
    need_root()
    need_tool("setpriv")
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


@functools.cache
def _why_no_task_iterator():
    answer = run("top", "--direct", "--process.source=bpf", "--once")
    return answer.stderr.strip() if answer.returncode != 0 else None


def need_task_iterator():
    """A kernel that lets us load a BPF program, and a build that has one."""
    if why := _why_no_task_iterator():
        pytest.skip(why)
