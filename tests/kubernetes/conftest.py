"""Fixtures that more than one file uses."""

import contextlib

import pytest

from support.exporter import Exporter


@pytest.fixture
def start_exporter():
    """Starts an exporter; each must end cleanly."""
    started = []

    def start(*arguments, **options):
        started.append(Exporter(*arguments, **options))
        return started[-1]

    try:
        yield start
    except BaseException:
        for one in started:
            one.kill()
        raise
    with contextlib.ExitStack() as stack:
        for one in started:
            stack.callback(one.stop)
