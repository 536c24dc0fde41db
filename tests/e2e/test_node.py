"""The node's families, live, against what the kernel and procps say just before and just after."""

import mmap
import os
import pathlib
import re
import signal
import subprocess

import pytest

from support import kernel
from support.programs import Refused
from support.requirements import need_mount_namespace, need_nobody, need_root, need_tool
from support.waiting import wait_for

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

PAGE = os.sysconf("SC_PAGESIZE")
MIB = 1 << 20
COLLECTORS = ("meminfo", "swap", "vmstat", "pressure", "slab", "buddyinfo", "filefd",
              "process_count")
FLAGS = ("--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS),
         "--scrape.min-interval=0s")
MEMINFO = {
    "total": "MemTotal", "free": "MemFree", "available": "MemAvailable", "buffers": "Buffers",
    "cached": "Cached", "anon": "AnonPages", "shmem": "Shmem",
    "slab_reclaimable": "SReclaimable", "slab_unreclaimable": "SUnreclaim",
    "page_tables": "PageTables", "kernel_stack": "KernelStack", "vmalloc_used": "VmallocUsed",
    "percpu": "Percpu", "committed": "Committed_AS", "commit_limit": "CommitLimit",
}
HIDDEN = "memleak_node_processes_hidden"
SLAB = "memleak_node_slab_cache_bytes"


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    return start_shared_exporter(*FLAGS)


def assert_between(before, value, after, slack=0):
    low, high = min(before, after), max(before, after)
    assert low - slack <= value <= high + slack, (before, value, after)


def vmstat():
    text = pathlib.Path("/proc/vmstat").read_text()
    return {key: int(value) for key, value in (line.split() for line in text.splitlines())}


def vmstat_of_procps(what):
    output = subprocess.run(["vmstat", "-s"], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"^\s*(\d+) {what}$", output, re.M)[1])


def test_every_collector_works(exporter):
    success = {labels["collector"]: value
               for labels, value in exporter.scrape().find("memleak_scrape_collector_success")}
    assert success == dict.fromkeys(COLLECTORS, 1)


def test_all_of_meminfo(exporter):
    before, body, after = kernel.meminfo(), exporter.scrape(), kernel.meminfo()
    for name, line in MEMINFO.items():
        found = body.find(f"memleak_node_memory_{name}_bytes")
        assert len(found) == (line in before), "what this kernel does not say is absent"
        for _, value in found:
            assert_between(before[line], value, after[line], slack=128 * MIB)
            assert value % 1024 == 0


def test_swap_is_what_free_says(exporter):
    need_tool("free")

    def free():
        output = subprocess.run(["free", "-b"], capture_output=True, text=True, check=True).stdout
        return [int(word) for word in re.search(r"^Swap:(.*)$", output, re.M)[1].split()]

    (total, _, before), body, (_, _, after) = free(), exporter.scrape(), free()
    assert body.value("memleak_node_swap_total_bytes") == total
    assert_between(before, body.value("memleak_node_swap_free_bytes"), after, slack=MIB)


def test_counters_lie_between_two_looks_at_them(exporter):
    before, body, after = vmstat(), exporter.scrape(), vmstat()
    for name, line, unit in (("swap_in_bytes", "pswpin", PAGE), ("swap_out_bytes", "pswpout", PAGE),
                             ("major_page_faults", "pgmajfault", 1), ("oom_kills", "oom_kill", 1)):
        found = body.find(f"memleak_node_{name}_total")
        assert len(found) == (line in before)
        for _, value in found:
            assert before[line] * unit <= value <= after[line] * unit


def test_swapping_is_what_vmstat_says(exporter):
    need_tool("vmstat")
    for name, what in (("swap_in", "pages swapped in"), ("swap_out", "pages swapped out")):
        before, body, after = vmstat_of_procps(what), exporter.scrape(), vmstat_of_procps(what)
        assert before * PAGE <= body.value(f"memleak_node_{name}_bytes_total") <= after * PAGE


@pytest.fixture
def small_cgroup():
    """A memory cgroup of 32 MiB, as `add(pid)`."""
    need_root()
    for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                        ("/sys/fs/cgroup", "memory.max")):
        path = pathlib.Path(root, f"memleak-test-node-{os.getpid()}")
        try:
            path.mkdir()
        except OSError:
            continue
        if (path / limit).exists():
            break
        path.rmdir()
    else:
        pytest.skip("needs a memory cgroup of its own")
    try:
        (path / limit).write_text(str(32 * MIB))
        yield lambda pid: (path / "cgroup.procs").write_text(str(pid))
    finally:
        wait_for("the end of what was in the cgroup",
                 lambda: not (path / "cgroup.procs").read_text())
        path.rmdir()


def test_a_real_oom_kill_is_counted(exporter, small_cgroup, start_actor):
    before = exporter.scrape().value("memleak_node_oom_kills_total")
    actor = start_actor()
    small_cgroup(actor.pid)
    actor.tell("alloc", 100 * MIB)
    actor.send("touch")
    assert actor.process.wait(60) == -signal.SIGKILL
    assert exporter.scrape().value("memleak_node_oom_kills_total") >= before + 1


