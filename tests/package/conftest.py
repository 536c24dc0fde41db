"""Exporters that the tests start, ended by pid whatever happens."""

import pytest

import built  # noqa: F401  (says which build the program is of, before anybody looks)
from support.exporter import Exporter


@pytest.fixture
def start_exporter():
    started = []

    def start(*arguments, **more):
        started.append(Exporter(*arguments, **more))
        return started[-1]

    yield start
    for exporter in started:
        if exporter.process.poll() is None:
            exporter.kill()
