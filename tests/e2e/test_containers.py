"""Real containers, run by podman and runc, with names and limits."""

import os
import pathlib

import pytest

from support import cgroups
from support.exporter import BINARY, EXPORT_ALL
from support.containers import Podman
from support.requirements import need_mount_namespace
from support.waiting import wait_for

MIB = 1 << 20
FLAGS = (*EXPORT_ALL, "--cgroup.limit=100000")


@pytest.fixture(scope="module")
def podman():
    podman = Podman()
    yield podman
    podman.close()


@pytest.fixture
def start_container(podman):
    """Starts containers that are gone after the test."""
    started = []

    def start(*args):
        started.append(podman.start_actor(*args))
        return started[-1]

    yield start
    for container in started:
        container.remove()


@pytest.fixture
def start_in_namespace(request, start_exporter, podman, tmp_path):
    """Starts an exporter in a cgroup namespace of its own, the host's trees mounted elsewhere."""
    need_mount_namespace()
    own = cgroups.Cgroup(f"{podman.parent}/{request.node.name}")
    started = []
    host = tmp_path / "host"
    for name in ("proc", "sys"):
        (host / name).mkdir(parents=True)
    # The cgroup it is in when the namespace is made becomes the namespace's root.
    script = (f"echo $$ >{os.fsdecode(own.directory)}/cgroup.procs;"
              f"exec unshare --cgroup --mount -- sh -c 'mount --rbind /proc {host}/proc &&"
              f' mount --rbind /sys {host}/sys && exec "$@"\' sh "$@"')
    wrapper = ("sh", "-c", script, "sh")

    def start(*flags):
        exporter = start_exporter(*FLAGS, f"--path.procfs={host}/proc",
                                  f"--path.rootfs={podman.rootfs}", *flags, wrapper=wrapper)
        started.append(exporter)
        seen = pathlib.Path(f"/proc/{exporter.pid}/ns/cgroup").readlink()
        assert seen != pathlib.Path("/proc/self/ns/cgroup").readlink()
        return exporter

    yield start, f"--path.sysfs={host}/sys"
    # A cgroup goes when nobody is left in it.
    for exporter in started:
        exporter.stop()
    own.remove()


def start_outside(start_exporter, podman):
    return start_exporter(*FLAGS, f"--path.rootfs={podman.rootfs}")


def until_named(exporter, container, name):
    """Within one interval of refreshing, which is 15 s by default."""
    def attempt():
        body = exporter.scrape()
        found = body.has("memleak_cgroup_memory_usage_bytes", cgroup=cgroup, container=name)
        return body if found else None

    cgroup = container.cgroup
    return wait_for(f"the name {name}", attempt, deadline=15)


def hold(container, size):
    container.tell("alloc", size)
    container.tell("touch")


def check(exporter, container, name, limit, processes=1):
    """Labels and figures of a container and of its process."""
    body = until_named(exporter, container, name)
    cgroup, pid = container.cgroup, str(container.pid)
    labels = cgroups.labels_of(body, cgroup)
    assert (labels["kind"], labels["container"]) == ("container", name)
    assert not labels.keys() & {"namespace", "pod", "unit"}
    info = body.labels("memleak_process_info", pid=pid)
    assert (info["container_id"], info["cgroup"], info["container"]) == (container.id, cgroup, name)
    for own_name, own in body.samples:
        if ("pid", pid) in own:
            assert ("container", name) in own, own_name

    found = cgroups.exported(body, cgroup)
    files = cgroups.v1_values(f"{cgroups.V1_ROOT}{cgroup}")
    assert found["memory_limit_bytes"] == limit == files["memory_limit_bytes"]
    for figure in ("memory_usage_bytes", "anon_memory_bytes", "unreclaimable_memory_bytes"):
        assert abs(found[figure] - files[figure]) < MIB, figure
    assert found.get("processes") == processes
    room = limit - found["unreclaimable_memory_bytes"]
    assert found["headroom_bytes"] == room
    assert body.value("memleak_process_headroom_bytes", pid=pid) == room
    return body


def test_named_and_limited(start_exporter, podman, start_container):
    exporter = start_outside(start_exporter, podman)
    limits = {"shop-api": 64, "shop_worker.2": 96}
    containers = {name: start_container(name, f"--memory={limit}m")
                  for name, limit in limits.items()}
    for name, container in containers.items():
        hold(container, 20 * MIB)
        check(exporter, container, name, limits[name] * MIB)


def test_headroom_follows_the_limit(start_exporter, podman, start_container):
    exporter = start_outside(start_exporter, podman)
    container = start_container("resized", "--memory=64m")
    hold(container, 20 * MIB)
    check(exporter, container, "resized", 64 * MIB)
    limit = cgroups.V1_ROOT / container.cgroup.lstrip("/") / "memory.limit_in_bytes"
    limit.write_text(str(128 * MIB))
    check(exporter, container, "resized", 128 * MIB)


def test_without_a_limit(start_exporter, podman, start_container):
    exporter = start_outside(start_exporter, podman)
    container = start_container("unlimited")
    body = until_named(exporter, container, "unlimited")
    found = cgroups.exported(body, container.cgroup)
    assert "memory_limit_bytes" not in found
    assert found["headroom_bytes"] == cgroups.node_headroom(body)


