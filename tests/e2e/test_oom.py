"""Real OOM kills, by the limit of a memory cgroup of the test's own: whom they hit, how large it was,
and against what it usually held. Others' kills are in the same log: each victim has a name of its
own."""

import os
import pathlib
import time
import uuid

import pytest

from support import oom
from support.cgroups import Cgroup, processes_below
from support.containers import Podman
from support.exporter import BINARY, EXPORT_ALL
from support.fixtures import FixtureHost
from support.oom import MIB, Death, grow_until_killed, need_kernel_log
from support.programs import copy_of_actor, unique
from support.requirements import need_mount_namespace, need_nobody
from support.waiting import DEADLINE_SECONDS, wait_for

# Kills of several at once would be right, too, but each writes dozens of lines into the log.
pytestmark = pytest.mark.xdist_group("oom")

KILLS = "memleak_oom_kills_total"
LAST = "memleak_oom_last_kill_{}"
NODE_KILLS = "memleak_node_oom_kills_total"
DENIED = "memleak_scrape_reads_denied_total"
LOST = "memleak_scrape_kernel_messages_lost_total"
LIMIT = 32 * MIB


@pytest.fixture(scope="module")
def top():
    need_kernel_log()
    cgroup = Cgroup("/" + unique("memleak-e2e-oom"))
    yield cgroup
    cgroup.remove()


# The kernel's log, and the calls that are left where the device is not there.
SOURCES = {"device": (), "calls": ("unshare", "--mount", "--", "sh", "-c",
                                   'mount --bind /dev/null /dev/kmsg && exec "$@"', "sh")}


@pytest.fixture(scope="module", params=SOURCES.values(), ids=SOURCES.keys())
def exporter(request, top, start_shared_exporter):
    if request.param:
        need_mount_namespace()
    return start_shared_exporter(*EXPORT_ALL, wrapper=request.param)


class Victim:
    """An actor with a group of its own, in a cgroup of its own. Its comm is the group's first 15
    bytes, unless it renames itself: whoever tells the group has seen it."""

    def __init__(self, start_actor, directory, cgroup, group=None):
        self.group = group or f"{uuid.uuid4().hex[:8]}-hungry-service"
        self.cgroup = cgroup
        path = directory / self.group
        if not path.exists():
            copy_of_actor(directory, self.group)
        self.actor = start_actor(path=path)
        cgroup.add(self.actor.pid)

    def hold(self, size):
        self.actor.tell("alloc", size)
        self.actor.tell("touch")

    def die(self, size=2 * LIMIT, reap=True):
        """Returns what the kernel says of it."""
        grow_until_killed(self.actor, size, reap)
        return Death(self.actor.pid)


@pytest.fixture
def new_victim(top, start_actor, tmp_path):
    """Makes victims, in a new cgroup where none is given. It goes when they have gone."""
    made = []

    def make(cgroup=None, group=None, limit=LIMIT, name="limited"):
        if cgroup is None:
            cgroup = oom.small(top, name, limit)
            made.append(cgroup)
        return Victim(start_actor, tmp_path, cgroup, group)

    yield make
    for cgroup in made:
        for pid in processes_below(cgroup.directory):
            top.add(pid)
        cgroup.remove()


def kill_in_full(make):
    """Kills what `make()` returns until the kernel tells the cgroup, too; returns that death."""
    def attempt():
        death = make().die()
        return death if death.in_full else None

    return wait_for("a kill that is told in full", attempt, interval=1)


def when_seen(exporter, victim):
    return exporter.scrape_until("the victim's group", lambda body: body.has(
        "memleak_process_info", pid=str(victim.actor.pid), group=victim.group))


def check(body, death, kills, **labels):
    """All that is said of the last kill of one group."""
    assert body.value("memleak_scrape_collector_success", collector="oom") == 1
    found = {"scope": "cgroup"} | labels
    assert (found, kills) in body.find(KILLS)
    assert body.value(LAST.format("anon_memory_bytes"), **found) == death.anon
    return body.value(LAST.format("timestamp_seconds"), **found)


@pytest.mark.parametrize("reap", [True, False], ids=["gone", "not reaped"])
def test_a_victim_that_was_seen(exporter, new_victim, reap):
    """Within one scrape after its end."""
    victim = new_victim()
    before = when_seen(exporter, victim)
    assert not before.has(KILLS, group=victim.group)
    start = time.time()
    death = victim.die(reap=reap)
    body = exporter.scrape()
    killed = check(body, death, 1, group=victim.group)
    # btime is in whole seconds, but what was read before it bounds it.
    assert start - 1 <= killed <= time.time()
    assert death.anon > LIMIT - 4 * MIB
    assert body.value(NODE_KILLS) > before.value(NODE_KILLS)
    # Known for too short a time for a baseline.
    assert not body.has(LAST.format("baseline_ratio"), group=victim.group)


