"""Load tells growth that follows work from growth that does not."""

import re

import pytest

from support.leaks import MIB, OBSERVED_SLOTS, SLOT, Plan

pytest_plugins = ("support.leak_fixtures",)
pytestmark = pytest.mark.xdist_group("leaks")

# In seconds; without load at the end.
CUT = 40 * SLOT
END_OF_REQUESTS = 110 * SLOT
WAVES = "8:8-8,12:8-40,6:40-40,8:40-12,8:12-44,2:44-44,4:44-0"
# By memory alone a leak.
RAMP = "6:8-8,34:8-64,6:64-64,4:64-0"
QUIET_SINCE = 50 / SLOT

SUBJECTS = {
    "pool in waves": Plan("requests", ("pool", WAVES, MIB)),
    "pool on a ramp": Plan("requests", ("pool", RAMP, MIB)),
    "leak beside load": Plan("requests", ("timer-leak", f"{CUT}:100-100", 2 * MIB)),
    "leak of requests": Plan("requests", ("leak", f"{END_OF_REQUESTS}:20-20", MIB // 10)),
}


@pytest.mark.parametrize("name", ["pool in waves", "pool on a ramp"])
def test_a_pool_follows_load_and_goes_quiet_without(subject, name):
    pool = subject(name)
    pool.wait_for_slot(QUIET_SINCE + 40)
    pool.never_suspected()
    (_, rows), = pool.of("group")
    assert max(values["footprint_bytes"] for _, values in rows) > 40 * MIB
    for kind in ("process", "group"):
        last = pool.last(kind)
        assert last["footprint_bytes"] < 4 * MIB
        assert last["growth_bytes_per_second"] == 0
        assert "exhaustion_seconds" not in last
    verdict = pool.analyze("process")
    assert not verdict["leak_suspected"] and not verdict["suspected"], verdict


def test_a_leak_is_confirmed_when_the_load_is_cut(subject):
    """It grows on while its use of the CPU falls to nothing."""
    leak = subject("leak beside load")
    leak.is_found()
    leak.wait_for_slot(OBSERVED_SLOTS)
    verdict = leak.analyze("process")
    assert verdict["leak_suspected"] and verdict["confidence"] == "confirmed", verdict
    found = [re.fullmatch(r"grew ([\d.]+) MiB in ([\d.]+) idle (second|minute)s", reason)
             for reason in verdict["reasons"]]
    assert any(found), verdict
    (grown, time, unit), = [match.groups() for match in found if match]
    seconds = float(time) * (60 if unit == "minute" else 1)
    assert float(grown) == pytest.approx(2 * seconds, rel=0.3), verdict


def test_a_leak_by_the_request_is_likely_and_no_more(subject):
    """Found while there are requests; without any it does not grow, and nothing confirms it."""
    leak = subject("leak of requests")
    leak.is_found(goes_on=False)
    leak.wait_for_slot(END_OF_REQUESTS / SLOT + 40)
    verdict = leak.analyze("process")
    assert verdict["suspected"], verdict
    assert verdict["confidence"] != "confirmed", verdict
