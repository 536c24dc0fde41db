"""The cases that were asked for by their figures: what must fire, and what beside it must not."""

import pytest

from support.hosts import DAY, GIB, HOUR, LONG_AGO, MIB, World, at, between, climb, less, step, without
from support.promtool import ever_fired, fires, judge
from support.stories import Stories

MB, GB = 10**6, 10**9
story = Stories()


def well(host, total=64 * GIB, available=48 * GIB):
    """A node that has plenty."""
    host.node(memory_total_bytes=total, memory_available_bytes=available)


def leaking(host, group="api", start=2 * GIB, per_hour=512 * MIB, limit=8 * GIB, verdict=None, **labels):
    """A group whose footprint climbs to a limit of its own; `verdict` are what the exporter says of it."""
    footprint = climb(start, per_hour)
    return host.group(group, footprint_bytes=footprint, headroom_bytes=less(limit, footprint), processes=1,
                      oldest_start_time_seconds=LONG_AGO, **labels, **(verdict or {}))


def says(suspected=1, per_hour=0, seconds=None):
    families = {"leak_suspected": suspected, "growth_bytes_per_second": per_hour / HOUR}
    return families | ({} if seconds is None else {"exhaustion_seconds": seconds})


@story(hours=1)
def free_memory_is_not_what_counts(scene):
    """Of 15 GB, 200 MB free: with 5 GB available all is well, with 300 MB it is not."""
    hosts = {}
    for instance, available in (("cached", 5 * GB), ("tight", 1.4 * GB), ("full", 300 * MB)):
        host = hosts[instance] = scene.host(instance)
        host.node(memory_total_bytes=15 * GB, memory_free_bytes=200 * MB, memory_available_bytes=available)
    low = "MemleakNodeMemoryLow"
    return [scene.ever_fired(
        fires(low, "warning", hosts["tight"].labels), fires(low, "warning", hosts["full"].labels),
        fires(low, "critical", hosts["full"].labels))]


@story(hours=1)
def a_moment_without_memory_is_not_told(scene):
    scene.host().node(memory_total_bytes=15 * GB, memory_available_bytes=lambda minute:
                      300 * MB if minute % 15 < 4 else 5 * GB)
    return [scene.ever_fired()]


@story(hours=7)
def swap_that_climbs_for_hours(scene):
    """By itself it warns; that it is needed again makes it a page; as much as ever is no news."""
    hosts = {}
    for instance, used, swapped_in in (("leak", climb(1 * GIB, 200 * MIB), 0),
                                       ("thrash", climb(1 * GIB, 200 * MIB), 2 * MIB),
                                       ("flat", 255 * MIB, 0),
                                       ("flat, but read", 255 * MIB, 2 * MIB)):
        host = hosts[instance] = scene.host(instance)
        well(host)
        host.node(swap_total_bytes=8 * GIB, swap_free_bytes=less(8 * GIB, used),
                  swap_in_bytes_total=climb(0, swapped_in * HOUR))
    climbing = "MemleakNodeSwapClimbing"
    return [scene.ever_fired(
        fires(climbing, "warning", hosts["leak"].labels), fires(climbing, "warning", hosts["thrash"].labels),
        fires(climbing, "critical", hosts["thrash"].labels))]


