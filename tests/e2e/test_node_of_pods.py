"""A node of 110 pods: how many series, whose names, and what happens when every cap is full."""

import collections
import json
import shutil

import pytest

from support import cgroups, fixtures
from support.node_of_pods import (MIB, NODE, SANDBOX, Container, NodeOfPods, Pod, deployment,
                                  ordinary_node, ordinary_pods, parts_of)

FRESH = "--scrape.min-interval=0s"
EVERYTHING = (FRESH, "--process.min-rss=0", "--process.min-age=0s", "--process.limit=100000",
              "--group.limit=2000", "--cgroup.limit=100000")
USAGE = "memleak_cgroup_memory_usage_bytes"
# The contract's promises. The first is "about": what later issues add must stay below the second.
ORDINARY_SERIES = 5_000
MOST_SERIES = 10_000


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """Nobody changes this one."""
    return ordinary_node(tmp_path_factory.mktemp("node"))


@pytest.fixture
def node(tmp_path):
    return NodeOfPods(tmp_path / "node")


@pytest.fixture(scope="module")
def body(ordinary, start_shared_exporter):
    """All of the node, one by one."""
    return until_complete(start_shared_exporter(*ordinary.flags, *EVERYTHING))


def until_complete(exporter):
    """No process is a newcomer any more, and every container has its pod's name."""
    return exporter.scrape_until("all names", lambda body: body.value(
        "memleak_scrape_processes", result="pending") == 0 and all(
            "pod" in labels for labels, _ in body.find(USAGE, kind="container")))


def count(body):
    """Series by family, the most first: what a failure should show."""
    by_name = collections.Counter(name for name, _ in body.samples)
    return f"{len(body.samples)} series: {by_name.most_common(12)}"


def test_series_of_an_ordinary_node(ordinary, start_exporter):
    assert len(ordinary.pods) == 110
    body = until_complete(start_exporter(*ordinary.flags))
    assert len(body.find("memleak_process_info")) == 50
    assert len(body.find(USAGE)) <= 120
    assert body.has("memleak_group_processes", group="(other)") or len(
        body.find("memleak_group_processes")) <= 100
    assert len(body.samples) <= ORDINARY_SERIES, count(body)


# The time of the tree is the test's; between its scrapes nobody looks.
TIMELESS = (FRESH, "--trend.interval=1h")


def test_series_once_everything_is_known(ordinary, start_exporter):
    """An hour later each trend has its verdict, and none grows."""
    exporter = start_exporter(*ordinary.flags, *TIMELESS)
    until_complete(exporter)
    for _ in range(40):
        ordinary.pass_time(60)
        exporter.get()
    body = exporter.scrape()
    assert len(body.find("memleak_process_leak_suspected")) == 50
    assert len(body.find("memleak_group_fd_leak_suspected")) == len(
        [labels for labels, _ in body.find("memleak_group_processes")
         if labels["group"] not in ("(kernel)", "(other)")])
    assert len(body.find("memleak_cgroup_kernel_leak_suspected")) == 120
    suspected = [(name, labels) for name, labels in body.samples
                 if name.endswith("leak_suspected") and body.samples[name, labels] != 0]
    assert not suspected
    assert not [name for name in body.families if "exhaustion" in name]
    assert len(body.samples) <= ORDINARY_SERIES, count(body)


# What runs in a pod, and what its series are to say of it. By hand: (container, labels, workload).

EXPECTED = {
    "Deployment": ("checkout-", "app", "shop-staging/checkout/app"),
    "Deployment with a dash": ("ad-service-", "app", "shop/ad-service/app"),
    "sidecar": ("checkout-", "istio-proxy", "shop-staging/checkout/istio-proxy"),
    "DaemonSet": ("kube-proxy-", "kube-proxy", "kube-system/kube-proxy/kube-proxy"),
    "DaemonSet with dashes": ("ebs-csi-node-", "ebs-csi-node",
                              "kube-system/ebs-csi-node/ebs-csi-node"),
    "StatefulSet": ("postgres-", "postgres", "data/postgres/postgres"),
    "second container": ("kafka-", "metrics", "data/kafka/metrics"),
    "CronJob": ("report-", "job", "batch/report/job"),
    "static pod": ("kube-vip-", "kube-vip", "kube-system/kube-vip/kube-vip"),
}


