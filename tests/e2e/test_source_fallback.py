"""--process.source: what it takes to read processes by the kernel's task iterator, and who serves where
that cannot be had, or breaks off in the middle of a run."""

import errno
import os
import pathlib
import re
import subprocess

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import copy_of_actor, helper
from support.requirements import (
    need_mount_namespace, need_nobody, need_root, need_task_iterator, need_tool)
from support.task_iterator import FAILURES, reading, source_of
from support.waiting import DEADLINE_SECONDS, wait_for

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

BPF = "--process.source=bpf"
AUTO = "--process.source=auto"
# Of capabilities(7), as /proc/PID/status has them.
CAP_PERFMON, CAP_BPF = 1 << 38, 1 << 39
INFO = "memleak_process_info"
CPU = "memleak_process_cpu_seconds_total"
START = "memleak_process_start_time_seconds"


def nobody_with(*capabilities):
    """A command prefix: nobody, with these capabilities and nothing else."""
    names = ",".join(f"+{name}" for name in capabilities)
    return (*need_nobody()[:-1], f"--inh-caps={names}", f"--ambient-caps={names}", "--")


def root_without(*capabilities):
    need_root()
    need_tool("setpriv")
    names = ",".join(f"-{name}" for name in capabilities)
    return ("setpriv", f"--bounding-set={names}", f"--inh-caps={names}", "--")


def seccomp(answer):
    need_root()
    return (helper("refuse_bpf"), str(answer))


# Each is a way not to have it: a function that makes the command prefix, and words of the reason.
SECCOMP = r"\(in spite of CAP_BPF and CAP_PERFMON: a seccomp profile"
REFUSALS = {
    "nobody": (need_nobody, r"\(it needs CAP_BPF and CAP_PERFMON\)"),
    "root-without": (lambda: root_without("bpf", "perfmon", "sys_admin"),
                     r"\(it needs CAP_BPF and CAP_PERFMON\)"),
    "only-bpf": (lambda: nobody_with("bpf"), r"\(it needs CAP_PERFMON\)"),
    "only-perfmon": (lambda: nobody_with("perfmon"), r"\(it needs CAP_BPF\)"),
    "seccomp-EPERM": (lambda: seccomp(errno.EPERM), f"Operation not permitted {SECCOMP}"),
    "seccomp-ENOSYS": (lambda: seccomp(errno.ENOSYS), f"Function not implemented {SECCOMP}"),
}


@pytest.fixture(params=REFUSALS)
def refused(request):
    """(command prefix, words of the reason)"""
    need_task_iterator()
    make, words = REFUSALS[request.param]
    return make(), words


def started(body):
    """{pid: start time in ticks} of the processes that a scrape shows one by one."""
    boot = kernel.boot_time()
    return {int(labels["pid"]): round((value - boot) * kernel.TICK_RATE)
            for labels, value in body.find(START)}


def scrape_everybody(exporter):
    """A scrape that lacks nobody who was there before and after it: newcomers show once their names
    are read."""
    def attempt():
        before = kernel.with_memory()
        body = exporter.scrape()
        return body if before & kernel.with_memory() <= started(body).items() else None
    return wait_for("a scrape with every process", attempt)


def assert_refuses_to_start(wrapper, binary, words, *flags):
    result = subprocess.run([*wrapper, binary, "--web.listen-address=127.0.0.1:0", BPF, *flags],
                            capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            timeout=DEADLINE_SECONDS)
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("memleak_exporter: --process.source=bpf"), result.stderr
    assert re.search(words, result.stderr), result.stderr


def test_bpf_where_it_cannot_be_had(refused, public_binary):
    """Who asks for it and nothing else is told in one line why not."""
    wrapper, words = refused
    assert_refuses_to_start(wrapper, public_binary, words)


def test_auto_where_it_cannot_be_had(refused, start_exporter, start_actor, public_binary):
    """/proc serves, nobody is missing, and the log says once why."""
    wrapper, words = refused
    actor = start_actor()
    exporter = start_exporter(*EXPORT_ALL, AUTO, wrapper=wrapper, binary=public_binary)
    body = scrape_everybody(exporter)
    assert body.has(INFO, pid=str(actor.pid))
    assert source_of(body) == "procfs"
    assert body.value(FAILURES) == 0
    (source, reason), = reading(exporter)
    assert source == "procfs"
    assert re.search(words, reason), reason


