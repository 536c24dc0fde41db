"""Each alert fires where it must, with the labels and the text that a person then reads.

One world in which everything goes wrong, each on a host of its own. The exporter's verdict says what
leaks; the troughs without it are tried in test_alerts_figures.py.
"""

import pytest

from support.hosts import DAY, GIB, HOUR, LONG_AGO, MIB, World, climb, step
from support.promtool import failures, fires, notified, rule_groups

# By then every alert has been true for as long as it asks.
MINUTE = 50
EU = {"cluster": "eu"}
POD = {"namespace": "shop", "container": "app"}
ALERTS = sorted({rule["alert"] for group in rule_groups() for rule in group["rules"] if "alert" in rule})


def roomy(host, total=64 * GIB, available=48 * GIB, **families):
    """A node that is well."""
    return host.node(memory_total_bytes=total, memory_available_bytes=available, **families)


def leak_on_a_plain_host(world):
    host = world.host("db-1:10078", **EU)
    roomy(host)
    host.group("ledger", footprint_bytes=2 * GIB, resident_memory_bytes=3 * GIB, baseline_bytes=300 * MIB,
               headroom_bytes=14 * GIB, oldest_start_time_seconds=LONG_AGO, processes=1, leak_suspected=1,
               growth_bytes_per_second=100 * MIB / HOUR, exhaustion_seconds=14 * GIB / (100 * MIB) * HOUR)
    mapped = {"heap": 1.5 * GIB, "anonymous": 400 * MIB, "stack": 1 * MIB, "file": 30 * MIB}
    for mapping, held in mapped.items():
        world.put("memleak_process_mapped_memory_bytes",
                  {**host.labels, "pid": "812", "comm": "ledger", "group": "ledger", "mapping": mapping},
                  held)
    return [(fires("MemleakGroupLeakSuspected", "warning", {**host.labels, "group": "ledger"}), {
        "summary": "Memory of a group of processes climbs without an end.",
        "description":
            "ledger on db-1:10078 grows by 100MiB/h: was 300MiB, is 2GiB, 14GiB left to the limit; memory"
            " mapped: heap 1.5GiB, anonymous 400MiB, file 30MiB. At this rate its limit is reached in"
            " 5d 23h 21m 36s.",
        "growth": "100MiB/h",
        "time_left": "5d 23h 21m 36s",
        "evidence":
            "was 300MiB, is 2GiB, 14GiB left to the limit; memory mapped: heap 1.5GiB, anonymous 400MiB,"
            " file 30MiB",
    })]


def leak_in_a_pod(world):
    """One leak: the group warns, its process and its container inform, what is above them is silent."""
    host = world.host("node-7:10078", **EU)
    roomy(host)
    leak = dict(footprint_bytes=900 * MIB, leak_suspected=1, growth_bytes_per_second=20 * MIB / HOUR,
                headroom_bytes=1100 * MIB, exhaustion_seconds=55 * HOUR)
    host.group("checkout", **POD, oldest_start_time_seconds=LONG_AGO, processes=1, **leak)
    host.process(4711, "checkout", comm="node", pod="checkout-5d8f9", **POD,
                 start_time_seconds=LONG_AGO, **leak)
    host.cgroup("/kubepods/pod1/c1", "container", pod="checkout-5d8f9", group="checkout", **POD, **leak)
    host.cgroup("/kubepods/pod1", "pod", pod="checkout-5d8f9", namespace="shop", **leak)
    host.cgroup("/kubepods", "slice", **leak)
    host.cgroup("/system.slice/kubelet.service", "unit", unit="kubelet.service", **leak)
    growth = "20MiB/h"
    return [
        (fires("MemleakGroupLeakSuspected", "warning", {**host.labels, "group": "checkout", **POD}), {
            "summary": "Memory of a group of processes climbs without an end.",
            "description":
                "checkout on node-7:10078 grows by 20MiB/h: is 900MiB, 1.074GiB left to the"
                " limit. At this rate its limit is reached in 2d 7h 0m 0s.",
            "growth": growth,
            "time_left": "2d 7h 0m 0s",
            "evidence": "is 900MiB, 1.074GiB left to the limit",
        }),
        (fires("MemleakProcessLeakSuspected", "info", {
            **host.labels, "pid": "4711", "comm": "node", "group": "checkout", "pod": "checkout-5d8f9", **POD,
        }), {
            "summary": "The process that leaks.",
            "description": "Process 4711 (node) of checkout on node-7:10078 grows by 20MiB/h.",
            "growth": growth,
        }),
        (fires("MemleakContainerLeakSuspected", "info", {
            **host.labels, "cgroup": "/kubepods/pod1/c1", "kind": "container", "pod": "checkout-5d8f9",
            "group": "checkout", **POD,
        }), {
            "summary": "The container in which something leaks.",
            "description":
                "Container app of pod shop/checkout-5d8f9 on node-7:10078 grows by 20MiB/h.",
            "growth": growth,
        }),
    ]