@pytest.mark.parametrize("prefix, container, group", EXPECTED.values(), ids=EXPECTED.keys())
def test_names(ordinary, body, prefix, container, group):
    pod = next(pod for pod in ordinary.pods if pod.name.startswith(prefix))
    cgroup = pod.cgroup_of(container)
    identity = {"namespace": pod.namespace, "pod": pod.name, "container": container}
    labels = cgroups.labels_of(body, cgroup)
    assert labels == {"cgroup": cgroup, "kind": "container", "group": group, **identity}

    for pid, anon in ordinary.pids_of[cgroup]:
        said = [labels for _, labels in body.samples if ("pid", str(pid)) in labels]
        assert said
        for own in said:
            assert {**identity, "group": group}.items() <= dict(own).items()
        info = body.labels("memleak_process_info", pid=str(pid))
        assert info["container_id"] == pod.container_id(container)
        assert info["cgroup"] == cgroup
        assert "unit" not in info

    # A group's series have what all of its members share, and no pod: it is a workload's.
    assert body.labels("memleak_group_processes", group=group) == {
        "group": group, "namespace": pod.namespace, "container": container}


@pytest.mark.parametrize("name, workload", [("Worker-A17", "kube-vip"),
                                            ("another", "kube-vip-worker-a17")])
def test_name_of_the_node(ordinary, start_exporter, name, workload):
    """What is given counts, not what the files of a container's own say."""
    exporter = start_exporter(*ordinary.flags, *TIMELESS, f"--node.name={name}")
    exporter.scrape_until("the static pod", lambda body: body.has(
        "memleak_group_processes", group=f"kube-system/{workload}/kube-vip"))
    assert json.loads(exporter.get("/api/v1/node").text)["node"]["name"] == name


def test_group_of_a_workload_is_the_sum_of_its_pods(ordinary, body):
    pods = [pod for pod in ordinary.pods
            if pod.namespace == "shop-staging" and pod.name.startswith("checkout-")]
    assert len(pods) > 1
    sizes = [anon for pod in pods for _, anon in ordinary.pids_of[pod.cgroup_of("app")]]
    group = "shop-staging/checkout/app"
    assert body.value("memleak_group_processes", group=group) == len(sizes)
    assert body.value("memleak_group_footprint_bytes", group=group) == sum(sizes)


def test_the_same_workload_in_two_namespaces(body):
    names = {labels["group"] for labels, _ in body.find("memleak_group_processes", container="app")}
    assert {name.split("/")[0] for name in names} == {"shop", "shop-staging"}


def test_pod_and_sandbox(ordinary, body):
    """A pod has no container; its sandbox has the pod's names, and no container's either."""
    pod = next(pod for pod in ordinary.pods if pod.name.startswith("postgres-"))
    labels = cgroups.labels_of(body, pod.cgroup)
    assert labels["kind"] == "pod"
    assert (labels["namespace"], labels["pod"]) == (pod.namespace, pod.name)
    assert "container" not in labels
    [(pid, _)] = ordinary.pids_of[pod.cgroup_of(SANDBOX)]
    info = body.labels("memleak_process_info", pid=str(pid))
    assert (info["namespace"], info["pod"]) == (pod.namespace, pod.name)
    assert "container" not in info
    assert info["container_id"] == pod.container_id(SANDBOX)


def test_units(ordinary, body):
    cgroup = "/system.slice/kubelet.service"
    assert cgroups.labels_of(body, cgroup) == {
        "cgroup": cgroup, "kind": "unit", "unit": "kubelet.service", "group": "kubelet"}
    [(pid, _)] = ordinary.pids_of[cgroup]
    info = body.labels("memleak_process_info", pid=str(pid))
    assert (info["unit"], info["group"]) == ("kubelet.service", "kubelet")
    assert not info.keys() & {"namespace", "pod", "container", "container_id"}


