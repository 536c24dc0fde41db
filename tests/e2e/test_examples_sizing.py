"""deploy/scaling.md says how many series a node has; tests/sizing counts them."""

import sys

import pytest

from support.exporter import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests" / "sizing"))

import series  # noqa: E402  (the path is set here)

pytestmark = pytest.mark.once

PAGE = (REPOSITORY / "deploy" / "scaling.md").read_text()


def told(row):
    """The first figure of the row that begins so."""
    line, = (line for line in PAGE.splitlines() if line.startswith(f"| {row}"))
    return int(line.split("|")[2].strip().replace(",", ""))


def about(count):
    """As the page rounds it."""
    return pytest.approx(count, abs=100)


def test_an_ordinary_node(tmp_path):
    counted = series.ordinary(tmp_path, flags=())
    assert told(f"with 110 pods and {counted['processes']} processes, none growing") == about(counted["all"])
    for name, left in counted["jobs"].items():
        assert told(f"job `{name}` of") == about(left)
    assert told("collector `cgroup`") == about(counted["collectors"]["cgroup"])
