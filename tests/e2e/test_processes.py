"""Every process value equals what the kernel says: real programs against /proc, `free` and `ps`.

All of it for both process sources.
"""

import subprocess

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.programs import copy_of_actor, unique
from support.requirements import need_task_iterator, need_tool
from support.waiting import wait_for

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

MIB = 1 << 20
BLOCK = 100 * MIB

# Family -> line of /proc/PID/status.
STATUS_LINES = {
    "memleak_process_resident_memory_bytes": "VmRSS",
    "memleak_process_anon_memory_bytes": "RssAnon",
    "memleak_process_file_memory_bytes": "RssFile",
    "memleak_process_shmem_memory_bytes": "RssShmem",
    "memleak_process_swap_memory_bytes": "VmSwap",
    "memleak_process_peak_resident_memory_bytes": "VmHWM",
    "memleak_process_virtual_memory_bytes": "VmSize",
    "memleak_process_page_table_bytes": "VmPTE",
}
VM_LINES = {
    "memleak_process_vm_peak_bytes": "VmPeak",
    "memleak_process_vm_data_bytes": "VmData",
    "memleak_process_vm_stk_bytes": "VmStk",
    "memleak_process_vm_exe_bytes": "VmExe",
    "memleak_process_vm_lib_bytes": "VmLib",
    "memleak_process_vm_lck_bytes": "VmLck",
    "memleak_process_vm_pin_bytes": "VmPin",
}


CPU_SECONDS = "memleak_process_cpu_seconds_total"
# /proc rounds user and system time down one by one, the task iterator their sum.
TICKS_APART = {"procfs": 0, "bpf": 2}


@pytest.fixture(scope="module", params=list(TICKS_APART))
def exporter(start_shared_exporter, request):
    if request.param == "bpf":
        need_task_iterator()
    exporter = start_shared_exporter(*EXPORT_ALL, "--collector.process_vm",
                                     f"--process.source={request.param}")
    exporter.cpu_slack = TICKS_APART[request.param] / kernel.TICK_RATE
    return exporter


def what_the_kernel_says(pid):
    """Everything that the exporter says of a process, read by ourselves."""
    status = kernel.status(pid)
    stat = kernel.Stat(pid)
    expected = {family: status[line] for family, line in (STATUS_LINES | VM_LINES).items()}
    expected["memleak_process_footprint_bytes"] = status["RssAnon"] + status["VmSwap"]
    expected["memleak_process_open_fds"] = kernel.open_files(pid)
    expected["memleak_process_max_fds"] = kernel.max_open_files(pid)
    expected["memleak_process_threads"] = int(status["Threads"])
    expected["memleak_process_cpu_seconds_total"] = stat.cpu_seconds
    expected["memleak_process_major_page_faults_total"] = stat.field(12)
    expected["memleak_process_start_time_seconds"] = stat.start_time
    expected["memleak_process_info"] = 1
    return expected


def scrape_quiet(exporter, pid):
    """A scrape during which the process did nothing: the kernel said the same before and after.

    A newcomer shows once its name is read, with the second or third scrape.
    """
    def attempt():
        before = what_the_kernel_says(pid)
        body = exporter.scrape()
        quiet = what_the_kernel_says(pid) == before
        return body if quiet and body.of_pid(pid) else None
    return wait_for(f"pid {pid} to be quiet", attempt)


def assert_as_the_kernel_says(exporter, pid):
    body = scrape_quiet(exporter, pid)
    shown = body.of_pid(pid)
    # What is left on the node is never quiet; test_cgroups.py compares it.
    assert shown.pop("memleak_process_headroom_bytes") > 0
    expected = what_the_kernel_says(pid)
    cpu = shown.pop(CPU_SECONDS)
    assert cpu == pytest.approx(expected.pop(CPU_SECONDS), rel=1e-12, abs=exporter.cpu_slack)
    assert shown == pytest.approx(expected, rel=1e-12)
    return body