def exhaustion_of_groups(world):
    """One has a day, the other hours: both severities have the same labels, so that one hides the other."""
    host = world.host("node-8:10078", **EU)
    roomy(host)
    for group, left, seconds in (("reports", 350 * MIB, 10 * HOUR), ("search", 100 * MIB, 1.5 * HOUR)):
        host.group(group, footprint_bytes=1 * GIB - left, headroom_bytes=left, leak_suspected=1,
                   baseline_bytes=200 * MIB, growth_bytes_per_second=left / seconds,
                   exhaustion_seconds=seconds, oldest_start_time_seconds=LONG_AGO, processes=1)
    summary = "A group of processes is about to run out of memory."
    reports = {
        "growth": "35MiB/h",
        "time_left": "10h 0m 0s",
        "evidence": "was 200MiB, is 674MiB, 350MiB left to the limit",
    }
    search = {
        "growth": "66.67MiB/h",
        "time_left": "1h 30m 0s",
        "evidence": "was 200MiB, is 924MiB, 100MiB left to the limit",
    }
    return [
        (fires("MemleakGroupExhaustionPredicted", severity,
               {**host.labels, "group": group, "limit": "cgroup"}), {
            "summary": summary,
            "description": f"{group} on node-8:10078 reaches its limit in {of['time_left']}: it grows by"
                           f" {of['growth']}; {of['evidence']}.",
            **of,
        })
        for group, severity, of in (("reports", "warning", reports), ("search", "warning", search),
                                    ("search", "critical", search))
    ] + [
        (fires("MemleakGroupLeakSuspected", "warning", {**host.labels, "group": group}), {
            "summary": "Memory of a group of processes climbs without an end.",
            "description": f"{group} on node-8:10078 grows by {of['growth']}: {of['evidence']}. At this rate"
                           f" its limit is reached in {of['time_left']}.",
            **of,
        })
        for group, of in (("reports", reports), ("search", search))
    ]


def shared_memory(world):
    host = world.host("cache-1:10078", **EU)
    roomy(host, memory_shmem_bytes=6 * GIB)
    host.node("shmem", leak_suspected=1, growth_bytes_per_second=40 * MIB / HOUR)
    host.group("broker", footprint_bytes=1 * GIB, shmem_memory_bytes=5 * GIB, shmem_leak_suspected=1,
               shmem_growth_bytes_per_second=40 * MIB / HOUR, leak_suspected=0, headroom_bytes=40 * GIB,
               oldest_start_time_seconds=LONG_AGO)
    return [
        (fires("MemleakGroupSharedMemoryLeakSuspected", "warning", {**host.labels, "group": "broker"}), {
            "summary": "Shared memory of a group of processes climbs without an end.",
            "description": "broker on cache-1:10078 holds 5GiB of shared memory and grows by 40MiB/h.",
            "growth": "40MiB/h",
            "evidence": "shared memory: 5GiB",
        }),
        (fires("MemleakNodeSharedMemoryLeakSuspected", "warning", {**host.labels, "resource": "shmem"}), {
            "summary": "Shared memory and tmpfs of a node climb without an end.",
            "description": "cache-1:10078 holds 6GiB in shared memory and files on tmpfs, and it grows. It"
                           " stays when processes end.",
            "evidence": "shared memory: 6GiB",
        }),
    ]