def test_each_kill_counts(exporter, new_victim):
    first = new_victim()
    when_seen(exporter, first)
    first.die()
    second = new_victim(first.cgroup, first.group)
    when_seen(exporter, second)
    third = new_victim(first.cgroup, first.group)
    when_seen(exporter, third)
    # The kernel takes the larger one.
    death = second.die()
    third.hold(MIB)
    check(exporter.scrape(), death, 2, group=first.group)
    assert third.actor.process.poll() is None
    death = third.die()
    check(exporter.scrape(), death, 3, group=first.group)


def test_against_what_it_usually_held(start_exporter, new_victim):
    """The baseline is that of a life's slots 11 to 22."""
    exporter = start_exporter(*EXPORT_ALL, "--trend.slot=200ms")
    victim = new_victim(limit=40 * MIB)
    victim.hold(9 * MIB)
    when_seen(exporter, victim)
    pid = str(victim.actor.pid)
    name = "memleak_process_baseline_bytes"
    body = exporter.scrape_until("a baseline", lambda body: body.has(name, pid=pid))
    baseline = body.value(name, pid=pid)
    assert 9 * MIB <= baseline < 11 * MIB
    death = victim.die()
    body = exporter.scrape()
    check(body, death, 1, group=victim.group)
    ratio = body.value(LAST.format("baseline_ratio"), group=victim.group)
    assert ratio == pytest.approx(death.anon / baseline, rel=1e-3)
    assert 3.3 < ratio < 4.5


@pytest.fixture
def patient(start_exporter, top):
    """One that looks at the host when it is asked, and not in between."""
    return start_exporter(*EXPORT_ALL, "--trend.interval=1h")


def test_born_and_killed_between_two_scrapes(patient, new_victim):
    """Nobody saw it: its comm names it."""
    patient.scrape()
    victim = new_victim()
    comm = unique("brief")
    victim.actor.set_name(comm.encode())
    death = victim.die()
    body = patient.scrape()
    check(body, death, 1, group=comm)
    assert not body.has(KILLS, group=victim.group)


def test_unseen_in_a_cgroup_that_is_known(patient, new_victim):
    """It belongs to the group that all others there are of."""
    master = new_victim()
    when_seen(patient, master)
    death = kill_in_full(lambda: new_victim(master.cgroup))
    check(patient.scrape(), death, 1, group=master.group)


class Pod:
    """A pod's container by its cgroup, and what the kubelet would keep of it."""

    def __init__(self, top, root):
        self.uid, self.id = str(uuid.uuid4()), uuid.uuid4().hex * 2
        pods = [top]
        for name in ("kubepods", "burstable", f"pod{self.uid}"):
            pods.append(pods[-1].child(name))
        self.outermost = pods[1]
        self.cgroup = oom.small(pods[-1], self.id, LIMIT)
        links = root / "var/log/containers"
        links.mkdir(parents=True)
        (root / f"var/log/pods/shop_checkout-7c9d8b6f5d-x2x7q_{self.uid}/app").mkdir(parents=True)
        (links / f"checkout-7c9d8b6f5d-x2x7q_shop_app-{self.id}.log").symlink_to(
            f"/var/log/pods/shop_checkout-7c9d8b6f5d-x2x7q_{self.uid}/app/0.log")
        self.labels = {"namespace": "shop", "pod": "checkout-7c9d8b6f5d-x2x7q", "container": "app"}


@pytest.fixture
def pod(top, tmp_path):
    pod = Pod(top, tmp_path / "root")
    yield pod
    for pid in processes_below(pod.outermost.directory):
        top.add(pid)
    pod.outermost.remove()


def test_in_a_pod(start_exporter, new_victim, tmp_path, pod):
    """The tree with the names has no kernel log: the calls tell."""
    exporter = start_exporter(*EXPORT_ALL, f"--path.rootfs={tmp_path}/root")
    victim = new_victim(pod.cgroup)
    group = "shop/checkout/app"
    exporter.scrape_until("the names", lambda body: body.has(
        "memleak_process_info", pid=str(victim.actor.pid), group=group, container="app"))
    death = victim.die()
    check(exporter.scrape(), death, 1, group=group, **pod.labels)


