"""The exporter itself does not leak."""

import os
import time

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.programs import copy_of_actor

# This host as it is, so that nothing else may run beside it.
pytestmark = [pytest.mark.host, pytest.mark.threads]

SECONDS = 90
MIB = 1 << 20


def footprint(pid):
    status = kernel.status(pid)
    return status["RssAnon"] + status["VmSwap"]


@pytest.mark.long
def test_churn_does_not_make_it_grow(start_exporter, start_actor, tmp_path):
    """New names, new processes, execs and scrapes in both formats for a minute and a half.

    The dead are remembered for a minute, so what it holds after that is what it holds.
    """
    exporter = start_exporter(*EXPORT_ALL)
    paths = [copy_of_actor(tmp_path, f"program-number-{i}") for i in range(20)]
    actor = start_actor(path=paths[0])

    def work_until(end):
        rounds = 0
        while time.monotonic() < end:
            actor.tell("churn", 200)
            actor.become(paths[rounds % len(paths)])
            exporter.scrape(openmetrics=rounds % 2 == 0)
            exporter.get("/api/v1/processes", headers={"Accept-Encoding": "gzip"})
            rounds += 1

    start = time.monotonic()
    work_until(start + SECONDS * 0.7)
    before, descriptors = footprint(exporter.pid), kernel.open_files(exporter.pid)
    threads = len(os.listdir(f"/proc/{exporter.pid}/task"))
    work_until(start + SECONDS)
    assert footprint(exporter.pid) - before < 2 * MIB
    assert abs(kernel.open_files(exporter.pid) - descriptors) <= 2
    assert len(os.listdir(f"/proc/{exporter.pid}/task")) == threads
