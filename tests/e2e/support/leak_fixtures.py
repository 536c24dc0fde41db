"""Fixtures of the tests of verdicts (test_leaks*.py). Their programs need a minute to show what
they are: all run at once, whichever test is waiting for its own. A module's are in its SUBJECTS."""

import pytest

from support.leaks import Observatory


class Watch:
    """The observatory, for as long as a test is left that looks through it."""

    def __init__(self, items, directory):
        self.waiting = {item.nodeid for item in items}
        plans = {}
        for module in {item.module for item in items}:
            plans |= module.SUBJECTS
        self.observatory = Observatory(directory, plans)

    def done(self, item):
        self.waiting.discard(item.nodeid)
        if not self.waiting:
            self.close()

    def close(self, *args):
        if self.observatory is not None:
            observatory, self.observatory = self.observatory, None
            observatory.close(*args)


@pytest.fixture(scope="session")
def watch(request, tmp_path_factory):
    items = [item for item in request.session.items if "subject" in item.fixturenames]
    watching = Watch(items, tmp_path_factory.mktemp("leaks"))
    yield watching
    if watching.observatory is not None:
        watching.close(watching.observatory.exporter.kill)


@pytest.fixture
def subject(request, watch):
    """A function: the subject of a name, which ends with the test."""
    used = []

    def get(name):
        used.append(watch.observatory[name])
        return used[-1]

    yield get
    for one in used:
        one.end()
    watch.done(request.node)