def test_figures(ordinary, body):
    """Of the smallest and the largest of each kind, by what they were made of."""
    pod = next(pod for pod in ordinary.pods if pod.name.startswith("postgres-"))
    for cgroup, anon, limit in (
            (pod.cgroup_of("postgres"), 900 * MIB, 1800 * MIB),
            (pod.cgroup, 915 * MIB + 40960, 1864 * MIB),
            ("/system.slice/limited.service", 20 * MIB, 200 * MIB)):
        found = cgroups.exported(body, cgroup)
        directory = ordinary.cgroup_directory(cgroup)
        expected = cgroups.v2_values(directory)
        assert expected["anon_memory_bytes"] == anon
        assert expected["memory_limit_bytes"] == limit
        assert expected["page_cache_bytes"] + expected["shmem_memory_bytes"] == parts_of(
            anon)["file"]
        assert {name: found.get(name) for name in expected} == expected
        assert found["headroom_bytes"] == limit - found["unreclaimable_memory_bytes"]


def test_limit_of_all_pods_counts(ordinary, body):
    """kubepods.slice is limited below what the node has: it is what is left for the unlimited."""
    limited = cgroups.exported(body, "/kubepods.slice")
    assert limited["memory_limit_bytes"] == 60_000 * MIB
    node = cgroups.node_headroom(body)
    room = min(node, limited["memory_limit_bytes"] - limited["unreclaimable_memory_bytes"])
    report = next(pod for pod in ordinary.pods if pod.name.startswith("report-"))
    assert cgroups.exported(body, report.cgroup_of("job"))["headroom_bytes"] == room


def test_no_kind_counts_twice(body):
    found = cgroups.kinds(body)
    assert {"container", "pod", "unit"} <= found.keys()
    for paths in found.values():
        for path in paths:
            assert not any(other.startswith(path + "/") for other in paths), path


def test_caps_cut_the_smallest(ordinary, body, start_exporter):
    """120 cgroups by unreclaimable memory; the others are counted."""
    everything = body
    body = start_exporter(*ordinary.flags).scrape()
    shown = {labels["cgroup"]: value for labels, value in body.find(
        "memleak_cgroup_unreclaimable_memory_bytes")}
    assert len(shown) == 120
    all_of_them = {labels["cgroup"]: value for labels, value in everything.find(
        "memleak_cgroup_unreclaimable_memory_bytes")}
    cut = [value for cgroup, value in all_of_them.items() if cgroup not in shown]
    assert cut and max(cut) <= min(shown.values())
    assert body.value("memleak_scrape_cgroups", result="exported") == 120
    assert body.value("memleak_scrape_cgroups", result="cut") == len(cut)


# Every cap is filled by names that are as long as the name of a log may be (255 bytes): a namespace
# and a container may have 63.
def long_pod(number, pod_length=58, java=False):
    name = f"{number:04}".ljust(pod_length - 2, "p") + f"-{number % 10}"
    return Pod("n" * 63, name, [
        Container(f"{number:04}".ljust(63, "c"), anon=(20 + number) * MIB,
                  exe="/usr/bin/java" if java else "/" + "x" * 200, limit=2000 * MIB)])


def fill_caps(node, pods=300, units=150, java=False):
    for number in range(pods):
        node.add_pod(long_pod(number, java=java))
    for number in range(units):
        exe, arguments = "/usr/bin/" + f"{number:04}".ljust(200, "y"), ()
        if java:
            exe, arguments = "/usr/bin/java", (f"Main{number:04}".ljust(120, "Y"),)
        node.add_unit(f"{number:04}".ljust(240, "u") + ".service", exe, (20 + number) * MIB,
                      limit=1000 * MIB, arguments=arguments)
    node.settle()


