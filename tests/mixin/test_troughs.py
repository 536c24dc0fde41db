"""The recording rules alone, without any verdict: their values, and what they must not take for growth."""

from support.hosts import GIB, LONG_AGO, MIB, World, climb, less, selector, step, without
from support.promtool import RULE_FILES, samples
from support.promtool import judge as judged

MINUTE = 60
RATE = 256 * MIB
LIMIT = 4 * GIB


def judge(tmp_path, world, *expected):
    """By the recording rules alone, every five minutes, as they are meant to be judged at least."""
    judged(tmp_path, world, *expected, step="5m", rule_files=RULE_FILES[:1])


def group(world, footprint, limit=LIMIT, since=LONG_AGO, **families):
    headroom = {} if limit is None else {"headroom_bytes": less(limit, footprint)}
    return world.host().group("api", footprint_bytes=footprint, oldest_start_time_seconds=since, **headroom,
                              **families)


def about(minute, expression, value, labels):
    """It is within 2 % of `value`."""
    return samples(minute, f"abs({expression} / {value!r} - 1) < bool 0.02", {selector(labels): 1})


def nothing_ever(world, expression):
    return samples(world.minutes, f"max_over_time({expression}[{world.minutes + 1}m])", {})


def suspected(minute, labels):
    return samples(minute, "group:memleak_leak_suspected:troughs",
                   {"group:memleak_leak_suspected:troughs" + selector(labels): 1})


def test_growth_and_time_left_of_a_straight_leak(tmp_path):
    world = World(hours=7)
    labels = group(world, climb(GIB, RATE))
    expected = []
    # By the shortest windows first, then by ever longer ones.
    for minute in (40, 120, 200, 420):
        left = LIMIT - GIB - RATE * minute / 60
        expected += [about(minute, "group:memleak_growth_bytes_per_second:troughs", RATE / 3600, labels),
                     about(minute, "group:memleak_exhaustion_seconds:troughs", left / RATE * 3600, labels)]
    judge(tmp_path, world, *expected, suspected(420, labels))


def test_no_limit_is_no_time_left_and_takes_long_windows(tmp_path):
    world = World(hours=22)
    labels = group(world, climb(GIB, RATE), limit=None)
    judge(tmp_path, world,
          nothing_ever(world, "group:memleak_exhaustion_seconds:troughs"),
          samples(15 * 60, "group:memleak_leak_suspected:troughs", {}),
          about(15 * 60, "group:memleak_growth_bytes_per_second:troughs", RATE / 3600, labels),
          suspected(22 * 60, labels))


def test_an_exporter_that_restarts_forgets_nothing(tmp_path):
    """Its verdict is gone, and raw series have a gap: what was known is known again with the first troughs."""
    world = World(hours=7)
    footprint = without(climb(GIB, RATE), 360, 372)
    labels = group(world, footprint)
    judge(tmp_path, world, suspected(355, labels), suspected(385, labels),
          about(380, "group:memleak_growth_bytes_per_second:troughs", RATE / 3600, labels))


def test_two_lives_are_no_trend(tmp_path):
    """Each life is larger than the one before, and flat: their troughs rise, but nothing grows."""
    world = World(hours=8)
    born = 50

    def footprint(minute):
        return GIB + minute // born * 200 * MIB

    group(world, footprint, since=lambda minute: minute // born * born * MINUTE)
    judge(tmp_path, world, nothing_ever(world, "group:memleak_growth_bytes_per_second:troughs"),
          nothing_ever(world, "group:memleak_leak_suspected:troughs"))


def test_what_the_life_before_held_does_not_excuse(tmp_path):
    """Its peak is not this one's: a leak below it is found."""
    world = World(hours=12)
    labels = group(world, lambda minute: 3 * GIB if minute < 300 else GIB + RATE * (minute - 300) / 60,
                   since=step(LONG_AGO, 300 * MINUTE, 300))
    judge(tmp_path, world, samples(300, "group:memleak_growth_bytes_per_second:troughs", {}),
          suspected(720, labels))


def test_what_goes_with_the_work_is_none(tmp_path):
    """Memory that grows with the load, which grows by half in the four hours that are looked at; the same
    without the load is a leak."""
    world = World(hours=8)
    for name, cores in (("busy", 2.0), ("idle", 0.0)):
        footprint = climb(GIB, RATE)
        world.host(instance=name).group(
            # Too far away for shorter windows.
            "api", footprint_bytes=footprint, headroom_bytes=less(6 * GIB, footprint),
            oldest_start_time_seconds=LONG_AGO,
            # A load that climbs evenly: its integral.
            cpu_seconds_total=lambda minute, cores=cores: 600 * minute + cores * minute * minute)
    judge(tmp_path, world, samples(480, "count by (instance) (group:memleak_leak_suspected:troughs)",
                                   {'{instance="idle"}': 1}))


def test_the_first_process_to_run_out_of_descriptors(tmp_path):
    world = World(hours=3)
    host = world.host()
    for pid, start in ((7, 100), (8, 500)):
        host.process(pid, "api", open_fds=climb(start, 60), max_fds=1024, start_time_seconds=LONG_AGO)
    labels = {**host.labels, "group": "api"}
    judge(tmp_path, world, about(170, "group:memleak_fd_exhaustion_seconds:troughs",
                                 (1024 - 500 - 170) / 60 * 3600, labels))


def test_nodes(tmp_path):
    """Used memory, swap and slab of the kernel, each on its own node."""
    world = World(hours=22)
    total = 64 * GIB
    used = world.host(instance="used:1")
    used.node(memory_total_bytes=total, memory_available_bytes=climb(48 * GIB, -GIB))
    swap = world.host(instance="swap:1")
    swap.node(swap_total_bytes=32 * GIB, swap_free_bytes=climb(32 * GIB, -GIB))
    slab = world.host(instance="slab:1")
    slab.node(memory_slab_unreclaimable_bytes=climb(GIB, GIB))
    minute = 21 * 60
    judge(tmp_path, world,
          about(minute, "node:memleak_growth_bytes_per_second:troughs", GIB / 3600, used.labels),
          about(minute, "node:memleak_exhaustion_seconds:troughs", (48 - 21) * 3600, used.labels),
          about(minute, "node:memleak_swap_growth_bytes_per_second:troughs", GIB / 3600, swap.labels),
          about(minute, "node:memleak_slab_unreclaimable_growth_bytes_per_second:troughs", GIB / 3600,
                slab.labels),
          samples(minute, "count by (instance) (node:memleak_slab_unreclaimable_leak_suspected:troughs)",
                  {'{instance="slab:1"}': 1}))
