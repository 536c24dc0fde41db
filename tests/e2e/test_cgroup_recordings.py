"""Recorded hosts of several kernels (tests/recordings): what the exporter makes of real cgroup files.

The machine that runs the tests may mount one version of cgroups only; the recordings have both.
"""

import re

import pytest

from support import cgroups, fixtures
from support.exporter import EXPORT_ALL
from support.recorded_hosts import (
    CHARGED_AHEAD, NAMES, RECORDINGS, UNITS, Recording, container_id, unpack)

V2 = ("debian-11-linux-5.10-cgroup-v2", "debian-12-linux-6.1-cgroup-v2",
      "debian-13-linux-6.12-cgroup-v2")
V1 = ("debian-12-linux-6.1-cgroup-v1",)


class Scraped:
    """A recording and what the exporter says of it."""

    def __init__(self, root, exporter):
        self.files = Recording(root)
        self.body = exporter.scrape()
        self.kinds = cgroups.kinds(self.body)
        self.labels = set().union(*self.kinds.values())


@pytest.fixture(scope="module", params=V2 + V1)
def recording(request, start_shared_exporter, tmp_path_factory):
    root = unpack(RECORDINGS / f"{request.param}.tar.xz", tmp_path_factory.mktemp("recording"))
    exporter = start_shared_exporter(*fixtures.flags(root), *EXPORT_ALL, "--cgroup.limit=1000")
    return Scraped(root, exporter)


def test_exports_containers_units_and_limited_ancestors(recording):
    assert recording.kinds == recording.files.kinds


def test_every_figure_is_that_of_the_files(recording):
    node = cgroups.node_headroom(recording.body)
    for label in recording.labels:
        expected = recording.files.values(label)
        expected["headroom_bytes"] = cgroups.headroom(recording.files.chain(label), node)
        assert cgroups.exported(recording.body, label) == expected, label


def test_no_kind_counts_anything_twice(recording):
    charged = sum(recording.files.values(child.name)["memory_usage_bytes"]
                  for child in recording.files.tree.iterdir() if child.is_dir())
    for kind, labels in recording.kinds.items():
        nested = [(a, b) for a in labels for b in labels if b.startswith(a + "/")]
        assert not nested, kind
        total = sum(value for _, value in
                    recording.body.find("memleak_cgroup_memory_usage_bytes", kind=kind))
        assert 0 < total <= charged, kind


@pytest.mark.parametrize("recording", V2, indirect=True)
def test_the_parts_account_for_the_usage(recording):
    for label in recording.labels:
        found = cgroups.exported(recording.body, label)
        usage = found["memory_usage_bytes"]
        parts = (found["anon_memory_bytes"] + found["shmem_memory_bytes"]
                 + found["page_cache_bytes"] + found["kernel_memory_bytes"]
                 + cgroups.unmapped_swap_cache(recording.files.directory(label)))
        rest = usage - parts
        assert -CHARGED_AHEAD <= rest <= 0.02 * usage + CHARGED_AHEAD, (label, rest, usage)


@pytest.mark.parametrize("recording", (*V2[1:], *V1), indirect=True)
def test_the_footprint_is_what_the_processes_hold(recording):
    """Of single processes, which share nothing. Linux 5.10 with v2 does not tell what is in memory and
    in swap at once, and counts it twice."""
    checked = 0
    # What runs the recorder moves.
    for label in recording.labels - {"/init.scope"}:
        pids = cgroups.processes_below(recording.files.directory(label))
        if len(pids) != 1:
            continue
        text = (recording.files.root / "proc" / str(pids.pop()) / "status").read_text()
        status = dict(re.findall(r"^(\w+):\s+(\d+)", text, re.M))
        held = (int(status["RssAnon"]) + int(status["VmSwap"])) * 1024
        footprint = cgroups.exported(recording.body, label)["footprint_bytes"]
        # Before Linux 6.2 each thread tells of its pages by the 64.
        rough = CHARGED_AHEAD + 64 * 4096 * int(status["Threads"])
        assert abs(footprint - held) <= 0.02 * held + rough, (label, footprint, held)
        checked += 1
    assert checked >= 10


def test_containers_have_the_names_of_the_log_folders(recording):
    for label in recording.kinds["container"]:
        labels = cgroups.labels_of(recording.body, label)
        digits = next(part for part in (*NAMES, "2b", "6a", "7b") if container_id(part) in label)
        found = tuple(labels.get(name) for name in ("namespace", "pod", "container"))
        assert found == NAMES.get(digits, (None, None, None)), label


def test_units_are_named(recording):
    for label in recording.kinds["unit"]:
        assert cgroups.labels_of(recording.body, label)["unit"] == UNITS[label]