def check_caps(body):
    """What is true of any node, however full, with the default limits."""
    assert len(body.find("memleak_process_info")) == 50
    groups = {labels["group"] for labels, _ in body.find("memleak_group_processes")}
    assert len(groups - {"(other)"}) == 100
    assert len(body.find(USAGE)) == 120
    assert len(body.samples) <= MOST_SERIES, count(body)


def test_every_cap_full(node, start_exporter):
    fill_caps(node)
    body = until_complete(start_exporter(*node.flags, FRESH))
    check_caps(body)
    # All that was cut is still in the sums.
    processes = sum(value for _, value in body.find("memleak_group_processes"))
    assert processes == sum(len(pids) for pids in node.pids_of.values())


# One mapping of each kind: what there is to say of a process, and no more.
SMAPS = "".join(
    f"{number:08x}000-{number:08x}fff rw-{share} 00000000 00:00 {inode} {name}\n"
    f"Size: 4 kB\nRss: 4 kB\nPss: 4 kB\nSwap: 0 kB\n"
    for number, (name, share, inode) in enumerate([
        ("[heap]", "p", 0), ("", "p", 0), ("[stack]", "p", 0), ("/usr/lib/libc.so.6", "p", 7),
        ("/dev/shm/x", "s", 8), ("[vdso]", "p", 0)], start=1))
JVM = fixtures.FIXTURES / "hsperfdata" / "17-serial"
KILLS = 250


def kills_of(node):
    """So many OOM kills of different programs, some in containers that are still there."""
    cgroups_of_pods = [cgroup for cgroup in node.pids_of if "/kubepods" in cgroup]
    for number in range(KILLS):
        pid, comm = 500_000 + number, f"{number:04}".ljust(15, "v")
        cgroup = (cgroups_of_pods[number] if number < len(cgroups_of_pods) else
                  f"/kubepods.slice/gone-{number}")
        yield (f"6,{2 * number},{number + 1000},-;oom-kill:constraint=CONSTRAINT_MEMCG,"
               f"nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={cgroup},task_memcg={cgroup},"
               f"task={comm},pid={pid},uid=0\n")
        yield (f"3,{2 * number + 1},{number + 1000},-;Memory cgroup out of memory: Killed process "
               f"{pid} ({comm}) total-vm:900000kB, anon-rss:524288kB, file-rss:12kB, "
               f"shmem-rss:0kB, UID:0 pgtables:108kB oom_score_adj:0\n")


def test_every_cap_full_of_suspects(node, start_exporter, tmp_path):
    """And of the evidence about them: each of them a JVM, and as many OOM kills as are told."""
    fill_caps(node, pods=60, units=70, java=True)
    # The files of JVMs have to be their users'; all of this node are root's.
    jvm = tmp_path / "jvm"
    shutil.copyfile(JVM, jvm)
    node.add_evidence(jvm, SMAPS)
    node.write_kernel_log(kills_of(node))
    exporter = start_exporter(*node.flags, *TIMELESS)
    until_complete(exporter)
    for _ in range(32):
        node.pass_time(60)
        node.grow(12 * MIB)
        exporter.get()
    body = exporter.scrape()
    check_caps(body)
    for kind, shown in (("process", 50), ("group", 100), ("cgroup", 120)):
        suspected = [value for _, value in body.find(f"memleak_{kind}_leak_suspected")]
        assert suspected == [1] * shown
        for family in ("exhaustion_seconds", "growth_start_time_seconds"):
            assert len(body.find(f"memleak_{kind}_{family}")) == shown
    everything = sum(len(pids) for pids in node.pids_of.values()) - 50
    assert body.value("memleak_scrape_suspects_cut") > everything

    body = exporter.scrape_until("the evidence about all", lambda body: len(
        body.find("memleak_process_proportional_memory_bytes")) == 50 and body.find(
            "memleak_jvm_old_generation_used_bytes"))
    check_caps(body)
    assert len(body.find("memleak_process_mapped_memory_bytes")) == 50 * 6
    assert len(body.find("memleak_process_fds")) == 50 * 11
    # All of one scope: the other one keeps a place for its own "(other)".
    assert len(body.find("memleak_oom_kills_total")) == 199
    assert body.has("memleak_oom_kills_total", group="(other)")