def descriptors(world):
    host = world.host("proxy-1:10078", **EU)
    roomy(host)
    expected = []
    for group, severities, opened, seconds in (("gateway", ["warning"], 700, 9 * HOUR),
                                               ("mailer", ["warning", "critical"], 960, 1 * HOUR)):
        growth = (1024 - opened) / seconds
        host.group(group, open_fds=opened, fd_leak_suspected=1, fd_growth_per_second=growth,
                   fd_exhaustion_seconds=seconds, oldest_start_time_seconds=LONG_AGO)
        host.process(31, group, open_fds=opened, max_fds=1024, start_time_seconds=LONG_AGO)
        if group == "gateway":
            for kind, count in {"socket": 640, "pipe": 40, "regular": 15, "eventpoll": 5}.items():
                world.put("memleak_process_fds",
                          {**host.labels, "pid": "31", "comm": group, "group": group, "kind": kind}, count)
        of = {
            "gateway": {"growth": "36.0 an hour", "time_left": "9h 0m 0s",
                        "evidence": "700 open; by kind: socket 640, pipe 40, regular 15"},
            "mailer": {"growth": "64.0 an hour", "time_left": "1h 0m 0s", "evidence": "960 open"},
        }[group]
        labels = {**host.labels, "group": group}
        expected.append((fires("MemleakDescriptorLeakSuspected", "warning", labels), {
            "summary": "Descriptors of a group of processes climb without an end.",
            "description": f"{group} on proxy-1:10078 opens {of['growth']} more descriptors than it closes;"
                           f" {of['evidence']}.",
            **of,
        }))
        expected += [(fires("MemleakDescriptorExhaustionPredicted", severity, labels), {
            "summary": "A process is about to run out of file descriptors.",
            "description": f"A process of {group} on proxy-1:10078 reaches its limit of descriptors in"
                           f" {of['time_left']}: the group opens {of['growth']} more than it closes;"
                           f" {of['evidence']}.",
            **of,
        }) for severity in severities]
    return expected


def exhaustion_of_nodes(world):
    expected = []
    for instance, severities, available, seconds in (
            ("node-1:10078", ["warning"], 4 * GIB, 16 * HOUR),
            ("node-2:10078", ["warning", "critical"], 2 * GIB, 2 * HOUR)):
        host = world.host(instance, **EU)
        roomy(host, total=16 * GIB, available=available, exhaustion_seconds=seconds)
        host.node("used", leak_suspected=1, growth_bytes_per_second=available / seconds)
        for group, footprint in (("java", 6 * GIB), ("postgres", 3 * GIB), ("nginx", 200 * MIB),
                                 ("sshd", 10 * MIB)):
            host.group(group, footprint_bytes=footprint, headroom_bytes=available,
                       oldest_start_time_seconds=LONG_AGO)
        of = {
            "node-1:10078": {"growth": "256MiB/h", "time_left": "16h 0m 0s", "evidence":
                             "4GiB of 16GiB available; the largest groups: java 6GiB, postgres 3GiB, nginx 200MiB"},
            "node-2:10078": {"growth": "1GiB/h", "time_left": "2h 0m 0s", "evidence":
                             "2GiB of 16GiB available; the largest groups: java 6GiB, postgres 3GiB, nginx 200MiB"},
        }[instance]
        expected += [(fires("MemleakNodeExhaustionPredicted", severity, host.labels), {
            "summary": "A node is about to run out of memory.",
            "description": f"{instance} runs out of memory in {of['time_left']}: what is in use grows by"
                           f" {of['growth']}, {of['evidence']}.",
            **of,
        }) for severity in severities]
    return expected


def memory_low(world):
    expected = []
    for instance, severities, available, share, text in (
            ("small-1:10078", ["warning"], 1.2 * GIB, "7.5%", "1.2GiB"),
            ("small-2:10078", ["warning", "critical"], 512 * MIB, "3.125%", "512MiB")):
        host = world.host(instance, **EU)
        roomy(host, total=16 * GIB, available=available)
        host.group("java", footprint_bytes=12 * GIB, headroom_bytes=available,
                   oldest_start_time_seconds=LONG_AGO)
        evidence = f"{text} of 16GiB available; the largest groups: java 12GiB"
        expected += [(fires("MemleakNodeMemoryLow", severity, host.labels), {
            "summary": "A node has hardly any memory available.",
            "description": f"{instance} has {share} of its memory available: {evidence}.",
            "evidence": evidence,
        }) for severity in severities]
    return expected


