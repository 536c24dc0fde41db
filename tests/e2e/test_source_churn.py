"""A thousand processes a second that begin and end, read by the kernel's task iterator: each scrape is
whole, and the exporter does not grow."""

import os
import select
import time

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.programs import helper
from support.requirements import need_task_iterator
from support.task_iterator import FAILURES, source_of
from support.waiting import wait_for

# This host as it is, so that nothing else may run beside it.
pytestmark = [pytest.mark.host, pytest.mark.threads]

RATE = 1000
# Some two hundred are there at any moment; one that lives from one scrape to the next gets its name
# and shows by itself.
LIFETIME_MS = 200
LASTING = 20
WARM_SECONDS, SECONDS = 65, 125
MIB = 1 << 20
START = "memleak_process_start_time_seconds"
ENTITIES = "memleak_trend_entities"


def footprint(pid):
    status = kernel.status(pid)
    return status["RssAnon"] + status["VmSwap"]


class Churn:
    """A thousand processes a second for so many seconds, and scrapes all the while."""

    def __init__(self, exporter, lasting, start_program, seconds):
        self.exporter, self.lasting = exporter, lasting
        self.seconds = seconds
        self.program = start_program(
            [helper("churner"), str(RATE), str(seconds), str(LIFETIME_MS)])
        assert self.program.read_line() == "ready"
        self.scrapes = 0
        self.seen = 0  # of the short-lived ones

    def scrape(self):
        """One that must be whole."""
        body = self.exporter.scrape(openmetrics=self.scrapes % 2 == 0)
        assert source_of(body) == "bpf"
        assert body.value(FAILURES) == 0
        success = body.find("memleak_scrape_collector_success")
        assert all(value == 1 for _, value in success), success
        starts = {labels["pid"]: value for labels, value in body.find(START)}
        lacking = self.lasting.items() - starts.items()
        assert not lacking, "each in every scrape, with the start time that it always had"
        # Whoever waits for its name is new in this scrape.
        self.seen += body.value("memleak_scrape_processes", result="pending")
        self.scrapes += 1
        return body

    def run(self, each=lambda body: None):
        """To its end."""
        while not select.select([self.program.process.stdout], [], [], 0.1)[0]:
            each(self.scrape())
        assert self.program.read_line() == f"made {RATE * self.seconds}"


@pytest.fixture
def lasting(start_actor):
    """{pid: start time} of processes that live throughout."""
    actors = [start_actor() for _ in range(LASTING)]
    return {str(actor.pid): kernel.Stat(actor.pid).start_time for actor in actors}


@pytest.fixture
def exporter(start_exporter, lasting):
    need_task_iterator()
    exporter = start_exporter(*EXPORT_ALL, "--process.source=bpf")
    exporter.scrape_until("all that last", lambda body: lasting.keys() <= {
        labels["pid"] for labels, _ in body.find(START)})
    return exporter


def wait_for_the_end(churn, before):
    """Until nothing that ended is followed any more."""
    def attempt():
        # Some two hundred were too many; others on this host may have begun something, too.
        return churn.scrape().value(ENTITIES) <= before.value(ENTITIES) + 50
    wait_for("the histories of those that ended to be given up", attempt)


def test_seconds_of_churn(exporter, lasting, start_program):
    before = exporter.scrape()
    descriptors = kernel.open_files(exporter.pid)
    churn = Churn(exporter, lasting, start_program, 5)
    churn.run()
    # Or nothing was tried.
    assert churn.scrapes >= 5
    assert churn.seen >= churn.scrapes * 50
    wait_for_the_end(churn, before)
    wait_for("the descriptors of names that were being read",
             lambda: kernel.open_files(exporter.pid) <= descriptors + 2)


@pytest.mark.long
def test_minutes_of_churn(exporter, lasting, start_program):
    """The dead are remembered for a minute, so what it holds after that is what it holds."""
    before = exporter.scrape()
    began = time.monotonic()
    held = []  # (seconds, footprint, descriptors, threads) at each scrape

    def note(_):
        held.append((time.monotonic() - began, footprint(exporter.pid),
                     kernel.open_files(exporter.pid),
                     len(os.listdir(f"/proc/{exporter.pid}/task"))))

    churn = Churn(exporter, lasting, start_program, SECONDS)
    churn.run(note)
    assert churn.scrapes >= SECONDS
    assert churn.seen >= churn.scrapes * 50
    warm, *later = [now for now in held if now[0] > WARM_SECONDS]
    for now in later:
        assert now[1] - warm[1] < MIB, (warm, now)
        # Some are open while newcomers' names are being read.
        assert abs(now[2] - warm[2]) <= 10, (warm, now)
        assert now[3] == warm[3], (warm, now)
    wait_for_the_end(churn, before)
    print(f"{RATE * SECONDS} processes made, {churn.seen:.0f} of them seen in {churn.scrapes} "
          f"scrapes; footprint {warm[1]} after {WARM_SECONDS} s, {later[-1][1]} after {SECONDS} s")
