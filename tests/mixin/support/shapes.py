"""The eight shapes on which no memory alert may fire, at several sizes and speeds.

A shape is a curve of how full things are, 0 to 1, and another of when the life began that fills them.
Everything that can leak on a host follows it: a group, its process and its container, the node, its swap
and the slabs of its kernel, and descriptors.
"""

import dataclasses
import math
import random

from support.hosts import LONG_AGO, MIB, at, between, less, step, without

# So full at most, as a share of every limit: near enough that only the trend says all is well.
FULL = 0.82


@dataclasses.dataclass
class Shape:
    fill: object
    started: object = LONG_AGO
    # Whether limits are known.
    limited: bool = True
    # Whether it is shown with the verdict, and whether without.
    judged: bool = False
    unjudged: bool = True
    # Whether the node as a whole follows, or only a group of it.
    whole_node: bool = True


def plateau(tau, low=0.1, begin=0):
    """Towards 1, by what is missing over `tau` minutes."""
    return lambda minute: 1 - (1 - low) * math.exp(-max(0, minute - begin) / tau)


def ramp(minutes, low=0.1, begin=0):
    """Towards 1, evenly, and then flat."""
    return lambda minute: low + (1 - low) * min(1, max(0, minute - begin) / minutes)


def sawtooth(period, low=0.3, share_up=0.8):
    """Begins at its top: what nobody has seen before is not yet a sawtooth."""
    def fill(minute):
        phase = (minute / period + share_up) % 1
        up = phase / share_up if phase < share_up else (1 - phase) / (1 - share_up)
        return low + (1 - low) * up
    return fill


def noisy(curve, amplitude=0.03):
    """Never above what the curve is; the same noise in every run."""
    rng = random.Random(1)
    noise = [amplitude * rng.random() for _ in range(60 * 24 * 4)]

    def fill(minute):
        value = at(curve, minute)
        return None if value is None else value * (1 - noise[minute])
    return fill


def wave(period, low=0.3):
    return lambda minute: low + (1 - low) * (0.5 + 0.5 * math.cos(2 * math.pi * minute / period))


def lives(length, life):
    """Every `length` minutes a new one begins, whose fill is `life`; gone for two minutes before."""
    def fill(minute):
        age = minute % length
        return None if age >= length - 2 else life(age)
    return fill


