"""The commands that are the same for all runtimes, run as the pages have them; and none is forgotten."""

import re

import pytest

# For what it tries.
import test_runbook_runtimes  # noqa: F401
from runbook_pages import (RUNBOOKS, SAMPLES, TRIED, Page, need_root, need_tool, run, tries, wait_for)

PYTHON = "/usr/bin/python3"


@tries("confirm-by-hand.md", "ps", "status", "smaps", "free", "cgroup")
def test_confirming_by_hand(native_program, start_sample, tmp_path):
    sample = start_sample(native_program)
    sample.leak_more(2048)

    def said(name):
        return run("confirm-by-hand.md", name, tmp_path, sample.pid)

    assert said("ps").split()[:4] == ["PID", "USER", "STARTED", "RSS"]
    anonymous = int(re.search(r"^RssAnon:\s+(\d+) kB$", said("status"), re.M)[1])
    assert anonymous >= 2048
    heap = re.search(r"^(\d+) kB .*\[heap\]$", said("smaps"), re.M)
    assert int(heap[1]) >= 2048
    assert "available" in said("free")
    assert said("cgroup")


@tries("confirm-by-hand.md", "shared")
def test_shared_memory(tmp_path):
    for tool in ("df", "ipcs"):
        need_tool(tool)
    assert "Shared Memory Segments" in run("confirm-by-hand.md", "shared", tmp_path)


@tries("leak-or-growth.md", "siblings")
def test_siblings(start_sample, tmp_path, monkeypatch):
    young, old = (start_sample(PYTHON, SAMPLES / "sessions.py") for _ in range(2))
    # Shells and readline export it; ps cuts its lines there, also in a pipe.
    monkeypatch.setenv("COLUMNS", "80")
    listed = run("leak-or-growth.md", "siblings", tmp_path)
    assert {str(young.pid), str(old.pid)} <= set(listed.split())


@pytest.fixture
def leaking_descriptors(start_sample):
    return start_sample("prlimit", "--nofile=1024:", PYTHON, SAMPLES / "descriptors.py")


@tries("descriptors.md", "count", "kinds", "prlimit")
def test_descriptors(leaking_descriptors, tmp_path):
    need_tool("prlimit")
    pid = leaking_descriptors.pid

    def kinds():
        said = run("descriptors.md", "kinds", tmp_path, pid)
        return {kind: int(count) for count, kind in re.findall(r"^ *(\d+) (.+)$", said, re.M)}

    count, limit = run("descriptors.md", "count", tmp_path, pid).splitlines()
    assert int(count) >= 70
    assert limit.split()[3] == "1024"
    before = kinds()
    assert before["socket"] == 40
    deleted = f"{tmp_path}/* (deleted)"
    wait_for("more of them", lambda: kinds()[deleted] > before[deleted])
    run("descriptors.md", "prlimit", tmp_path, pid)
    assert run("descriptors.md", "count", tmp_path, pid).split()[4] == "16384"


@tries("descriptors.md", "ss", "lsof", "deleted", "children", "strace")
def test_descriptors_by_kind(leaking_descriptors, tmp_path):
    need_root()
    for tool in ("ss", "lsof", "strace"):
        need_tool(tool)
    pid = leaking_descriptors.pid
    assert re.search(r"^ *40 CLOSE-WAIT 127\.0\.0\.1:\d+ 127\.0\.0\.1$",
                     run("descriptors.md", "ss", tmp_path, pid), re.M)
    assert "(CLOSE_WAIT)" in run("descriptors.md", "lsof", tmp_path, pid)
    assert re.search(r"report-\w+ \(deleted\)$", run("descriptors.md", "deleted", tmp_path, pid), re.M)
    assert run("descriptors.md", "children", tmp_path, pid).count("<defunct>") == 10
    opened = run("descriptors.md", "strace", tmp_path, pid)
    assert re.search(r'openat\(AT_FDCWD, ".*/report-\w+".* = \d+\n > .*', opened)


@pytest.fixture
def recorded_kills(tmp_path):
    """A folder for PATH in which the kernel's log is a recorded one, read by the real dmesg."""
    log = SAMPLES.parents[1] / "fixtures" / "kernel_logs" / "debian-13-linux-6.12-cgroup-v2.klog"
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool, command in (("dmesg", f'{need_tool("dmesg")} -F {log} "$@"'), ("journalctl", f"cat {log}")):
        (folder / tool).write_text(f"#!/bin/sh\nexec {command}\n")
        (folder / tool).chmod(0o755)
    return folder


@tries("oom-kills.md", "dmesg", "journal")
@pytest.mark.parametrize("name", ["dmesg", "journal"])
def test_kills_are_found(recorded_kills, tmp_path, name):
    lines = run("oom-kills.md", name, tmp_path, path=recorded_kills).splitlines()
    assert any("oom-kill:constraint=CONSTRAINT_" in line for line in lines)
    assert any(re.search(r"Killed process \d+ \(.*anon-rss:\d+kB", line) for line in lines)


@tries("kernel.md", "meminfo", "slabtop", "page-tables", "vmalloc", "cgroups")
def test_memory_of_the_kernel(tmp_path):
    need_root()
    need_tool("slabtop")
    assert re.search(r"^SUnreclaim: +\d+ kB$", run("kernel.md", "meminfo", tmp_path), re.M)
    assert re.search(r"^ *\d+ +\d+ +\d+% .* dentry *$", run("kernel.md", "slabtop", tmp_path), re.M)
    assert "VmPTE" in run("kernel.md", "page-tables", tmp_path)
    assert re.search(r"^\d+ \w+", run("kernel.md", "vmalloc", tmp_path), re.M)
    run("kernel.md", "cgroups", tmp_path)


def test_every_command_is_tried():
    """Commands of the pages that lead to a cause have names and are run by a test here."""
    written = {(path.name, name)
               for path in RUNBOOKS.glob("*.md") if not path.name.startswith("Memleak")
               for language, name, _ in Page(path.name).blocks if language in ("sh", "console", "python")}
    assert written == TRIED


SAID_OF = re.compile(r"[Ss]ession|[Pp]age|constructor|handleRequest|s\.done|open\(")


@pytest.mark.parametrize("source", ["Sessions.java", "sessions.js", "sessions.py", "sessions.cc",
                                    "sessions.go"])
def test_lines_in_the_excerpts_are_those_of_the_samples(source):
    """What a page shows of a sample is what the sample still says."""
    lines = (SAMPLES / source).read_text().splitlines()
    shown = {int(line) for path in RUNBOOKS.glob("*.md")
             for line in re.findall(r"%s:(\d+)\b" % re.escape(source), path.read_text())}
    if source == "Sessions.java":
        shown = {int(line) for line in re.findall(r"Sessions\S+ line: (\d+)", Page("java.md").text)}
    assert shown
    for line in shown:
        assert SAID_OF.search(lines[line - 1]), (source, line)