def test_unseen_in_a_pod(start_exporter, new_victim, tmp_path, pod):
    exporter = start_exporter(*EXPORT_ALL, f"--path.rootfs={tmp_path}/root", "--trend.interval=1h")
    exporter.scrape_until("the names", lambda body: body.has(
        "memleak_cgroup_memory_usage_bytes", cgroup=pod.cgroup.label, container="app"))
    comm = unique("brief")

    def make():
        victim = new_victim(pod.cgroup)
        victim.actor.set_name(comm.encode())
        return victim

    death = kill_in_full(make)
    # Nobody of the workload was ever seen: all that is known of its group is a process's name.
    check(exporter.scrape(), death, 1, group=comm, **pod.labels)


def test_before_the_exporter_started(start_exporter, new_victim):
    """It counts 0, so that the next one shows as an increase."""
    victim = new_victim()
    comm = unique("early")
    victim.actor.set_name(comm.encode())
    death = victim.die()
    exporter = start_exporter(*EXPORT_ALL)
    body = exporter.scrape()
    killed = check(body, death, 0, group=comm)
    assert killed == pytest.approx(min(death.time, time.time()), abs=0.1)
    assert not body.has(LAST.format("baseline_ratio"), group=comm)
    victim = new_victim(victim.cgroup)
    victim.actor.set_name(comm.encode())
    death = victim.die()
    assert check(exporter.scrape(), death, 1, group=comm) > killed


COMMS = {
    "what the log writes": b'",pid=1,uid=0(x',
    "the end of a kill": b") total-vm:9kB,",
    "a line of its own": b"a\nOut of memory",
    "lines": b"\n\n\n",
    "quotes": b"\"'\\\\x0a\\\"",
    "no UTF-8": b"\xff\xfe\x01\x7f",
    "spaces": b"  a  ",
    "empty": b"",
}


@pytest.mark.parametrize("comm", COMMS.values(), ids=COMMS.keys())
def test_hostile_comm(exporter, new_victim, comm):
    """It is found all the same, and nobody else is accused."""
    victim = new_victim()
    victim.actor.set_name(comm)
    when_seen(exporter, victim)
    accused = {tuple(labels.items()) for labels, _ in exporter.scrape().find(KILLS)}
    death = victim.die()
    assert death.comm == comm
    body = exporter.scrape()
    check(body, death, 1, group=victim.group)
    new = [labels for labels, _ in body.find(KILLS) if tuple(labels.items()) not in accused]
    assert new == [{"group": victim.group, "scope": "cgroup"}]


CGROUPS = {
    "what the log writes": b"oom,task_memcg=,task=init,pid=1,uid=0",
    "quotes": b"a\"b\\c'd",
    "no UTF-8": b"\xff\xc3(\x01",
    "long": b"n" * 250,
}


@pytest.mark.parametrize("name", CGROUPS.values(), ids=CGROUPS.keys())
def test_hostile_cgroup(exporter, new_victim, name):
    victim = new_victim(name=name)
    when_seen(exporter, victim)
    death = victim.die()
    check(exporter.scrape(), death, 1, group=victim.group)


@pytest.mark.parametrize("name", CGROUPS.values(), ids=CGROUPS.keys())
def test_unseen_in_a_hostile_cgroup(patient, new_victim, name):
    master = new_victim(name=name)
    when_seen(patient, master)
    death = kill_in_full(lambda: new_victim(master.cgroup))
    check(patient.scrape(), death, 1, group=master.group)


@pytest.fixture(scope="module")
def podman(top):
    podman = Podman()
    yield podman
    podman.close()


def start_outside(podman, start_exporter):
    return start_exporter(*EXPORT_ALL, f"--path.rootfs={podman.rootfs}")


def start_in_a_container(podman, start_exporter, *options):
    """The device is refused there, the calls are allowed."""
    mounts = [f"--volume={path}:{path}:ro" for path in ("/usr", "/lib", "/lib64", "/etc")]
    mounts += [f"--volume={path}:/host{path}:ro" for path in ("/proc", "/sys")]
    mounts += [f"--volume={podman.rootfs}:/host/root:ro", f"--volume={BINARY}:/exporter:ro"]
    cidfile = podman.rootfs / f"{uuid.uuid4()}.cid"
    wrapper = podman.run_command(cidfile.stem, "--cap-add=SYS_PTRACE,SYSLOG", *options, *mounts,
                                 cidfile=cidfile)
    return start_exporter(*EXPORT_ALL, "--path.procfs=/host/proc", "--path.sysfs=/host/sys",
                          "--path.rootfs=/host/root", binary="/exporter", wrapper=wrapper,
                          env=podman.environment)


def start_as_node_agent(podman, start_exporter):
    return start_in_a_container(podman, start_exporter, "--pid=host")


def start_as_hermit(podman, start_exporter):
    """Its pids are not those of the /proc that it reads, and paths of cgroups start with /.. ."""
    return start_in_a_container(podman, start_exporter, "--pid=private", "--cgroupns=private")


