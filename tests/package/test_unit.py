"""The systemd unit, alone and with the drop-in for the task iterator: what systemd says of it, and
whether what it forbids is not needed."""

import json
import re
import shutil
import subprocess

import pytest

from built import DOCUMENTS, UNIT
from support.exporter import BINARY, REPOSITORY
from support.requirements import need_nobody, need_task_iterator, need_tool
from support.task_iterator import reading, source_of
from support.waiting import wait_for
from unit import (DROP_IN, HIGHEST_EXPOSURE, HIGHEST_EXPOSURE_WITH_BPF, as_setpriv,
                  capabilities_with_bpf, setting, words)

SECCOMP = REPOSITORY / "deploy" / "container" / "seccomp.json"


@pytest.fixture(params=["alone", "with the drop-in"])
def with_bpf(request):
    return request.param != "alone"


@pytest.fixture
def unit_here(tmp_path, with_bpf):
    """The unit, with the program and the configuration of the build."""
    text = UNIT.read_text().replace("/usr/bin/memleak_exporter", str(BINARY))
    path = tmp_path / UNIT.name
    path.write_text(text)
    if with_bpf:
        folder = tmp_path / f"{UNIT.name}.d"
        folder.mkdir()
        shutil.copy(DROP_IN, folder)
    return path


def test_systemd_finds_no_fault(unit_here):
    result = subprocess.run([need_tool("systemd-analyze"), "verify", "--man=no",
                             "--recursive-errors=no", unit_here], capture_output=True, text=True)
    # Other units of this machine may be at fault, too.
    faults = [line for line in result.stderr.splitlines() if "memleak_exporter" in line]
    assert (result.returncode, faults) == (0, []), result.stderr


def test_exposure_is_low(unit_here, with_bpf):
    highest = HIGHEST_EXPOSURE_WITH_BPF if with_bpf else HIGHEST_EXPOSURE
    result = subprocess.run([need_tool("systemd-analyze"), "security", "--offline=yes", "--no-pager",
                             f"--threshold={highest}", unit_here],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    exposure = float(re.search(r"Overall exposure level .*: ([\d.]+)", result.stdout)[1])
    readme = (UNIT.parent / "README.md").read_text()
    stated = f"{exposure} with the drop-in" if with_bpf else f"{exposure} (OK)"
    assert stated in readme, f"README.md does not say {stated}"


def allowed_calls(with_bpf):
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
    added = setting("SystemCallFilter", DROP_IN.read_text()) if with_bpf else []
    for line in setting("SystemCallFilter") + added:
        calls = set(expand(line.removeprefix("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    assert {"read", "openat", "syslog"} <= allowed and not {"ptrace", "mount"} & allowed
    return allowed


def test_no_call_is_needed_that_is_forbidden(start_exporter, tmp_path, with_bpf):
    """All that a start, scrapes, the page, evidence and an end call. Without the drop-in, one call is
    refused, as the filter would refuse it, and not needed."""
    need_tool("strace")
    if with_bpf:
        need_task_iterator()
    log = tmp_path / "calls"
    refused = () if with_bpf else ("-e", "inject=bpf:error=EPERM")
    exporter = start_exporter(f"--trend.state-file={tmp_path / 'trends'}", "--evidence.group=python3",
                              "--process.min-age=0s", "--trend.slot=1s",
                              wrapper=("strace", "-f", "-qq", *refused, "-o", log))
    assert source_of(exporter.scrape()) == ("bpf" if with_bpf else "procfs")
    for path in ("/metrics", "/", "/api/v1/processes?details=true&history=true", "/api/v1/node",
                 "/api/v1/groups", "/api/v1/cgroups", "/api/v1/oom-kills", "/-/healthy"):
        assert exporter.get(path).status == 200
    wait_for("the state", (tmp_path / "trends").exists)
    exporter.tell_child_to_stop()
    lines = log.read_text().splitlines()
    # What comes before is strace's own business.
    calls = {match[1] for line in lines if (match := re.match(r"\d+ +(\w+)\(", line))}
    assert {"execve", "openat", "listen", "renameat", "bpf"} <= calls
    forbidden = calls - allowed_calls(with_bpf)
    assert forbidden == (set() if with_bpf else {"bpf"}), "SystemCallFilter= would refuse these"
    # What containers are given for the same.
    assert calls <= calls_of_the_profile()


def calls_of_the_profile():
    profile = json.loads(SECCOMP.read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    rule, = profile["syscalls"]
    assert rule["action"] == "SCMP_ACT_ALLOW" and not rule.get("args")
    return set(rule["names"])


def test_the_profile_of_containers_lets_no_more_through():
    """deploy/container/seccomp.json, beside what the unit's filter lets through, and bpf."""
    profile = calls_of_the_profile()
    assert {"bpf", "syslog"} <= profile <= allowed_calls(with_bpf=True)
    assert not {"setns", "unshare", "userfaultfd", "keyctl", "io_uring_setup"} & profile


def as_nobody_with(capabilities):
    *nobody, end = need_nobody()
    return (*nobody, *as_setpriv(capabilities), end)


# What of the five serves the task iterator, and what is missed by name otherwise.
@pytest.mark.parametrize("without, source", [
    (set(), "bpf"),
    ({"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYSLOG"}, "bpf"),
    ({"CAP_BPF"}, "procfs"),
    ({"CAP_PERFMON"}, "procfs"),
], ids=lambda value: " ".join(sorted(value)) or "all" if isinstance(value, set) else value)
def test_source_by_capabilities(start_exporter, without, source):
    """As a user that is nobody else's, with exactly these capabilities."""
    need_task_iterator()
    left = [name for name in capabilities_with_bpf() if name not in without]
    exporter = start_exporter(wrapper=as_nobody_with(left))
    assert source_of(exporter.scrape()) == source
    (said, reason), = reading(exporter)
    assert said == source and bool(reason) is (source != "bpf")
    # All that is missing, and nothing else.
    assert set(re.findall(r"CAP_\w+", reason)) == (set() if source == "bpf" else without), reason


def test_where_the_iterator_is_insisted_on():
    """It does not start without the capabilities, and says why in one line."""
    left = words("AmbientCapabilities")
    result = subprocess.run([*as_nobody_with(left), BINARY, "--web.listen-address=127.0.0.1:0",
                             "--process.source=bpf"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1 and "--process.source=bpf" in result.stderr


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
    added = words("AmbientCapabilities", DROP_IN.read_text())
    assert added == words("CapabilityBoundingSet", DROP_IN.read_text())
    for name in added:
        assert f"`{name}`" in readme
