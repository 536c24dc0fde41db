"""No alert fires on the eight shapes that are none, with the exporter's verdict and by the troughs alone.

Two worlds, one four times as slow as the other. In each of them a leak shows that the rules see what
they are shown.
"""

import re

import pytest

from support.hosts import GIB, MIB, World
from support.promtool import failures, samples
from support.shapes import Shape, shapes, show
from test_alert_rules import ALERTS, reads

# How slow, how many hours, how often it is judged.
SPEEDS = {"quick": (1, 4, "1m"), "slow": (4, 12, "5m")}
SIZES = (300 * MIB, 15 * GIB, 200 * GIB)
# What alerts on memory and descriptors, and not on what was killed or on the exporter itself.
OF_MEMORY = [alert for alert in ALERTS
             if any(name.startswith("memleak_") and not re.match("memleak_(oom|scrape|slow_reads)_", name)
                    and name not in ("memleak_node_oom_kills_total", "memleak_node_processes_hidden")
                    for name in reads(alert["expr"]))]
# What the exporter says nothing of where nothing grows.
UNSAID = {"memleak_group_exhaustion_seconds", "memleak_group_fd_exhaustion_seconds",
          "memleak_node_exhaustion_seconds"}
LEAK = "a leak"


def fired(world, instance):
    """What has fired by the end of the world on the hosts whose names match."""
    firing = 'ALERTS{alertstate="firing", instance=~"%s"}[%dm]' % (instance, world.minutes + 1)
    return f"max by (alertname, severity, instance) (max_over_time({firing}))"


def world_of(speed):
    unit, hours, _ = SPEEDS[speed]
    world = World(hours)
    kinds = [(f"{name}: {kind}", shape) for name, kinds in shapes(unit).items() for kind, shape in kinds.items()]
    for index, (instance, shape) in enumerate(kinds):
        size = SIZES[index % len(SIZES)]
        if shape.unjudged:
            show(world, instance, shape, size)
        if shape.judged:
            show(world, f"{instance}, by verdict", shape, size, says=True)
    show(world, LEAK, Shape(lambda minute: 0.3 + 0.9 * minute / world.minutes), 15 * GIB)
    return world


@pytest.fixture(scope="module")
def objections(tmp_path_factory):
    """{speed: what promtool objects to}, as it is asked for."""
    made = {}

    def of(speed):
        if speed not in made:
            world = world_of(speed)
            made[speed] = failures(
                tmp_path_factory.mktemp(speed), world,
                *[samples(world.minutes, fired(world, f"{shape}: .*"), {}) for shape in shapes(1)],
                samples(world.minutes, "group by (alertname) (%s)" % fired(world, LEAK),
                        {f'{{alertname="{name}"}}': 1 for name in LEAKS[speed]}),
                step=SPEEDS[speed][2])
        return made[speed]
    return of


# What a leak of everything sets off by its troughs within four hours, and within twelve.
LEAKS = {
    "quick": {"MemleakGroupLeakSuspected", "MemleakGroupExhaustionPredicted", "MemleakNodeExhaustionPredicted",
              "MemleakNodeMemoryLow", "MemleakDescriptorLeakSuspected", "MemleakDescriptorExhaustionPredicted"},
}
LEAKS["slow"] = LEAKS["quick"] | {"MemleakNodeSwapClimbing", "MemleakKernelMemoryLeak"}


def of_speed(values):
    return [pytest.param(speed, *value, marks=pytest.mark.xdist_group(f"{speed} shapes"))
            for speed in SPEEDS for value in values]


@pytest.mark.parametrize("speed, shape", of_speed([(shape,) for shape in shapes(1)]))
def test_nothing_fires_on(objections, speed, shape):
    wrong = [one for one in objections(speed) if f"{shape}: " in one]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("speed", of_speed([()]))
def test_a_leak_among_them_is_seen(objections, speed):
    """And promtool has judged all rules."""
    wrong = [one for one in objections(speed) if not any(f"{shape}: " in one for shape in shapes(1))]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def test_every_alert_on_memory_is_shown_what_it_reads():
    world = world_of("quick")
    shown = {text.split("{")[0] for text in world.series}
    assert len(OF_MEMORY) >= 20
    assert not {alert["alert"]: unseen for alert in OF_MEMORY
                if (unseen := reads(alert["expr"]) - shown - UNSAID)}