def test_major_faults_rise_with_them(exporter, tmp_path):
    """A page that was thrown out of the page cache has to come from the disk again."""
    path = tmp_path / "pages"
    path.write_bytes(os.urandom(MIB))
    before = exporter.scrape().value("memleak_node_major_page_faults_total")

    def fault():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            with mmap.mmap(file.fileno(), MIB, prot=mmap.PROT_READ) as pages:
                assert pages[0] is not None
        return exporter.scrape().value("memleak_node_major_page_faults_total") > before

    wait_for("a major fault", fault)


def pressure():
    try:
        text = pathlib.Path("/proc/pressure/memory").read_text()
    except OSError:
        return {}
    totals = re.findall(r"^(some|full) .*total=(\d+)$", text, re.M)
    return {kind: int(total) for kind, total in totals}


def test_memory_pressure(exporter):
    """Absent where this kernel does not measure it, and the collector works all the same."""
    before, body, after = pressure(), exporter.scrape(), pressure()
    for kind, name in (("some", "waiting"), ("full", "stalled")):
        found = body.find(f"memleak_node_memory_pressure_{name}_seconds_total")
        assert len(found) == (kind in before)
        for _, value in found:
            # Microseconds, as doubles of seconds.
            assert before[kind] / 1e6 - 1e-9 <= value <= after[kind] / 1e6 + 1e-9
    assert body.value("memleak_scrape_collector_success", collector="pressure") == 1


def buddyinfo():
    blocks = {}
    for line in pathlib.Path("/proc/buddyinfo").read_text().splitlines():
        node, zone, counts = re.fullmatch(r"Node (\d+), zone +(\S+) +(.*?) *", line).groups()
        for order, count in enumerate(counts.split()):
            blocks[node, zone, str(order)] = int(count)
    return blocks


def test_free_blocks(exporter):
    """Every zone and order; in what did not move between two looks, to the block."""
    def attempt():
        before, body, after = buddyinfo(), exporter.scrape(), buddyinfo()
        said = {(labels["numa_node"], labels["zone"], labels["order"]): value
                for labels, value in body.find("memleak_node_buddy_free_blocks")}
        assert said.keys() == before.keys()
        still = [key for key in said if before[key] == after[key]]
        return len(still) > len(said) / 2 and all(said[key] == before[key] for key in still)

    wait_for("free blocks that agree", attempt)


def unreclaimable_caches():
    """{name: bytes}, by the flag that sysfs shows of each cache."""
    sizes = {}
    for line in pathlib.Path("/proc/slabinfo").read_text().splitlines()[2:]:
        words = line.split()
        flag = pathlib.Path("/sys/kernel/slab", words[0], "reclaim_account")
        try:
            reclaimable = flag.read_text() == "1\n"
        except FileNotFoundError:
            pytest.skip("needs /sys/kernel/slab")
        if not reclaimable:
            sizes[words[0]] = int(words[5]) * int(words[-2]) * PAGE
    return sizes


def test_slab_caches(start_exporter):
    """The ten largest; slabinfo is read when the exporter starts, and then once a minute."""
    need_root()
    if not pathlib.Path("/proc/slabinfo").exists():
        pytest.skip("needs /proc/slabinfo")
    before = unreclaimable_caches()
    body = start_exporter(*FLAGS).scrape()
    after = unreclaimable_caches()
    said = {labels["cache"]: value for labels, value in body.find(SLAB)}
    assert len(said) == 10
    for name, value in said.items():
        assert_between(before[name], value, after[name], slack=max(0.2 * before[name], MIB))
    smallest = min(said.values())
    for name in before.keys() - said.keys():
        assert before[name] <= 1.2 * smallest + MIB, name


def test_open_files(exporter, start_actor):
    def file_nr():
        return [int(word) for word in pathlib.Path("/proc/sys/fs/file-nr").read_text().split()]

    slack = 300
    (before, _, limit), body, (after, _, _) = file_nr(), exporter.scrape(), file_nr()
    assert body.value("memleak_node_max_open_files") == limit
    assert_between(before, body.value("memleak_node_open_files"), after, slack)
    actor = start_actor()
    try:
        actor.tell("fds", 900)
    except Refused as refused:
        pytest.skip(f"900 descriptors were refused: {refused}")
    (before, _, _), body, (after, _, _) = file_nr(), exporter.scrape(), file_nr()
    assert_between(before, body.value("memleak_node_open_files"), after, slack)


def processes():
    return sum(1 for name in os.listdir("/proc") if name.isdigit())


def threads():
    return int(re.search(r" \d+/(\d+) ", pathlib.Path("/proc/loadavg").read_text())[1])


def test_processes_and_threads(exporter):
    before = processes(), threads()
    body = exporter.scrape()
    after = processes(), threads()
    assert_between(before[0], body.value("memleak_node_processes"), after[0], slack=30)
    assert_between(before[1], body.value("memleak_node_threads"), after[1], slack=60)
    assert body.value(HIDDEN) == 0
    listed = sum(body.value("memleak_scrape_processes", result=result)
                 for result in ("exported", "grouped", "pending", "denied", "malformed"))
    assert body.value("memleak_node_processes") == listed