def test_procfs_never_tries(start_exporter):
    """Nor has it a reason: it is what was asked for."""
    exporter = start_exporter(*EXPORT_ALL, "--process.source=procfs")
    assert source_of(scrape_everybody(exporter)) == "procfs"
    assert reading(exporter) == [("procfs", "")]
    assert not bpf_programs(exporter.pid)


def test_two_capabilities_are_enough(start_exporter, start_actor, public_binary):
    need_task_iterator()
    actor = start_actor()
    actor.tell("fds", 50)
    actor.tell("alloc", 20 << 20)
    actor.tell("touch")
    exporter = start_exporter(*EXPORT_ALL, BPF, wrapper=nobody_with("bpf", "perfmon"),
                              binary=public_binary)
    status = kernel.status(exporter.pid)
    assert int(status["CapEff"], 16) == CAP_BPF | CAP_PERFMON
    assert status["Uid"].split() == ["65534"] * 4
    body = scrape_everybody(exporter)
    assert source_of(body) == "bpf"
    assert reading(exporter) == [("bpf", "")]
    said = body.of_pid(actor.pid)
    assert said["memleak_process_anon_memory_bytes"] == kernel.status(actor.pid)["RssAnon"]
    # Root's, and on no kernel does it take CAP_SYS_PTRACE to count them this way.
    assert said["memleak_process_open_fds"] == kernel.open_files(actor.pid)


@pytest.mark.parametrize("wrap", [tuple, need_nobody], ids=["root", "nobody"])
def test_a_tree_of_another_machine(start_exporter, public_directory, public_binary, wrap):
    """The kernel's own processes are not those of a copied tree."""
    host = FixtureHost("ordinary", public_directory)
    exporter = start_exporter(*EXPORT_ALL, *host.flags, AUTO, wrapper=wrap(), binary=public_binary)
    body = exporter.scrape()
    assert source_of(body) == "procfs"
    assert body.has(INFO, pid="310")
    (source, reason), = reading(exporter)
    assert source == "procfs"
    assert str(host.path()) in reason
    assert_refuses_to_start(wrap(), public_binary, re.escape(str(host.path())), *host.flags)


def children_of(pid):
    return [int(child) for child in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def start_in_a_namespace(start_exporter):
    """Starts an exporter in a pid namespace of its own, after a shell script there."""
    need_mount_namespace()
    need_task_iterator()
    # The leak checker looks for its threads below /proc, where they have other numbers.
    no_leak_check = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    started_there = []

    def start(script):
        exporter = start_exporter(
            *EXPORT_ALL, BPF, env=no_leak_check,
            wrapper=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--", "sh", "-c",
                     script + ' exec "$@"', "sh"))
        started_there.append(exporter)
        return exporter
    yield start
    for exporter in started_there:
        exporter.tell_child_to_stop()


def test_a_pid_namespace_of_its_own(start_in_a_namespace):
    """Exactly the processes of the namespace, by its pids: they are those in its /proc."""
    exporter = start_in_a_namespace("sleep 1000 & sleep 1001 &")
    body = exporter.scrape_until("the two beside it", lambda body: len(body.find(INFO)) >= 3)
    first, = children_of(exporter.pid)
    expected = {int(kernel.status(pid)["NSpid"].split()[1]): kernel.Stat(pid).field(22)
                for pid in (first, *children_of(first))}
    assert sorted(expected) == [1, 2, 3]
    assert started(body) == expected
    assert {labels["pid"]: labels["comm"] for labels, _ in body.find(INFO)} == {
        "1": "memleak_exporte", "2": "sleep", "3": "sleep"}
    # Threads of the kernel are in nobody's namespace but the first.
    assert not body.has("memleak_group_processes", group="(kernel)")
    assert body.value("memleak_node_processes") == 3
    assert reading(exporter) == [("bpf", "")]


def pids_shown(body):
    return sorted(int(labels["pid"]) for labels, _ in body.find(INFO))


def test_pids_that_begin_again(start_in_a_namespace):
    """The kernel lists processes in the order in which they came to be, whatever their numbers: nobody
    is shown twice, or taken for absent."""
    last_pid = "/proc/sys/kernel/ns_last_pid"
    exporter = start_in_a_namespace(f"""
        echo 500 >{last_pid}; sleep 1000 &
        echo 300 >{last_pid}; sleep 1000 &
        echo 400 >{last_pid}; sleep 1000 &
        """)
    body = exporter.scrape_until("all of them", lambda body: len(body.find(INFO)) >= 4)
    assert pids_shown(body) == [1, 301, 401, 501]
    assert body.value("memleak_node_processes") == 4
    again = exporter.scrape()
    assert pids_shown(again) == [1, 301, 401, 501]
    assert reading(exporter) == [("bpf", "")]