def stairs(length):
    """Every life is larger than the one before."""
    return lambda minute: min(1, 0.2 + 0.15 * (minute // length))


def born(length):
    """When the life that lasts at a minute began, in seconds."""
    return lambda minute: 60 * (minute - minute % length)


def shapes(u):
    """{name of a shape: {what kind of it: Shape}}, where everything takes `u` times as long."""
    return {
        "warm-up plateau": {
            "quick": Shape(plateau(4 * u), 0),
            "slow": Shape(plateau(10 * u), 0),
            "noisy": Shape(noisy(plateau(12 * u)), 0, judged=True),
            "even": Shape(ramp(10 * u), 0),
            # As long as it climbs, its memory alone looks like a leak.
            "even, for hours": Shape(ramp(120 * u), 0, judged=True, unjudged=False, whole_node=False),
            "second": Shape(plateau(10 * u, low=0.4, begin=120 * u), judged=True),
        },
        "sawtooth": {
            "quick": Shape(sawtooth(7 * u)),
            "slow": Shape(sawtooth(60 * u)),
            "deep": Shape(sawtooth(25 * u, low=0.05, share_up=0.95)),
            "noisy": Shape(noisy(sawtooth(40 * u)), judged=True),
            "wave": Shape(wave(50 * u), judged=True),
        },
        "one step": {
            "sudden": Shape(step(0.4, 1, 120 * u), judged=True),
            "small": Shape(noisy(step(0.9, 1, 120 * u))),
            "within minutes": Shape(ramp(8 * u, low=0.5, begin=120 * u), judged=True),
            "down": Shape(step(1, 0.5, 120 * u)),
        },
        "restart": {
            "once": Shape(lives(130 * u, plateau(10 * u)), born(130 * u)),
            "often": Shape(lives(45 * u, plateau(10 * u)), born(45 * u), judged=True),
            "full at once": Shape(lives(80 * u, lambda _: 1), born(80 * u)),
            "larger each time": Shape(stairs(40 * u), born(40 * u), judged=True, whole_node=False),
        },
        "gap in scrapes": {
            "flat": Shape(without(1, 120 * u, 150 * u)),
            "sawtooth": Shape(without(sawtooth(40 * u), 110 * u, 170 * u), judged=True),
            "higher after it": Shape(without(step(0.5, 1, 140 * u), 110 * u, 150 * u), judged=True),
            "again and again": Shape(lambda minute: None if minute % 17 < 6 else noisy(1)(minute)),
        },
        "missing limit": {
            "flat": Shape(noisy(1), limited=False),
            "warm-up": Shape(plateau(10 * u), 0, limited=False, judged=True),
            "sawtooth": Shape(sawtooth(30 * u), limited=False),
        },
        "fresh node": {
            "boot": Shape(plateau(10 * u, low=0.05), 0),
            "half an hour": Shape(between(ramp(30), 0, 31), 0),
            "an hour": Shape(between(plateau(20), 0, 61), 0),
            "flat": Shape(1, 0),
        },
        "pid reuse": {
            "larger": Shape(step(0.2, 1, 120 * u), step(LONG_AGO, 60 * 120 * u, 120 * u), judged=True,
                            whole_node=False),
            "larger each time": Shape(stairs(30 * u), born(30 * u), whole_node=False),
            "warm again": Shape(lives(90 * u, plateau(8 * u)), born(90 * u), whole_node=False),
        },
    }


def scaled(curve, factor):
    def value(minute):
        fill = at(curve, minute)
        return None if fill is None else round(factor * fill)
    return value


def where(curve, other):
    """`other`, where `curve` has samples."""
    return lambda minute: None if at(curve, minute) is None else at(other, minute)


def show(world, instance, shape, size, says=False):
    """A host of that shape. `size` is the memory that it fills; `says` whether it shows a verdict: no leak."""
    host = world.host(instance, up=where(shape.fill, 1))

    def seen(value):
        return where(shape.fill, value)

    # Groups of other hosts are not its siblings.
    group = f"of {instance}"
    footprint = scaled(shape.fill, FULL * size)
    fds = scaled(shape.fill, FULL * 4096)
    total = size if shape.whole_node else 4 * size
    swap, slab = (scaled(shape.fill if shape.whole_node else seen(0.5), share * size) for share in (0.5, 0.1))
    host.node(
        memory_total_bytes=seen(total), memory_available_bytes=less(total, footprint),
        swap_total_bytes=seen(size), swap_free_bytes=less(size, swap),
        swap_in_bytes_total=seen(lambda minute: minute * 60 * MIB), memory_slab_unreclaimable_bytes=slab,
        memory_pressure_waiting_seconds_total=seen(lambda minute: minute * 0.5),
        memory_pressure_stalled_seconds_total=seen(lambda minute: minute * 0.1),
        oom_kills_total=seen(0))
    world.put("process_start_time_seconds", host.labels, seen(LONG_AGO))

    def verdict(*resources):
        return {f"{resource}{what}": seen(0) for resource in resources if says
                for what in ("leak_suspected", f"growth{'' if resource == 'fd_' else '_bytes'}_per_second")}

    if says:
        for resource in ("used", "swap", "slab_unreclaimable", "page_tables", "shmem", "vmalloc", "percpu"):
            host.node(resource, **verdict(""))
    limit = {"headroom_bytes": less(size, footprint)} if shape.limited else {}
    host.group(
        group, footprint_bytes=footprint, open_fds=fds, oldest_start_time_seconds=seen(shape.started),
        # Three alike, and the oldest a little larger.
        processes=seen(3), largest_footprint_bytes=scaled(footprint, 0.4),
        median_footprint_bytes=scaled(footprint, 0.3), largest_start_time_seconds=seen(shape.started),
        cpu_seconds_total=seen(lambda minute: minute * 30), **limit, **verdict("", "fd_", "shmem_"))
    host.process(
        4711, group, footprint_bytes=footprint, open_fds=fds, start_time_seconds=seen(shape.started),
        **({"max_fds": seen(4096)} if shape.limited else {}), **verdict("", "fd_", "shmem_"))
    host.cgroup(
        f"/{group}", "container", container="app", pod="app-0", namespace="shop", group=group,
        footprint_bytes=footprint, unreclaimable_memory_bytes=footprint, **limit,
        **verdict("", "shmem_", "kernel_"))