def test_nobody_sees_everything_but_slabs(start_exporter, public_binary):
    """What only root may read is absent and counted; no collector fails for it."""
    wrapper = need_nobody()
    if not pathlib.Path("/proc/slabinfo").exists():
        pytest.skip("needs /proc/slabinfo")
    exporter = start_exporter(*FLAGS, wrapper=wrapper, binary=public_binary)
    body = exporter.scrape()
    success = {labels["collector"]: value
               for labels, value in body.find("memleak_scrape_collector_success")}
    assert success == dict.fromkeys(COLLECTORS, 1)
    assert not body.has(SLAB)
    assert body.value("memleak_scrape_reads_denied_total", field="slabinfo") == 1
    assert exporter.scrape().value("memleak_scrape_reads_denied_total", field="slabinfo") == 1, \
        "once a minute"
    assert body.value("memleak_node_swap_total_bytes") == kernel.meminfo()["SwapTotal"]
    assert body.value(HIDDEN) == 0


MOUNT = 'mount -t proc -o "$1" proc "$0" && shift && exec "$@"'


@pytest.fixture
def proc_with(start_exporter, public_binary, public_directory):
    """Starts an exporter that looks at a proc file system mounted with these options."""
    need_mount_namespace()
    proc = os.path.join(public_directory, "proc")
    os.mkdir(proc)

    def start(options, wrapper=()):
        return start_exporter(*FLAGS, f"--path.procfs={proc}", binary=public_binary,
                              wrapper=("unshare", "--mount", "--", "sh", "-c", MOUNT, proc, options,
                                       *wrapper))
    return start


def need_hidepid_of_a_mount():
    if tuple(int(part) for part in re.match(r"(\d+)\.(\d+)", os.uname().release).groups()) < (5, 8):
        pytest.skip("needs Linux 5.8: before it, hidepid is the whole pid namespace's")


@pytest.mark.parametrize("options, hidden", [
    ("hidepid=0", 0), ("hidepid=1", 1), ("hidepid=2", 1), ("hidepid=ptraceable", 1),
    ("hidepid=2,gid=65534", 0), ("hidepid=2,gid=1", 1),
])
def test_hidden_from_nobody(proc_with, options, hidden):
    """Unless the mount exempts nobody's group."""
    need_hidepid_of_a_mount()
    body = proc_with(options, need_nobody()).scrape()
    assert body.value(HIDDEN) == hidden
    # Whoever is hidden, the kernel's own number of threads is that of everybody.
    assert body.value("memleak_node_threads") >= threads() / 2
    if options == "hidepid=2":
        assert body.value("memleak_node_processes") < processes() / 2


@pytest.mark.parametrize("options", ["hidepid=1", "hidepid=2"])
def test_nothing_is_hidden_from_root(proc_with, options):
    need_hidepid_of_a_mount()
    body = proc_with(options).scrape()
    assert body.value(HIDDEN) == 0
    assert_between(processes(), body.value("memleak_node_processes"), processes(), slack=60)


def test_root_without_its_capability(proc_with):
    """hidepid asks who may trace whom; root's group is exempt unless that is all that counts."""
    need_hidepid_of_a_mount()
    drop = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", "--")
    body = proc_with("hidepid=ptraceable", drop).scrape()
    assert body.value(HIDDEN) == 1


INNER = """
mount -t proc -o "$1" proc "$0"
sleep 600 &
shift
exec "$@"
"""


def start_as_first(start_exporter, public_binary, public_directory, options, wrapper=()):
    """An exporter that is process 1 of a pid namespace, in which root has a process, too."""
    proc = os.path.join(public_directory, "proc")
    os.mkdir(proc)
    # The leak checker looks for its threads below /proc, where they have other numbers.
    no_leak_check = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    return start_exporter(
        *FLAGS, f"--path.procfs={proc}", binary=public_binary, env=no_leak_check,
        wrapper=("unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", INNER,
                 proc, options, *wrapper))


@pytest.mark.parametrize("options, hidden", [("hidepid=0", 0), ("hidepid=2", 1)])
def test_in_a_pid_namespace_of_ones_own(start_exporter, public_binary, public_directory, options,
                                        hidden):
    """Process 1, itself, can be seen whatever is hidden: then the mount's options tell."""
    need_mount_namespace()
    need_hidepid_of_a_mount()
    exporter = start_as_first(start_exporter, public_binary, public_directory, options,
                              need_nobody())
    try:
        body = exporter.scrape()
        assert body.value(HIDDEN) == hidden
        assert body.value("memleak_node_processes") == (1 if hidden else 2)
    finally:
        exporter.tell_child_to_stop()


def test_root_in_a_pid_namespace(start_exporter, public_binary, public_directory):
    need_mount_namespace()
    need_hidepid_of_a_mount()
    exporter = start_as_first(start_exporter, public_binary, public_directory, "hidepid=2")
    try:
        body = exporter.scrape()
        assert body.value(HIDDEN) == 0
        assert body.value("memleak_node_processes") == 2
    finally:
        exporter.tell_child_to_stop()