def test_file_pages_leave_the_headroom(start_exporter, podman, start_container):
    exporter = start_outside(start_exporter, podman)
    container = start_container("busy", "--memory=64m")
    hold(container, 8 * MIB)
    body = until_named(exporter, container, "busy")
    before = cgroups.exported(body, container.cgroup)
    container.execute("/bin/busybox", "dd", "if=/dev/zero", "of=/file", "bs=1M", "count=200")
    container.execute("/bin/busybox", "sync", "/file")
    container.execute("/bin/busybox", "cat", "/file")
    filled = cgroups.exported(exporter.scrape(), container.cgroup)
    assert filled["memory_usage_bytes"] > 50 * MIB
    assert filled["headroom_bytes"] > before["headroom_bytes"] - 6 * MIB


def test_removed_and_made_again_under_the_same_name(start_exporter, podman, start_container):
    exporter = start_outside(start_exporter, podman)
    first = start_container("phoenix", "--memory=64m")
    until_named(exporter, first, "phoenix")
    first_cgroup = first.cgroup
    first.remove()
    body = exporter.scrape()
    assert not cgroups.exported(body, first_cgroup)
    assert "phoenix" not in body.text
    second = start_container("phoenix", "--memory=96m")
    assert second.id != first.id
    hold(second, 10 * MIB)
    check(exporter, second, "phoenix", 96 * MIB)


def test_known_containers_at_the_first_scrape(start_exporter, podman, start_container):
    """What ran before the exporter has its name from the start: no series without it first."""
    container = start_container("earlier", "--memory=64m")
    body = start_outside(start_exporter, podman).scrape()
    assert cgroups.labels_of(body, container.cgroup)["container"] == "earlier"


def test_exporter_in_a_private_cgroup_namespace(start_in_namespace, start_container):
    start, sysfs = start_in_namespace
    container = start_container("neighbour", "--memory=64m")
    hold(container, 20 * MIB)
    check(start(sysfs), container, "neighbour", 64 * MIB)


def test_private_cgroup_namespace_without_the_tree(start_in_namespace, start_container, tmp_path):
    """/proc/PID/cgroup is all there is, and starts with /.. there: names come all the same."""
    start, _ = start_in_namespace
    container = start_container("shadow", "--memory=64m")
    exporter = start(f"--path.sysfs={tmp_path}")
    pid = str(container.pid)
    body = exporter.scrape_until("the name", lambda body: body.has(
        "memleak_process_info", pid=pid, container="shadow"))
    assert body.labels("memleak_process_info", pid=pid)["container_id"] == container.id
    assert not [name for name in body.families if name.startswith("memleak_cgroup_")]


@pytest.fixture
def start_in_container(start_exporter, podman):
    """Starts an exporter in a container, with the host's network and its trees mounted."""
    def start(name, *options):
        mounts = [f"--volume={path}:{path}:ro" for path in ("/usr", "/lib", "/lib64", "/etc")]
        mounts += [f"--volume={path}:/host{path}:ro" for path in ("/proc", "/sys")]
        mounts += [f"--volume={podman.rootfs}:/host/root:ro", f"--volume={BINARY}:/exporter:ro"]
        cidfile = podman.rootfs / f"{name}.cid"
        wrapper = podman.run_command(name, "--cap-add=SYS_PTRACE", *options, *mounts,
                                     cidfile=cidfile)
        exporter = start_exporter(*FLAGS, "--path.procfs=/host/proc", "--path.sysfs=/host/sys",
                                  "--path.rootfs=/host/root", binary="/exporter", wrapper=wrapper,
                                  env=podman.environment)
        return exporter, cidfile.read_text()
    return start


@pytest.mark.parametrize("pids, cgroupns", [("host", "private"), ("private", "host")])
def test_exporter_in_a_container(start_in_container, start_container, pids, cgroupns):
    """The first as a node agent runs; the second with pids of its own, and the host's /proc."""
    container = start_container(f"neighbour-{pids}", "--memory=64m")
    hold(container, 20 * MIB)
    name = f"node-agent-{pids}"
    exporter, own_id = start_in_container(name, f"--pid={pids}", f"--cgroupns={cgroupns}")
    # Those in a cgroup are listed by pids that are not those of /proc there.
    processes = 1 if pids == "host" else None
    body = check(exporter, container, f"neighbour-{pids}", 64 * MIB, processes)
    own = body.find("memleak_process_info", container=name)
    assert {labels["container_id"] for labels, _ in own} == {own_id}
    exporter.stop()


def test_exporter_that_sees_nothing_of_the_host(start_in_container, start_container):
    """With pids and a cgroup namespace of its own nothing joins a process to its cgroup but the
    container's id: the names are right, and limits that are not known are not said to be far."""
    container = start_container("neighbour-unseen", "--memory=64m")
    exporter, _ = start_in_container("hermit", "--pid=private", "--cgroupns=private")
    body = until_named(exporter, container, "neighbour-unseen")
    pid = str(container.pid)
    body = exporter.scrape_until("the name", lambda body: body.has(
        "memleak_process_info", pid=pid, container="neighbour-unseen"))
    assert body.labels("memleak_process_info", pid=pid)["container_id"] == container.id
    room = [value for _, value in body.find("memleak_process_headroom_bytes", pid=pid)]
    assert not room or room[0] <= 64 * MIB
    exporter.stop()