def family(host, sizes, starts, **labels):
    """Processes of one group on one host, as the exporter sums them."""
    largest = max(sizes)
    return host.group(**labels, footprint_bytes=sum(sizes), processes=len(sizes),
                      largest_footprint_bytes=largest, median_footprint_bytes=sorted(sizes)[len(sizes) // 2],
                      oldest_start_time_seconds=min(starts),
                      largest_start_time_seconds=starts[sizes.index(largest)], headroom_bytes=20 * GIB)


SIBLINGS = [1842 * MB, 412 * MB, 408 * MB]
OLDEST_FIRST = [-9 * DAY, -2 * DAY, -2 * DAY]
SIBLING_CASES = {
    "the largest is the oldest": (SIBLINGS, OLDEST_FIRST),
    "the largest is the youngest": (SIBLINGS, [-1 * DAY, -2 * DAY, -3 * DAY]),
    "alike": ([500 * MB, 412 * MB, 408 * MB], OLDEST_FIRST),
    "small": ([184 * MB, 90 * MB, 88 * MB], OLDEST_FIRST),
    "only two": (SIBLINGS[:2], OLDEST_FIRST[:2]),
}


@story(hours=1)
def siblings_on_one_host(scene):
    host = scene.host()
    well(host)
    groups = {case: family(host, sizes, starts, group=case)
              for case, (sizes, starts) in SIBLING_CASES.items()}
    return [scene.ever_fired(
        fires("MemleakSiblingOutlier", "warning", groups["the largest is the oldest"]))]


@story(hours=1)
def siblings_on_several_hosts(scene):
    hosts = [scene.host(f"web-{index}:10078") for index in range(3)]
    abroad = [scene.host(f"web-{index}:10078", cluster="abroad") for index in range(3)]
    for host in [*hosts, *abroad]:
        well(host)
    groups = {case: [family(host, [size], [start], group=case)
                     for host, size, start in zip(hosts, sizes, starts)]
              for case, (sizes, starts) in SIBLING_CASES.items()}
    # The same names in another namespace or cluster are other workloads.
    for index, (size, start) in enumerate(zip(SIBLINGS, OLDEST_FIRST)):
        family(hosts[index], [size], [start], group="api", namespace="test" if index else "shop")
        family(abroad[index] if index else hosts[index], [size], [start], group="far")
    return [scene.ever_fired(
        fires("MemleakFleetSiblingOutlier", "warning", groups["the largest is the oldest"][0]))]


@story(hours=2)
def oom_kills(scene):
    killed = {}

    def kill(name, counts, times, **node):
        host = scene.host(name)
        well(host)
        host.node(**node)
        killed[name] = host.labels if times is None else host.oom(
            "app", **({} if counts is None else {"kills_total": counts}), last_kill_timestamp_seconds=times)

    kill("first", step(None, 1, 60), step(None, 3600, 60), oom_kills_total=step(0, 1, 60))
    kill("before the exporter's start", None, -300)
    kill("long before", None, -2 * DAY, oom_kills_total=4)
    kill("unreadable log", None, None, oom_kills_total=step(3, 4, 60))
    kill("repeated", lambda minute: 1 + (minute >= 60) + (minute >= 70) + (minute >= 80),
         lambda minute: 4800 if minute >= 80 else 4200 if minute >= 70 else 3600 if minute >= 60 else -DAY)
    kill("thrice from the first", between(lambda minute: 1 + (minute >= 70) + (minute >= 80), 60),
         between(lambda minute: 60 * min(minute // 10 * 10, 80), 60))
    kill("born with three", step(None, 3, 60), step(None, 3600, 60))
    kill("twice", lambda minute: 1 + (minute >= 60) + (minute >= 90),
         lambda minute: 5400 if minute >= 90 else 3600 if minute >= 60 else -DAY)
    names = ["first", "unreadable log", "repeated", "thrice from the first", "born with three", "twice",
             "before the exporter's start"]
    labels = {name: {label: value for label, value in killed[name].items() if label != "scope"}
              for name in names}
    single = {name: fires("MemleakOomKill", "warning", labels[name]) for name in names}
    again = [fires("MemleakOomKillsRepeated", "critical", labels[name])
             for name in ("repeated", "thrice from the first", "born with three")]
    return [
        scene.ever_fired(*single.values(), *again),
        scene.firing(5, single["before the exporter's start"]),
        # At once, and not for ever.
        scene.firing(62, *[single[name] for name in names[:-1]], again[2]),
        scene.firing(85, single["repeated"], single["thrice from the first"], *again),
    ]


@story(hours=2)
def a_kill_in_several_scopes_is_one(scene):
    """Counted by scope and pod, told by group."""
    host = scene.host()
    well(host)
    for index, scope in enumerate(("memcg", "global", "memcg")):
        host.oom("app", scope=scope, namespace="shop", container="app", pod=f"app-{index}",
                 kills_total=step(0, 1, 60), last_kill_timestamp_seconds=step(-DAY, 3600, 60))
    labels = {**host.labels, "group": "app", "namespace": "shop", "container": "app"}
    return [scene.ever_fired(fires("MemleakOomKill", "warning", labels),
                                      fires("MemleakOomKillsRepeated", "critical", labels))]


@story(hours=1)
def exhaustion_needs_a_level_and_a_trend(scene):
    """A prediction of half an hour alerts nobody while there is plenty, or where nothing climbs."""
    expected = []
    exhausted = "MemleakGroupExhaustionPredicted"
    for instance, left, seconds, suspected, severities in (
            ("day", 0.3, 20 * HOUR, 1, ["warning"]),
            ("hours", 0.15, 3 * HOUR, 1, ["warning", "critical"]),
            ("hours, not so near", 0.3, 3 * HOUR, 1, ["warning"]),
            ("days", 0.15, 30 * HOUR, 1, []),
            ("far from its limit", 0.7, 0.5 * HOUR, 1, []),
            ("no trend", 0.15, 3 * HOUR, 0, []),
            ("no prediction", 0.15, None, 1, [])):
        host = scene.host(instance)
        well(host)
        labels = host.group("api", footprint_bytes=round((1 - left) * 4 * GIB), headroom_bytes=round(left * 4 * GIB),
                            oldest_start_time_seconds=LONG_AGO, processes=1, **says(suspected, 1 * MIB, seconds))
        expected += [fires(exhausted, severity, {**labels, "limit": "cgroup"}) for severity in severities]
        if suspected:
            expected.append(fires("MemleakGroupLeakSuspected", "warning", labels))
    # A small group, but what it takes is the last of its node.
    host = scene.host("of its node")
    left = round(0.15 * 16 * GIB)
    host.node(memory_total_bytes=16 * GIB, memory_available_bytes=left)
    labels = host.group("api", footprint_bytes=GIB, headroom_bytes=left, oldest_start_time_seconds=LONG_AGO,
                        processes=1, **says(1, 1 * MIB, 3 * HOUR))
    expected += [fires(exhausted, severity, {**labels, "limit": "node"}) for severity in ("warning", "critical")]
    expected.append(fires("MemleakGroupLeakSuspected", "warning", labels))
    return [scene.ever_fired(*expected)]


@story(hours=1)
def exhaustion_of_nodes_needs_a_level_and_a_trend(scene):
    expected = []
    for instance, left, seconds, suspected, severities in (
            ("day", 0.3, 20 * HOUR, 1, ["warning"]),
            ("hours", 0.15, 3 * HOUR, 1, ["warning", "critical"]),
            ("days", 0.15, 30 * HOUR, 1, []),
            ("far from its limit", 0.7, 0.5 * HOUR, 1, []),
            ("no trend", 0.15, 3 * HOUR, 0, [])):
        host = scene.host(instance)
        host.node(memory_total_bytes=16 * GIB, memory_available_bytes=round(left * 16 * GIB),
                  exhaustion_seconds=seconds)
        host.node("used", **says(suspected, 1 * MIB))
        expected += [fires("MemleakNodeExhaustionPredicted", severity, host.labels) for severity in severities]
    return [scene.ever_fired(*expected)]


@story(hours=1)
def exhaustion_of_descriptors_needs_a_level_and_a_trend(scene):
    expected = []
    for instance, opened, seconds, suspected, severities in (
            ("day", 700, 20 * HOUR, 1, ["warning"]),
            ("hours", 900, 3 * HOUR, 1, ["warning", "critical"]),
            ("days", 900, 30 * HOUR, 1, []),
            ("far from its limit", 300, 0.5 * HOUR, 1, []),
            ("no trend", 900, 3 * HOUR, 0, [])):
        host = scene.host(instance)
        well(host)
        labels = host.group("api", open_fds=opened, oldest_start_time_seconds=LONG_AGO,
                            fd_leak_suspected=suspected, fd_growth_per_second=0.01 * suspected,
                            fd_exhaustion_seconds=seconds)
        host.process(7, "api", open_fds=opened, max_fds=1024, start_time_seconds=LONG_AGO)
        expected += [fires("MemleakDescriptorExhaustionPredicted", severity, labels) for severity in severities]
        if suspected:
            expected.append(fires("MemleakDescriptorLeakSuspected", "warning", labels))
    return [scene.ever_fired(*expected)]


@story(hours=7)
def a_leak_to_the_end_by_troughs_alone(scene):
    """No verdict at all: first suspected, then predicted, at last paged; a group and a node."""
    host = scene.host("group")
    well(host)
    api = leaking(host, start=2 * GIB, per_hour=900 * MIB, limit=8 * GIB)
    node = scene.host("node")
    node.node(memory_total_bytes=16 * GIB, memory_available_bytes=less(12 * GIB, climb(0, 1.5 * GIB)))
    suspected = fires("MemleakGroupLeakSuspected", "warning", api)
    predicted = [("MemleakGroupExhaustionPredicted", {**api, "limit": "cgroup"}), ("MemleakNodeExhaustionPredicted", node.labels)]
    return [
        # Barely half of each limit is in use.
        scene.firing(185, suspected),
        # Two thirds are, and the end is a few hours away.
        scene.firing(285, suspected, *[fires(name, "warning", labels) for name, labels in predicted]),
        scene.firing(410, suspected, *[fires(name, severity, labels) for name, labels in predicted
                                       for severity in ("warning", "critical")]),
    ]


@story(hours=7)
def descriptors_leak_to_the_end_by_troughs_alone(scene):
    host = scene.host()
    well(host)
    fds = climb(400, 85)
    proxy = host.group("proxy", open_fds=fds, oldest_start_time_seconds=LONG_AGO)
    host.process(7, "proxy", open_fds=fds, max_fds=1024, start_time_seconds=LONG_AGO)
    suspected = fires("MemleakDescriptorLeakSuspected", "warning", proxy)
    predicted = [fires("MemleakDescriptorExhaustionPredicted", severity, proxy)
                 for severity in ("warning", "critical")]
    return [scene.firing(285, suspected, predicted[0]), scene.firing(410, suspected, *predicted)]


@story(hours=26)
def a_leak_without_a_limit_runs_out_of_nothing(scene):
    """Descriptors and memory whose limit nobody knows: suspected, never predicted."""
    host = scene.host()
    well(host)
    fds = climb(400, 100)
    labels = host.group("api", footprint_bytes=climb(2 * GIB, 700 * MIB), open_fds=fds, processes=1,
                        oldest_start_time_seconds=LONG_AGO)
    host.process(7, "api", open_fds=fds, start_time_seconds=LONG_AGO)
    return [scene.ever_fired(fires("MemleakGroupLeakSuspected", "warning", labels),
                             fires("MemleakDescriptorLeakSuspected", "warning", labels))]


@story(hours=1)
def suspicion_alone_never_pages(scene):
    """Everything that can be suspected is, and all limits are far away."""
    host = scene.host()
    well(host)
    verdict = says(1, 1 * GIB, 3 * HOUR)
    shared = {"shmem_leak_suspected": 1, "shmem_growth_bytes_per_second": 1}
    fds = {"fd_leak_suspected": 1, "fd_growth_per_second": 1, "fd_exhaustion_seconds": 600, "open_fds": 100}
    host.group("api", footprint_bytes=1 * GIB, headroom_bytes=30 * GIB, processes=1,
               oldest_start_time_seconds=LONG_AGO, **verdict, **shared, **fds)
    host.process(7, "api", footprint_bytes=1 * GIB, max_fds=1024, start_time_seconds=LONG_AGO,
                 headroom_bytes=30 * GIB, **verdict, **shared, **fds)
    host.cgroup("/api", "container", footprint_bytes=1 * GIB, kernel_leak_suspected=1,
                kernel_growth_bytes_per_second=1, headroom_bytes=30 * GIB, **verdict, **shared)
    host.node(exhaustion_seconds=3 * HOUR)
    for resource in ("used", "slab_unreclaimable", "page_tables", "shmem", "vmalloc", "percpu"):
        host.node(resource, **says(1, 1 * GIB))
    return [scene.ever_fired(only=', severity="critical"')]


@story(hours=7)
def one_leak_is_one_page(scene):
    """Of a group, its process, its container and all that is above, only the group warns and pages."""
    host = scene.host()
    well(host)
    footprint = climb(2 * GIB, 1 * GIB)
    headroom = less(5.5 * GIB, footprint)
    left = lambda minute: at(headroom, minute) / GIB * HOUR
    verdict = dict(footprint_bytes=footprint, unreclaimable_memory_bytes=footprint, headroom_bytes=headroom,
                   **says(1, 1 * GIB, left))
    pod = dict(namespace="shop", container="app")
    api = host.group("api", **pod, oldest_start_time_seconds=LONG_AGO, processes=1, **verdict)
    process = host.process(7, "api", **pod, pod="api-0", start_time_seconds=LONG_AGO, **verdict)
    container = host.cgroup("/pods/p/c", "container", **pod, pod="api-0", group="api", **verdict)
    host.cgroup("/pods/p", "pod", namespace="shop", pod="api-0", group="api", **verdict)
    host.cgroup("/pods", "slice", group="api", **verdict)
    host.cgroup("/system.slice/api.service", "unit", unit="api.service", group="api", **verdict)
    host.node("used", **says(1, 1 * GIB))
    return [scene.ever_fired(
        fires("MemleakGroupLeakSuspected", "warning", api),
        fires("MemleakGroupExhaustionPredicted", "warning", {**api, "limit": "cgroup"}),
        fires("MemleakGroupExhaustionPredicted", "critical", {**api, "limit": "cgroup"}),
        fires("MemleakProcessLeakSuspected", "info", process),
        fires("MemleakContainerLeakSuspected", "info", container))]


@story(hours=7)
def a_leak_outlives_the_exporter(scene):
    """It restarts in the middle, keeps no state, and says nothing for an hour: the alert stays."""
    host = scene.host(up=without(1, 180, 183))
    well(host)
    seen = lambda curve: without(curve, 180, 183)
    footprint = climb(2 * GIB, 1 * GIB)
    labels = host.group("api", footprint_bytes=seen(footprint), headroom_bytes=seen(less(12 * GIB, footprint)),
                        oldest_start_time_seconds=seen(LONG_AGO), processes=seen(1),
                        leak_suspected=without(between(1, 90), 180, 240),
                        growth_bytes_per_second=without(between(1 * GIB / HOUR, 90), 180, 240))
    suspected = fires("MemleakGroupLeakSuspected", "warning", labels)
    return [scene.ever_fired(suspected),
          *[scene.firing(minute, suspected) for minute in (179, 182, 186, 200, 230, 245, 300)]]


def test_the_last_exporter_is_gone(tmp_path):
    """Prometheus has none to scrape: nothing is down, and yet nobody watches."""
    world = World(hours=0.5)
    judge(tmp_path, world, ever_fired(world, fires("MemleakExporterDown", "warning", {})))


@story(hours=1)
def only_series_of_the_exporter_are_read(scene):
    heard = []
    for job, is_exporter in (("memleak", True), ("prod/memleak-exporter", True), ("node", False)):
        host = scene.host(job=job)
        host.node(memory_total_bytes=15 * GB, memory_available_bytes=1 * GB)
        if is_exporter:
            heard.append(fires("MemleakNodeMemoryLow", "warning", host.labels))
    return [scene.ever_fired(*heard)]


@pytest.mark.parametrize("name", story.parameters())
def test_story(name, tmp_path):
    story.check(name, tmp_path)