def swap(world):
    expected = []
    for instance, severities, swapped_in in (("swap-1:10078", ["warning"], 0),
                                             ("swap-2:10078", ["warning", "critical"], 1 * MIB)):
        host = world.host(instance, **EU)
        roomy(host, swap_total_bytes=8 * GIB, swap_free_bytes=3 * GIB,
              swap_in_bytes_total=climb(0, HOUR * swapped_in))
        host.node("swap", leak_suspected=1, growth_bytes_per_second=300 * MIB / HOUR)
        host.group("java", footprint_bytes=12 * GIB, swap_memory_bytes=4 * GIB, headroom_bytes=48 * GIB,
                   oldest_start_time_seconds=LONG_AGO)
        for severity in severities:
            page = severity == "critical"
            expected.append((fires("MemleakNodeSwapClimbing", severity, host.labels), {
                "summary": "Swap fills up without coming back."
                           + (" What was swapped out is needed again." if page else ""),
                "description":
                    f"{instance} swaps out 300MiB/h, and it stays out: 5GiB of 8GiB swap in use. Leaked pages are"
                    " seldom swapped in again"
                    + ("; these are, and every process that needs them waits for the disk" if page else "")
                    + ".",
                "growth": "300MiB/h",
                "evidence": "5GiB of 8GiB swap in use; most of it of: java 4GiB",
            }))
    return expected


def pressure(world):
    expected = []
    for instance, severities, waiting, stalled in (("busy-1:10078", ["warning"], 0.25, 0.01),
                                                   ("busy-2:10078", ["warning", "critical"], 0.5, 0.125)):
        host = world.host(instance, **EU)
        roomy(host, memory_pressure_waiting_seconds_total=climb(0, HOUR * waiting),
              memory_pressure_stalled_seconds_total=climb(0, HOUR * stalled))
        for severity in severities:
            share, who = (("12.5%", "every task") if severity == "critical"
                          else (f"{100 * waiting:g}%", "some task"))
            expected.append((fires("MemleakNodeMemoryPressure", severity, host.labels), {
                "summary": "Work on a node waits for memory.",
                "description": f"On {instance} {who} waits for memory for {share} of the time; 48GiB of"
                               " 64GiB available.",
                "evidence": "48GiB of 64GiB available",
            }))
    return expected


def siblings(world):
    host = world.host("web-1:10078", **EU)
    roomy(host)
    host.group("worker", footprint_bytes=2662 * MIB, processes=3, largest_footprint_bytes=1842 * MIB,
               median_footprint_bytes=412 * MIB, oldest_start_time_seconds=LONG_AGO,
               largest_start_time_seconds=LONG_AGO, headroom_bytes=20 * GIB)
    return [(fires("MemleakSiblingOutlier", "warning", {**host.labels, "group": "worker"}), {
        "summary": "The oldest process of a group is far larger than its siblings.",
        "description": "The oldest process of worker on web-1:10078 holds 1.799GiB; its siblings typically"
                       " 412MiB.",
        "evidence": "1.799GiB against 412MiB",
    })]


def siblings_across_hosts(world):
    for instance, largest, started in (("a:1", 1842 * MIB, LONG_AGO), ("b:1", 412 * MIB, -DAY),
                                       ("c:1", 408 * MIB, -2 * DAY)):
        host = world.host(instance, **EU)
        roomy(host)
        host.group("indexer", footprint_bytes=largest, processes=1, largest_footprint_bytes=largest,
                   median_footprint_bytes=largest, oldest_start_time_seconds=started,
                   largest_start_time_seconds=started, headroom_bytes=20 * GIB)
    labels = {"job": "memleak", "instance": "a:1", **EU, "group": "indexer"}
    return [(fires("MemleakFleetSiblingOutlier", "warning", labels), {
        "summary": "The oldest instance of a group is far larger than those on other nodes.",
        "description": "indexer holds 1.799GiB in one process on a:1, the oldest of all nodes and more than 2"
                       " times what is typical.",
        "evidence": "1.799GiB, the oldest of all nodes",
    })]


