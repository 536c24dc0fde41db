"""A fast leak in a small cgroup: its end is known within a minute, long before a verdict."""

import os

import pytest

from support.cgroups import Cgroup, exported, need_memory_cgroups
from support.exporter import EXPORT_ALL
from support.programs import copy_of, unique
from support.waiting import wait_for

MIB = 1 << 20
LIMIT = 240 * MIB
RATE = MIB
EXHAUSTION = "memleak_{}_exhaustion_seconds"


@pytest.fixture
def units():
    """Two small cgroups."""
    need_memory_cgroups()
    top = Cgroup("/" + unique("memleak-exhaustion"))
    yield top.child("leak.service", limit=LIMIT), top.child("filled.service", limit=LIMIT)
    top.remove()


def start_in(start_program, unit, path, *arguments):
    directory = os.fsdecode(unit.directory)
    return start_program(["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"', directory, path,
                          *map(str, arguments)])


def test_a_fast_leak(units, start_exporter, start_program, tmp_path):
    """With the usual slot of a minute. Beside it one that took as much and wants no more."""
    leaking, filled = units
    names = {unit: unique(unit.path.rsplit(b"/")[-1].split(b".")[0].decode()) for unit in units}
    paths = {unit: copy_of("requests", tmp_path, name) for unit, name in names.items()}
    exporter = start_exporter(*EXPORT_ALL, "--cgroup.limit=100000")
    calm = start_in(start_program, filled, paths[filled], "bounded", 200, MIB, 100)
    leak = start_in(start_program, leaking, paths[leaking], "leak", 20, RATE // 20)

    def of(unit, pid):
        return {"process": {"pid": str(pid)}, "group": {"group": names[unit]},
                "cgroup": {"cgroup": unit.label}}

    def shown(body, unit, pid):
        return {kind: found[0][1] for kind, labels in of(unit, pid).items()
                if (found := body.find(EXHAUSTION.format(kind), **labels))}

    def predicted():
        body = exporter.scrape(path="/metrics?collect[]=process&collect[]=group&collect[]=cgroup")
        assert not shown(body, filled, calm.pid)
        return body if len(shown(body, leaking, leak.pid)) == 3 else None

    # Half a slot and a little; waiting ends after a minute.
    body = wait_for("a prediction", predicted, interval=4)
    left = (LIMIT - exported(body, leaking.label)["unreclaimable_memory_bytes"]) / RATE
    for kind, seconds in shown(body, leaking, leak.pid).items():
        assert left / 2 < seconds < left * 2, (kind, left)
    for kind, labels in of(leaking, leak.pid).items():
        assert [value for _, value in body.find(f"memleak_{kind}_leak_suspected", **labels)] in (
            [], [0])