def test_more_processes_than_there_was_room_for(start_in_a_namespace, tmp_path):
    """Room for records is made when the program is loaded, for 1,024; then for more."""
    more = tmp_path / "more"
    os.mkfifo(more)
    exporter = start_in_a_namespace(
        f"(read now <{more}; for i in $(seq 1100); do sleep 1000 & done; wait) &")
    assert exporter.scrape().value("memleak_node_processes") == 2
    more.write_text("now\n")
    many = exporter.scrape_until(
        "the others", lambda body: body.value("memleak_node_processes") == 1102)
    assert source_of(many) == "bpf"
    assert many.value(FAILURES) == 0
    assert exporter.scrape().value("memleak_node_processes") == 1102


def bpf_programs(pid):
    """The descriptors by which a program holds programs in the kernel, and what calls them
    (bpf_prog_show_fdinfo and bpf_link_show_fdinfo in kernel/bpf/syscall.c)."""
    return [entry.name for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir()
            if re.search(r"^(prog|link)_type:", entry.read_text(), re.M)]


def take_the_iterator_away(exporter):
    """From the running program: its descriptors lead elsewhere from now on."""
    held = bpf_programs(exporter.pid)
    assert held
    result = subprocess.run(
        ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", str(exporter.pid),
         *(word for fd in held for word in ("-ex", f"call (int)dup2(2, {fd})"))],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=DEADLINE_SECONDS)
    assert not bpf_programs(exporter.pid), result


@pytest.mark.once
def test_failure_in_the_middle_of_a_run(start_exporter, start_actor, tmp_path):
    """The scrape that finds it out is whole, and nothing that was learned is lost."""
    need_root()
    need_tool("gdb")
    need_task_iterator()
    actor = start_actor(path=copy_of_actor(tmp_path, "outlives-it"))
    actor.tell("alloc", 20 << 20)
    actor.tell("touch")
    actor.tell("burn", 300)
    # Nobody looks but us.
    exporter = start_exporter(*EXPORT_ALL, BPF, "--trend.slot=100ms", "--trend.interval=1h")
    exporter.scrape_until("a baseline", lambda body: body.has(
        "memleak_process_baseline_bytes", pid=str(actor.pid)))
    before = scrape_everybody(exporter)
    assert source_of(before) == "bpf"
    assert before.value(FAILURES) == 0

    take_the_iterator_away(exporter)
    after = exporter.scrape()
    assert source_of(after) == "procfs"
    assert after.value(FAILURES) == 1
    success = "memleak_scrape_collector_success"
    assert sorted(map(str, after.find(success))) == sorted(map(str, before.find(success)))

    # The same processes with the same histories, and counters that do not fall: that would be a
    # restart to whoever takes their rate.
    gone = started(before).items() - started(after).items()
    assert not gone & kernel.with_memory()
    for name in ("baseline_bytes", "baseline_timestamp_seconds", "anon_memory_bytes", "open_fds",
                 "threads"):
        name = f"memleak_process_{name}"
        assert after.of_pid(actor.pid)[name] == before.of_pid(actor.pid)[name]
    cpu = {labels["pid"]: value for labels, value in after.find(CPU)}
    fallen = {labels["pid"]: (value, cpu[labels["pid"]]) for labels, value in before.find(CPU)
              if cpu.get(labels["pid"], value) < value}
    assert not fallen
    entities = "memleak_trend_entities"
    assert after.value(entities) >= before.value(entities) - len(gone)

    warnings = [line for line in exporter.log().splitlines() if "level=warn" in line]
    assert len(warnings) == 1
    assert 'msg="the process source failed; another one goes on" source=procfs' in warnings[0]
    assert re.search(r'reason="the task iterator cannot be (run|started): ', warnings[0])

    # And so it stays.
    again = scrape_everybody(exporter)
    assert source_of(again) == "procfs"
    assert again.value(FAILURES) == 1
    assert [line for line in exporter.log().splitlines() if "level=warn" in line] == warnings