def kernel(world):
    host = world.host("nfs-1:10078", **EU)
    roomy(host, memory_slab_unreclaimable_bytes=9 * GIB)
    for cache, held in {"kmalloc-192": 6 * GIB, "dentry": 2 * GIB, "nfs_inode": 512 * MIB, "tiny": 1}.items():
        world.put("memleak_node_slab_cache_bytes", {**host.labels, "cache": cache}, held)
    host.node("slab_unreclaimable", leak_suspected=1, growth_bytes_per_second=1)
    host.node("page_tables", leak_suspected=1, growth_bytes_per_second=1)
    host.node("percpu", leak_suspected=0, growth_bytes_per_second=0)
    caches = "Largest caches: kmalloc-192 6GiB, dentry 2GiB, nfs_inode 512MiB"
    container = host.cgroup("/kubepods/pod2/c2", "container", pod="proxy-0", **POD, kernel_leak_suspected=1,
                            kernel_growth_bytes_per_second=7 * MIB / HOUR, kernel_memory_bytes=1 * GIB)
    return [
        (fires("MemleakKernelMemoryLeak", "warning", {**host.labels, "resource": resource}), {
            "summary": "Memory of the kernel climbs without an end.",
            "description": f"{resource} of nfs-1:10078 grows. No process holds it, and ending one may not"
                           f" give it back. {evidence}",
            "evidence": evidence,
        })
        for resource, evidence in (("slab_unreclaimable", caches), ("page_tables", ""))
    ] + [
        (fires("MemleakContainerKernelMemoryLeak", "info", container), {
            "summary": "Kernel memory that is charged to a container climbs without an end.",
            "description": "Container app of pod shop/proxy-0 on nfs-1:10078: 7MiB/h of sockets, page tables,"
                           " slab.",
            "growth": "7MiB/h",
        }),
    ]


