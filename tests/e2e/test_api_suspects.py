"""What the JSON API says of real leaks: who is suspected, since when, why, and what to do next."""

import os

import pytest

from support import api
from support.leaks import MIB, Plan
from support.waiting import wait_for

pytest_plugins = ("support.leak_fixtures",)
# They share one exporter and run all at once.
pytestmark = pytest.mark.xdist_group("leaks")

SUBJECTS = {
    "a leak in the API": Plan("leak.py", (20, MIB // 10)),
    "sockets in the API": Plan("sockets", ("leak", 6)),
}


def suspected(subject, exporter, family="leak"):
    """Its process as the API has it, once it is suspected and what was read of it is shown."""
    subject.becomes_suspected("process", family)
    (pid, _), *_ = subject.suspicions("process", family).items()

    def row():
        process = api.process_of(exporter, pid)
        return process if process["suspect"] and process.get("evidence") else None

    return wait_for("the suspect with evidence", row)


def rises(points, by):
    """From the first to the last, and hardly ever back."""
    values = [value for _, value in points]
    times = [time for time, _ in points]
    assert times == sorted(times)
    assert values[-1] - values[0] >= by
    falls = sum(before > after for before, after in zip(values, values[1:]))
    assert falls <= len(values) / 10, values


def test_a_leak(subject, watch):
    exporter = watch.observatory.exporter
    leak = subject("a leak in the API")
    process = suspected(leak, exporter)
    assert process["leaks"] == ["memory"] and process["state"] == "leaking"
    assert process["growth_bytes_per_second"] > 0.5 * MIB

    memory = process["history"]["memory"]
    rises(memory["points"], 10 * MIB)
    assert 10 < len(memory["points"]) <= 81
    assert memory["slope_bytes_per_second"] == pytest.approx(process["growth_bytes_per_second"])
    assert memory["through"][1] == pytest.approx(memory["points"][-1][1], rel=0.3)
    assert memory["limit_bytes"] > memory["points"][-1][1]
    assert process["change_since"] == "baseline"
    assert process["change_bytes"] == pytest.approx(
        process["footprint_bytes"] - process["baseline_bytes"], abs=1)

    verdict = next(each for each in process["resources"] if each["resource"] == "memory")
    assert verdict["leak_suspected"] and verdict["confidence"] in ("likely", "confirmed")
    assert verdict["reasons"][0].startswith("grew from ")
    assert verdict["growth_start"] < memory["points"][-1][0]

    evidence = process["evidence"]
    assert any("grew by" in reason or "holds" in reason for reason in evidence["reasons"])
    assert sum(evidence["mappings"].values()) > 10 * MIB
    assert evidence["proportional_bytes"] > 10 * MIB
    command, = process["next_commands"]
    assert f"gdb -p {process['pid']} " in command["command"] and "tracemalloc" in command["command"]
    assert process["kinds"]["anon_bytes"][-1] > process["kinds"]["anon_bytes"][0]
    assert process["regions"][0]["resident_bytes"] > MIB

    leak.becomes_suspected("group")
    is_in_the_lists(exporter, process)
    examples_are_real(exporter, process)


def is_in_the_lists(exporter, process):
    processes = api.get(exporter, "processes", suspects="true", history="true", details="true")
    assert all(row["suspect"] for row in processes["processes"])
    row = next(row for row in processes["processes"] if row["pid"] == process["pid"])
    assert row["history"]["memory"]["points"] and row["resources"] and row["next_commands"]
    assert row["evidence"]["reasons"]
    groups = api.get(exporter, "groups", suspects="true", details="true")["groups"]
    group = next(row for row in groups if row["group"] == process["group"])
    assert group["leaks"] == ["memory"]
    assert f"gdb -p {process['pid']} " in group["next_commands"][0]["command"]
    # Suspects first.
    first = api.get(exporter, "processes", sort="-suspect", limit=1)["processes"][0]
    assert first["suspect"]

    node = api.get(exporter, "node")["node"]
    assert node["suspects"] >= 2


def test_descriptors(subject, watch):
    exporter = watch.observatory.exporter
    process = suspected(subject("sockets in the API"), exporter, "fd_leak")
    assert process["leaks"] == ["descriptors"]
    history = process["history"]["descriptors"]
    rises(history["points"], 20)
    assert history["slope_per_second"] > 0
    assert history["limit"] == process["max_fds"]
    assert process["evidence"]["descriptors"]["socket"] > 20
    assert process["evidence"]["descriptor_targets"][0]["target"] == "socket:[#]"
    assert any("sockets" in reason for reason in process["evidence"]["reasons"])
    assert f"/proc/{process['pid']}/fd" in process["next_commands"][0]["command"]


def examples_are_real(exporter, process):
    """Every field of the README's examples is answered by somebody; of a leak, these."""
    found = api.names_in([process, api.get(exporter, "processes", pid=process["pid"]),
                          api.get(exporter, "node"), api.get(exporter, "oom-kills")])
    elsewhere = {
        "error",
        # Of descriptors, below.
        "descriptors", "descriptor_targets", "target", "count", "socket",
        # Of JVMs.
        "jvm", "old_generation_used_bytes", "old_generation_capacity_bytes",
        "old_generation_max_bytes", "old_generation_after_full_collection_bytes",
        "metaspace_used_bytes", "full_collections",
        # Where nobody kills, in a container, and where the kernel measures no pressure.
        "last_oom_kill", "before_start", "scope", "limit_cgroup", "anon_bytes", "baseline_ratio",
        "namespace", "pod", "container", "total",
        "pressure_waiting_share", "pressure_stalled_share",
        # Which kinds there are depends on the program.
        "heap", "anonymous", "pipe",
    }
    if os.path.exists("/proc/pressure/memory"):
        elsewhere -= {"pressure_waiting_share", "pressure_stalled_share"}
    missing = api.documented_examples() - elsewhere - found
    assert not missing
