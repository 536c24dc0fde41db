"""Leaking programs for the tests of the runbooks, ended by pid whatever happens."""

import contextlib
import subprocess

import pytest

from runbook_pages import SAMPLES, Sample, need_tool


@pytest.fixture
def start_sample(tmp_path):
    """Starts a leaking program of runbook_samples in a folder of the test's own."""
    with contextlib.ExitStack() as stack:
        def start(*command, **environment):
            sample = Sample([str(word) for word in command], tmp_path, **environment)
            stack.callback(lambda: sample.process.poll() is None and sample.end())
            return sample
        yield start


@pytest.fixture(scope="session")
def native_program(tmp_path_factory):
    """sessions.cc, built."""
    program = tmp_path_factory.mktemp("native") / "sessions"
    subprocess.run([need_tool("g++"), "-g", "-O1", "-o", program, SAMPLES / "sessions.cc"], check=True)
    return program