def oom_kills(world):
    """A first kill, whose counter is born with it; and a group that is killed again and again."""
    host = world.host("app-1:10078", **EU)
    roomy(host)
    host.oom("importer", pod="importer-0", **POD, kills_total=step(None, 1, 45),
             last_kill_timestamp_seconds=step(None, 45 * 60, 45),
             last_kill_anon_memory_bytes=step(None, 3 * GIB, 45), last_kill_baseline_ratio=step(None, 9.6, 45))
    host.oom("resizer", kills_total=lambda minute: 1 + minute // 10,
             last_kill_timestamp_seconds=lambda minute: 600 * (minute // 10),
             last_kill_anon_memory_bytes=500 * MIB)
    importer = {**host.labels, "group": "importer", **POD}
    resizer = {**host.labels, "group": "resizer"}
    of_importer = "it held 3GiB of anonymous memory, 9.6 times its baseline"
    of_resizer = "it held 500MiB of anonymous memory, its baseline is not known"
    return [
        (fires("MemleakOomKill", "warning", labels), {
            "summary": "The kernel killed a process for want of memory.",
            "description": f"A process of {labels['group']} on app-1:10078 was killed: {victim}.",
            "evidence": victim,
        })
        for labels, victim in ((importer, of_importer), (resizer, of_resizer))
    ] + [
        (fires("MemleakOomKillsRepeated", "critical", resizer), {
            "summary": "The kernel kills processes of one group again and again.",
            "description": "6 processes of resizer on app-1:10078 were killed within the last hour: the last"
                           f" time {of_resizer}.",
            "evidence": of_resizer,
        }),
    ]


def unread_oom_kill(world):
    """The kernel's log cannot be read: who was killed is not known."""
    host = world.host("locked-1:10078", **EU)
    roomy(host, oom_kills_total=step(0, 1, 45))
    return [(fires("MemleakOomKill", "warning", host.labels), {
        "summary": "The kernel killed a process for want of memory.",
        "description": "A process that is not known on locked-1:10078 was killed; the log of the kernel says"
                       " which.",
        "evidence": "",
    })]


def exporter(world):
    down = world.host("down-1:10078", up=0, **EU)
    host = world.host("ill-1:10078", **EU)
    roomy(host, processes_hidden=1)
    world.put("scrape_duration_seconds", host.labels, 7.5)
    world.put("memleak_scrape_collector_success", {**host.labels, "collector": "oom"}, 0)
    world.put("memleak_scrape_collector_success", {**host.labels, "collector": "node"}, 1)
    world.put("memleak_scrape_processes", {**host.labels, "result": "malformed"}, 3)
    world.put("memleak_scrape_processes", {**host.labels, "result": "exported"}, 50)
    world.put("memleak_slow_reads_stuck", host.labels, 2)
    unreadable = "The exporter does not see every process."
    return [
        (fires("MemleakExporterDown", "warning", down.labels), {
            "summary": "Nobody watches a node for leaks.",
            "description": "The exporter on down-1:10078 does not answer. Leaks go unseen until it is back.",
        }),
        (fires("MemleakScrapeSlow", "warning", host.labels), {
            "summary": "A scrape of the exporter takes too long.",
            "description": "A scrape of ill-1:10078 takes 7.5s. Beyond the scrape timeout, 10 s by default,"
                           " nothing is seen at all.",
        }),
        (fires("MemleakCollectorFailing", "warning", {**host.labels, "collector": "oom"}), {
            "summary": "A collector of the exporter fails.",
            "description": "Collector oom on ill-1:10078 fails: its series are missing, all others are right.",
        }),
        (fires("MemleakProcessesUnreadable", "warning", {**host.labels, "result": "malformed"}), {
            "summary": unreadable,
            "description": "3 processes on ill-1:10078 could not be read: malformed. A leak in them goes"
                           " unseen.",
        }),
        (fires("MemleakProcessesUnreadable", "warning", {**host.labels, "result": "hidden"}), {
            "summary": unreadable,
            "description": "/proc of ill-1:10078 hides processes of others from the exporter. A leak in them"
                           " goes unseen.",
        }),
        (fires("MemleakSlowReadsStuck", "warning", host.labels), {
            "summary": "Files of a process do not answer.",
            "description": "2 reads on ill-1:10078 have not come back: the processes hang, often on a dead"
                           " network file system. Names and evidence of them are missing.",
        }),
    ]


TROUBLES = [leak_on_a_plain_host, leak_in_a_pod, exhaustion_of_groups, shared_memory, descriptors,
            exhaustion_of_nodes, memory_low, swap, pressure, siblings, siblings_across_hosts, kernel,
            oom_kills, unread_oom_kill, exporter]


pytestmark = pytest.mark.xdist_group("bad day")


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory):
    """{name of an alert: what was expected of it} and what promtool objects to."""
    world = World(hours=MINUTE / 60)
    expected = {name: [] for name in ALERTS}
    for trouble in TROUBLES:
        for labels, annotations in trouble(world):
            expected.setdefault(labels["alertname"], []).append((labels, annotations))
    objections = failures(tmp_path_factory.mktemp("bad_day"), world,
                          *[notified(MINUTE, name, *alerts) for name, alerts in expected.items()])
    return expected, objections


@pytest.mark.parametrize("name", ALERTS)
def test_fires_with_its_labels_and_text(bad_day, name):
    expected, objections = bad_day
    severities = {rule["labels"]["severity"] for group in rule_groups() for rule in group["rules"]
                  if rule.get("alert") == name}
    assert {labels["severity"] for labels, _ in expected[name]} == severities, "a severity is not tried"
    wrong = [one for one in objections if f"alertname: {name}," in one]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def test_nothing_else_is_wrong(bad_day):
    """What promtool says that belongs to none of the above, as that a rule could not be judged."""
    expected, objections = bad_day
    assert set(expected) == set(ALERTS)
    other = [one for one in objections if not any(f"alertname: {name}," in one for name in ALERTS)]
    assert not other, "\n".join(other)