@pytest.mark.parametrize("start", [start_outside, start_as_node_agent, start_as_hermit])
def test_in_a_container(podman, start_exporter, start):
    exporter = start(podman, start_exporter)

    def attempt():
        name = f"hungry-{uuid.uuid4().hex[:8]}"
        container = podman.start_actor(name, f"--memory={LIMIT}", f"--memory-swap={LIMIT}")
        pid = container.pid
        exporter.scrape_until("the container's name", lambda body: body.has(
            "memleak_process_info", pid=str(pid), container=name, group="actor"))
        container.tell("alloc", 2 * LIMIT)
        container.send("touch")
        assert container.process.wait(timeout=DEADLINE_SECONDS) != 0
        body = exporter.scrape()
        death = Death(pid)
        container.remove()
        # The pid says nothing to the hermit: without its cgroup the victim is anybody of its name.
        findable = death.in_full or start is not start_as_hermit
        return (body, death, name) if findable else None

    body, death, name = wait_for("a kill that is told in full", attempt, interval=1)
    check(body, death, 1, group="actor", container=name)
    exporter.stop()
    assert not pathlib.Path("oom").exists(), "the container's monitor left a file in the tree"


def test_without_privilege(start_exporter, new_victim, public_binary):
    """The log is the root's where the kernel says so: nothing is told of kills, all else is."""
    with open("/proc/sys/kernel/dmesg_restrict") as file:
        if file.read().strip() == "0":
            pytest.skip("needs kernel.dmesg_restrict")
    exporter = start_exporter(*EXPORT_ALL, wrapper=need_nobody(), binary=public_binary)
    victim = new_victim()
    body = exporter.scrape_until("the victim", lambda body: body.of_pid(victim.actor.pid))
    node_kills = body.value(NODE_KILLS)
    victim.die()
    body = exporter.scrape()
    assert not [name for name in body.families if name.startswith("memleak_oom_")]
    assert body.value("memleak_scrape_collector_success", collector="oom") == 1
    denied = body.value(DENIED, field="kernel_log")
    assert denied >= 1
    assert exporter.scrape().value(DENIED, field="kernel_log") > denied, "each denial counts"
    # That there was one is everybody's to know.
    assert body.value(NODE_KILLS) > node_kills


def test_from_a_pid_namespace_of_its_own(start_exporter, new_victim):
    """The log's pids are not those that it sees: what it cannot know it does not say."""
    need_mount_namespace()
    exporter = start_exporter(*EXPORT_ALL, wrapper=(
        "unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--"))
    victim = new_victim()
    comm = unique("elsewhere")
    victim.actor.set_name(comm.encode())
    death = victim.die()
    check(exporter.scrape(), death, 1, group=comm)
    exporter.tell_child_to_stop()


def test_switched_off(start_exporter, top):
    exporter = start_exporter(*EXPORT_ALL, "--no-collector.oom")
    body = exporter.scrape()
    assert not [name for name in body.families if name.startswith("memleak_oom_")]
    assert not body.has("memleak_scrape_collector_success", collector="oom")


def record(sequence, seconds, text):
    return f"6,{sequence},{seconds * 1000000},-;{text}\n"


def kill_of(sequence, seconds, comm, pid, anon):
    return record(sequence, seconds,
                  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
                  f"oom_memcg=/a,task_memcg=/a/b,task={comm},pid={pid},uid=0") + record(
        sequence + 1, seconds,
        f"Memory cgroup out of memory: Killed process {pid} ({comm}) total-vm:104880kB, "
        f"anon-rss:{anon}kB, file-rss:1288kB, shmem-rss:0kB, UID:0 pgtables:108kB oom_score_adj:0")


def test_lost_messages(start_exporter, tmp_path):
    """What was overwritten before anybody read it is counted."""
    host = FixtureHost("ordinary", tmp_path)
    log = host.root / "dev/kmsg"
    log.parent.mkdir(exist_ok=True)
    log.write_text(kill_of(100, 50, "early", 77, 1000))
    exporter = start_exporter(*host.flags, *EXPORT_ALL)
    body = exporter.scrape()
    assert body.value(KILLS, group="early", scope="cgroup") == 0
    assert body.value(LAST.format("anon_memory_bytes"), group="early") == 1000 * 1024
    assert body.value(LOST) == 0
    with open(log, "a") as file:
        file.write(kill_of(142, 60, "late", 78, 2000))
    body = exporter.scrape()
    assert body.value(KILLS, group="late", scope="cgroup") == 1
    assert body.value(LOST) == 40