def test_log_whose_name_was_cut(node, start_exporter):
    """The kubelet cuts a link's name at 255 bytes, and with it the id of the container: what the
    folder of the pod says is known all the same."""
    pod = long_pod(1, pod_length=150)
    node.add_pod(pod)
    node.settle()
    body = until_complete(start_exporter(*node.flags, *EVERYTHING))
    labels = cgroups.labels_of(body, pod.cgroup_of(pod.containers[0].name))
    assert (labels["namespace"], labels["pod"]) == (pod.namespace, pod.name)
    # Which of the pod's containers it is, nobody says; where it is told, then rightly.
    assert labels.get("container") in (None, pod.containers[0].name)


def test_pods_that_come_and_go(node, start_exporter):
    first = deployment("shop", "first", 0, [Container("app")])
    node.add_pod(first)
    node.settle()
    exporter = start_exporter(*node.flags, *EVERYTHING)
    assert exporter.scrape().has(USAGE, pod=first.name, container="app")

    second = deployment("shop", "second", 0, [Container("app", limit=100 * MIB), Container("log")])
    node.add_pod(second)
    node.settle()
    body = exporter.scrape_until("the second pod's names", lambda body: body.has(
        USAGE, pod=second.name, container="log"))
    assert body.has(USAGE, pod=first.name, container="app")
    assert body.value("memleak_group_processes", group="shop/second/app") == 1

    node.remove_pod(first)
    node.settle()
    body = exporter.scrape()
    assert not body.has(USAGE, pod=first.name)
    assert not [labels for _, labels in body.samples if ("pod", first.name) in labels]
    # The same name again, another pod: a StatefulSet's.
    node.remove_pod(second)
    node.settle()
    exporter.scrape()
    node.add_pod(second)
    node.settle()
    exporter.scrape_until("the pod again", lambda body: body.has(
        USAGE, pod=second.name, container="app"))


def test_logs_that_come_after_the_container(node, start_exporter):
    """The kubelet makes the links when the container runs: a name that is unknown is asked for
    again, and nothing else waits for it."""
    pod = deployment("shop", "late", 0, [Container("app")])
    node.add_pod(pod, logs=False)
    node.settle()
    exporter = start_exporter(*node.flags, *EVERYTHING)
    cgroup = pod.cgroup_of("app")
    labels = cgroups.labels_of(exporter.scrape(), cgroup)
    assert labels["kind"] == "container"
    assert not labels.keys() & {"namespace", "pod", "container"}
    for _ in range(20):
        exporter.scrape()
    node.add_logs(pod)
    body = exporter.scrape_until("its name", lambda body: body.has(
        USAGE, cgroup=cgroup, pod=pod.name, container="app"))
    [(pid, _)] = node.pids_of[cgroup]
    info = body.labels("memleak_process_info", pid=str(pid))
    assert (info["pod"], info["group"]) == (pod.name, "shop/late/app")


def test_ten_thousand_pods_in_the_logs(ordinary, body, tmp_path, start_exporter):
    """Of nodes long ago: nothing changes, not even the order."""
    node = ordinary_node(tmp_path / "node")
    for number in range(10_000):
        old = Pod("old", f"job-{number}", [Container("c")])
        (node.root / "var/log/pods" / old.log_directory).mkdir()
        link = f"{old.name}_old_c-{old.container_id('c')}.log"
        (node.root / "var/log/containers" / link).symlink_to("/nowhere")
    crowded = until_complete(start_exporter(*node.flags, *EVERYTHING))

    def of_host(body):
        return [line for line in body.text.split("\n") if line.startswith(
            ("memleak_process", "memleak_group", "memleak_cgroup", "memleak_node"))]
    assert of_host(crowded) == of_host(body)
    assert crowded.value("memleak_slow_reads_stuck") == 0