def test_every_family_of_a_process_that_did_everything(exporter, start_actor, tmp_path):
    """Memory of all kinds, descriptors, threads dead and alive, CPU time: all families at once."""
    mapped = tmp_path / "mapped"
    mapped.write_bytes(b"x" * (20 * MIB))
    actor = start_actor()
    actor.tell("alloc", BLOCK)
    actor.tell("touch")
    actor.tell("map", mapped)
    actor.tell("shm", 10 * MIB)
    actor.tell("memfd", 5 * MIB)
    actor.tell("fds", 50)
    actor.tell("threads", 20, 5, 20)
    body = assert_as_the_kernel_says(exporter, actor.pid)
    said = body.of_pid(actor.pid)
    assert said["memleak_process_anon_memory_bytes"] >= BLOCK
    assert said["memleak_process_file_memory_bytes"] >= 20 * MIB
    assert said["memleak_process_shmem_memory_bytes"] >= 15 * MIB
    assert said["memleak_process_threads"] == 21
    assert said["memleak_process_cpu_seconds_total"] >= 25 * 0.020 * 0.9


def test_untouched_memory_is_only_address_space(exporter, start_actor):
    actor = start_actor()
    before = assert_as_the_kernel_says(exporter, actor.pid).of_pid(actor.pid)
    actor.tell("alloc", BLOCK)
    after = assert_as_the_kernel_says(exporter, actor.pid).of_pid(actor.pid)

    def grown(name):
        return after[f"memleak_process_{name}_bytes"] - before[f"memleak_process_{name}_bytes"]
    assert grown("virtual_memory") == BLOCK
    assert grown("resident_memory") < MIB
    assert grown("anon_memory") < MIB


def test_touched_memory_is_resident_and_gone_from_the_host(exporter, start_actor):
    """RSS and anon grow by 100 MiB, and MemAvailable falls by about that: at the touch, not before.

    MemAvailable is everybody's, so the step is tried again while something else moves it.
    """
    slack = 30 * MIB

    def available():
        return exporter.scrape().value("memleak_node_memory_available_bytes")

    def attempt():
        actor = start_actor()
        start = available()
        actor.tell("alloc", BLOCK)
        allocated = available()
        untouched = what_the_kernel_says(actor.pid)
        actor.tell("touch")
        touched = available()
        said = assert_as_the_kernel_says(exporter, actor.pid).of_pid(actor.pid)
        for kind in ("resident", "anon"):
            name = f"memleak_process_{kind}_memory_bytes"
            assert abs(said[name] - untouched[name] - BLOCK) < MIB
        actor.kill()
        return abs(start - allocated) < slack and abs(allocated - touched - BLOCK) < slack

    wait_for("MemAvailable to fall by what was touched and by nothing else", attempt)


def test_freed_memory_leaves_and_the_peak_stays(exporter, start_actor):
    actor = start_actor()
    actor.tell("alloc", BLOCK)
    actor.tell("touch")
    full = assert_as_the_kernel_says(exporter, actor.pid).of_pid(actor.pid)
    actor.tell("free")
    freed = assert_as_the_kernel_says(exporter, actor.pid).of_pid(actor.pid)
    resident, peak = (f"memleak_process_{n}_memory_bytes" for n in ("resident", "peak_resident"))
    assert full[resident] - freed[resident] > BLOCK - MIB
    assert freed[peak] >= full[resident] - MIB


def test_fifty_descriptors(exporter, start_actor):
    actor = start_actor()
    before = assert_as_the_kernel_says(exporter, actor.pid)
    actor.tell("fds", 50)
    after = assert_as_the_kernel_says(exporter, actor.pid)
    name = "memleak_process_open_fds"
    assert after.value(name, pid=str(actor.pid)) - before.value(name, pid=str(actor.pid)) == 50


def test_a_fork_is_a_process_of_its_own(exporter, start_actor):
    actor = start_actor()
    actor.tell("alloc", 30 * MIB)
    actor.tell("touch")
    child = actor.tell("fork")
    assert_as_the_kernel_says(exporter, actor.pid)
    body = assert_as_the_kernel_says(exporter, child)
    assert body.of_pid(child)["memleak_process_anon_memory_bytes"] >= 30 * MIB
    actor.tell("kill", child)
    assert not exporter.scrape().of_pid(child)


def test_cpu_time_of_threads_that_live_and_of_threads_that_ended(exporter, start_actor):
    """100 threads, 40 of which have ended; the time of all of them counts."""
    actor = start_actor()
    actor.tell("threads", 60, 40, 10)
    body = assert_as_the_kernel_says(exporter, actor.pid)
    said = body.of_pid(actor.pid)
    assert said["memleak_process_threads"] == 61
    assert said["memleak_process_cpu_seconds_total"] >= 100 * 0.010 * 0.9
    stat = kernel.Stat(actor.pid)
    assert said["memleak_process_cpu_seconds_total"] == pytest.approx(
        stat.cpu_seconds, abs=exporter.cpu_slack)


