"""The systemd unit: what systemd says of it, and whether what it forbids is not needed."""

import re
import subprocess

import pytest

from built import DOCUMENTS, UNIT
from support.exporter import BINARY
from support.requirements import need_tool
from support.waiting import wait_for
from unit import HIGHEST_EXPOSURE, setting, words

@pytest.fixture
def unit_here(tmp_path):
    """The unit, with the program and the configuration of the build."""
    text = UNIT.read_text().replace("/usr/bin/memleak_exporter", str(BINARY))
    path = tmp_path / UNIT.name
    path.write_text(text)
    return path


def test_systemd_finds_no_fault(unit_here):
    result = subprocess.run([need_tool("systemd-analyze"), "verify", "--man=no",
                             "--recursive-errors=no", unit_here], capture_output=True, text=True)
    # Other units of this machine may be at fault, too.
    faults = [line for line in result.stderr.splitlines() if "memleak_exporter" in line]
    assert (result.returncode, faults) == (0, []), result.stderr


def test_exposure_is_low(unit_here):
    result = subprocess.run([need_tool("systemd-analyze"), "security", "--offline=yes", "--no-pager",
                             f"--threshold={HIGHEST_EXPOSURE}", unit_here],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    exposure = float(re.search(r"Overall exposure level .*: ([\d.]+)", result.stdout)[1])
    readme = (UNIT.parent / "README.md").read_text()
    assert f"{exposure} (" in readme, f"README.md does not say {exposure}"


def allowed_calls():
    """The system calls that SystemCallFilter= lets through, groups taken apart."""
    text = subprocess.run([need_tool("systemd-analyze"), "syscall-filter"], capture_output=True,
                          text=True).stdout
    groups, name = {}, None
    for line in text.splitlines():
        if re.match(r"@[\w-]+$", line):
            name = line
            groups[name] = set()
        elif name and re.match(r"    @?\w", line):
            groups[name].add(line.strip())
        elif not line.startswith(" "):
            name = None

    def expand(words):
        for word in words:
            if word.startswith("@"):
                yield from expand(groups[word])
            else:
                yield word

    allowed = set()
    for line in setting("SystemCallFilter"):
        calls = set(expand(line.removeprefix("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    assert {"read", "openat", "syslog"} <= allowed and not {"ptrace", "mount"} & allowed
    return allowed


def test_no_call_is_needed_that_is_forbidden(start_exporter, tmp_path):
    """All that a start, scrapes, the page, evidence and an end call."""
    need_tool("strace")
    log = tmp_path / "calls"
    exporter = start_exporter(f"--trend.state-file={tmp_path / 'trends'}", "--evidence.group=python3",
                              "--process.min-age=0s", "--trend.slot=1s",
                              wrapper=("strace", "-f", "-qq", "-o", log))
    for path in ("/metrics", "/", "/api/v1/processes?details=true&history=true", "/api/v1/node",
                 "/api/v1/groups", "/api/v1/cgroups", "/api/v1/oom-kills", "/-/healthy"):
        assert exporter.get(path).status == 200
    wait_for("the state", (tmp_path / "trends").exists)
    exporter.tell_child_to_stop()
    lines = log.read_text().splitlines()
    # What comes before is strace's own business.
    calls = {match[1] for line in lines if (match := re.match(r"\d+ +(\w+)\(", line))}
    assert {"execve", "openat", "listen", "renameat"} <= calls
    assert not calls - allowed_calls(), "SystemCallFilter= would refuse these"


def test_names_are_the_same_everywhere():
    user, = setting("User")
    assert f"\nu {user} - " in (UNIT.parent / "memleak_exporter.sysusers").read_text()
    folder, = setting("StateDirectory")
    assert f"/var/lib/{folder}/trends" in (DOCUMENTS / "config.yaml").read_text()
    assert f"/var/lib/{folder}\"" in (UNIT.parent / "postrm").read_text()


def test_capabilities_are_explained():
    capabilities = words("AmbientCapabilities")
    assert capabilities == words("CapabilityBoundingSet")
    readme = (UNIT.parent / "README.md").read_text()
    assert re.findall(r"^\| `(CAP_\w+)`", readme, re.M) == capabilities
