"""The page says how long which leak takes to show: that must be what the engine does."""

import importlib.util
import re

import pytest

from support.exporter import BINARY, REPOSITORY

PAGE = REPOSITORY / "exporter" / "web" / "page" / "assets" / "none_yet.js"
TOLERANCE = 0.1


def measured():
    spec = importlib.util.spec_from_file_location("speeds", REPOSITORY / "tests" / "browser" / "speeds.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_what_the_engine_does():
    speeds = measured()
    told = [tuple(int(number) for number in row) for row in
            re.findall(r"\{perSlot: (\d+), near: (\d+), far: (\d+)\}", PAGE.read_text())]
    assert len(told) == len(speeds.PER_HOUR)
    for per_hour, (per_slot, *slots) in zip(speeds.PER_HOUR, told):
        assert per_slot == pytest.approx(per_hour * speeds.SLOT / 3600, abs=1)
        for room, expected in zip(speeds.ROOMS, slots):
            assert speeds.slots_until_suspected(BINARY, per_hour, room) == pytest.approx(
                expected, rel=TOLERANCE), "tests/browser/speeds.py prints what belongs into none_yet.js"