def test_ps_says_the_same(exporter, start_actor):
    need_tool("ps")
    actor = start_actor()
    actor.tell("alloc", 20 * MIB)
    actor.tell("touch")
    body = scrape_quiet(exporter, actor.pid)
    ps = subprocess.run(["ps", "-o", "rss=,vsz=,nlwp=,user=,comm=", "-p", str(actor.pid)],
                        capture_output=True, text=True, check=True).stdout.split()
    said = body.of_pid(actor.pid)
    assert said["memleak_process_virtual_memory_bytes"] == int(ps[1]) * 1024
    assert said["memleak_process_threads"] == int(ps[2])
    # ps reads the rough counters of `stat`, we read `status`: a batch of pages per CPU apart.
    assert abs(said["memleak_process_resident_memory_bytes"] - int(ps[0]) * 1024) < 4 * MIB
    info = body.labels("memleak_process_info", pid=str(actor.pid))
    assert (info["user"], info["comm"]) == (ps[3], ps[4])


def test_free_says_the_same(exporter):
    """`free -b`: total is exact; what moves all the time lies between two looks at it."""
    need_tool("free")

    def free():
        output = subprocess.run(["free", "-b", "-w"], capture_output=True, text=True, check=True)
        header, memory = output.stdout.splitlines()[:2]
        return dict(zip(header.split(), map(int, memory.split()[1:])))

    before, body, after = free(), exporter.scrape(), free()
    assert body.value("memleak_node_memory_total_bytes") == before["total"]
    slack = 64 * MIB
    for column, name in (("free", "free"), ("available", "available"), ("shared", "shmem"),
                         ("buffers", "buffers")):
        low, high = sorted((before[column], after[column]))
        value = body.value(f"memleak_node_memory_{name}_bytes")
        assert low - slack <= value <= high + slack, (column, low, value, high)


def test_the_node_is_what_meminfo_says(exporter):
    """Lines that hardly move are compared exactly, in a moment in which they did not move."""
    lines = {"total": "MemTotal", "commit_limit": "CommitLimit", "percpu": "Percpu",
             "shmem": "Shmem", "vmalloc_used": "VmallocUsed"}

    def attempt():
        before, body, after = kernel.meminfo(), exporter.scrape(), kernel.meminfo()
        moved = any(before.get(line) != after.get(line) for line in lines.values())
        return None if moved else (before, body)

    meminfo, body = wait_for("meminfo to stand still", attempt)
    for name, line in lines.items():
        found = body.find(f"memleak_node_memory_{name}_bytes")
        assert [value for _, value in found] == [meminfo[line]] * (line in meminfo)


def test_the_group_is_the_sum_of_its_members(exporter, start_actor, tmp_path):
    """The actor and its children: all of one group, and the only ones in it."""
    group = unique("family")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    actor.tell("alloc", 10 * MIB)
    actor.tell("touch")
    children = [actor.tell("fork") for _ in range(3)]
    members = [str(pid) for pid in (actor.pid, *children)]
    body = exporter.scrape_until(
        "the group of four",
        lambda body: body.find("memleak_group_processes", group=group)
        and body.value("memleak_group_processes", group=group) == len(members)
        and all(body.has("memleak_process_info", pid=pid, group=group) for pid in members))
    for name in ("resident_memory_bytes", "anon_memory_bytes", "file_memory_bytes",
                 "shmem_memory_bytes", "swap_memory_bytes", "footprint_bytes", "open_fds",
                 "threads"):
        of_members = [body.value(f"memleak_process_{name}", pid=pid) for pid in members]
        assert body.value(f"memleak_group_{name}", group=group) == sum(of_members), name
    starts = [body.value("memleak_process_start_time_seconds", pid=pid) for pid in members]
    assert body.value("memleak_group_oldest_start_time_seconds", group=group) == min(starts)
    footprints = sorted(body.value("memleak_process_footprint_bytes", pid=pid) for pid in members)
    assert body.value("memleak_group_largest_footprint_bytes", group=group) == footprints[-1]
    assert body.value("memleak_group_median_footprint_bytes", group=group) == pytest.approx(
        (footprints[1] + footprints[2]) / 2, abs=1)
