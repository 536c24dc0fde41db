"""One capability fewer at a time: the exporter serves all the same, shows the rest, and says and
counts what it may not read. The table of deploy/container/README.md is what is expected."""

import contextlib
import errno
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import readme
from host import DAEMON, PATHS, Residents, Victim, documented_options
from support import jvm, kernel
from support.cgroups import labels_of
from support.exporter import BINARY, EXPORT_ALL, Exporter
from support.programs import Program, copy_of, unique
from support.requirements import need_task_iterator, need_tool
from support.task_iterator import reading, source_of
from support.waiting import wait_for

EXPECTED, COUNTED_AS = readme.permissions()
ALL = readme.capabilities()
NOBODY = "--user=65534:65534"
BPF = readme.options_for_bpf()


def granted(capabilities):
    return [f"--cap-add={capability}" for capability in capabilities]


# What the containers of a column are run with.
COLUMNS = {
    "all three": granted(ALL),
    "all three, not root": [*granted(ALL), NOBODY],
    **{f"no `{dropped}`": granted(kept for kept in ALL if kept != dropped) for dropped in ALL},
    "none": [],
    "none, not root": [NOBODY],
    "all three, `BPF`, `PERFMON`": [*granted(ALL), *BPF],
    "`BPF`, `PERFMON`, not root": [*BPF, NOBODY],
}
# Who reads the processes is a choice, and not counted as denied: the log says what was in the way.
BY_ITERATOR = "processes are read by the task iterator"
# In whose way what stands: what the log must name.
IN_THE_WAY = {
    "no `BPF`": ([option for option in BPF if option != "--cap-add=BPF"], {"CAP_BPF"}),
    "no `PERFMON`": ([option for option in BPF if option != "--cap-add=PERFMON"], {"CAP_PERFMON"}),
    "a seccomp profile": ([option for option in BPF if option.startswith("--cap-add=")], {"seccomp"}),
}

DENIED = "memleak_scrape_reads_denied_total"
EVIDENCE = "memleak_scrape_evidence_reads_total"
REFUSED = re.compile(r'"some reads are refused[^"]*" field=(\w+) needs=("[^"]*"|\S+)')


def times_denied(body, name):
    """Of a name in the column `counted as`: a field, or a kind of evidence."""
    found = body.find(DENIED, field=name) + body.find(EVIDENCE, kind=name, result="denied")
    assert len(found) == 1, name
    return found[0][1]


class Host:
    """What there is to be seen: programs of root and of another user, a container with a limit, and
    one that the kernel kills."""

    def __init__(self, podman, stack):
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="memleak-e2e-"))
        stack.callback(shutil.rmtree, self._directory)
        self._directory.chmod(0o755)
        classes = jvm.build(self.folder("classes"))
        self.fds, self.jvms, self.group = {}, {}, unique("descriptors")
        program = copy_of("descriptors", self._directory, self.group)
        for user, options in {"root": {}, "other": DAEMON}.items():
            folder = self.folder(user)
            os.chown(folder, options.get("user", 0), -1)
            self.fds[user] = self._start(stack, [program, "kinds", folder], options)
            self.jvms[user] = self._start(stack, [
                need_tool("java"), "-Xmx32m", "-XX:+UseSerialGC", "-cp", classes, "Heap"], options)
        self.container = podman.start_actor("neighbour", "--memory=64m")
        self.victim = Victim(stack, self._directory)
        self.residents = Residents()
        # What not even root may see here says nothing about capabilities.
        self.unreadable = {"exe": len(self.residents.hidden_executables())}

    def folder(self, name):
        folder = self._directory / name
        folder.mkdir()
        return folder

    @staticmethod
    def _start(stack, command, options):
        program = Program(command, stderr=subprocess.DEVNULL, **options)
        stack.callback(program.kill)
        while program.read_line() != "ready":
            pass
        return program.pid

    @property
    def programs(self):
        return [*self.fds.values(), *self.jvms.values()]


def all_sizes(body, host):
    shown = {int(labels["pid"]) for labels, _ in body.find("memleak_process_resident_memory_bytes")}
    families = {f"memleak_process_{name}" for name in (
        "anon_memory_bytes", "footprint_bytes", "threads", "cpu_seconds_total", "headroom_bytes",
        "start_time_seconds", "max_fds", "info")}
    return (host.residents.pids() <= shown
            and all(families <= body.of_pid(pid).keys() for pid in host.programs)
            and body.value("memleak_node_processes_hidden") == 0)


def fds_counted(body, host):
    return all(body.of_pid(pid).get("memleak_process_open_fds") == kernel.open_files(pid)
               for pid in host.programs)


def groups_by_name(body, host):
    groups = {body.labels("memleak_process_info", pid=str(pid))["group"] for pid in host.programs}
    return groups == {host.group, "java:Heap"}


def node_and_cgroups(body, host):
    return (body.value("memleak_node_memory_total_bytes") == kernel.meminfo()["MemTotal"]
            and body.has("memleak_node_oom_kills_total")
            and body.has("memleak_cgroup_headroom_bytes", cgroup=host.container.cgroup)
            and body.value("memleak_cgroup_processes", cgroup=host.container.cgroup) == 1)


def container_names(body, host):
    return "container" in labels_of(body, host.container.cgroup)


def slab_caches(body, host):
    return body.has("memleak_node_slab_cache_bytes")


def executables(body, host):
    with_exe = {"exe" in body.labels("memleak_process_info", pid=str(pid))
                for pid in host.programs}
    assert len(with_exe) == 1
    return with_exe.pop()


def mappings(body, host):
    shown = {body.has("memleak_process_mapped_memory_bytes", pid=str(pid))
             for pid in host.fds.values()}
    return all(shown) if len(shown) == 1 else None


def fd_kinds(body, host, user):
    return body.has("memleak_process_fds", pid=str(host.fds[user]), kind="deleted")


def heap(body, host, user):
    return body.has("memleak_jvm_old_generation_used_bytes", pid=str(host.jvms[user]))


def oom_kills(body, host):
    return body.has("memleak_oom_kills_total", group=host.victim.group)


def by_iterator(body, _):
    return source_of(body) == "bpf"


# Whether it is shown. None: not yet to be told.
SHOWN = {
    BY_ITERATOR: by_iterator,
    "every process: sizes, CPU time, threads, limits, trends, verdicts": all_sizes,
    "its open descriptors, since Linux 6.2": fds_counted,
    "groups, by program, script or main class": groups_by_name,
    "the node, cgroups and their limits": node_and_cgroups,
    "names of containers": container_names,
    "kernel caches (`slab`)": slab_caches,
    "executable (label `exe`)": executables,
    "mappings by kind, Pss": mappings,
    "descriptors by kind, of root's processes": lambda *seen: fd_kinds(*seen, "root"),
    "descriptors by kind, of other users'": lambda *seen: fd_kinds(*seen, "other"),
    "heaps of JVMs that root runs": lambda *seen: heap(*seen, "root"),
    "heaps of other users' JVMs": lambda *seen: heap(*seen, "other"),
    "whom the kernel killed (`oom`)": oom_kills,
}


def test_the_table_is_about_what_is_tested():
    assert EXPECTED.keys() == SHOWN.keys()
    for what, cells in EXPECTED.items():
        assert cells.keys() == COLUMNS.keys(), what
        assert set(cells.values()) <= {"yes", "no"}, what
        assert bool(COUNTED_AS[what]) == ("no" in cells.values() and what != BY_ITERATOR), what


@pytest.fixture(scope="module")
def agents(podman):
    """{column: exporter}, all at once in containers of their own, after a kill that all could see;
    and the host."""
    with contextlib.ExitStack() as stack:
        host = Host(podman, stack)
        mounts = [f"--volume={path}:{path}:ro" for path in ("/usr", "/lib", "/lib64", "/etc")]
        mounts += [f"--volume={BINARY}:/exporter:ro"]
        options = [option for option in documented_options(podman)
                   if not option.startswith("--cap-add=")]
        flags = (*EXPORT_ALL, *PATHS)
        of_columns = ("--cgroup.limit=100000", "--trend.slot=1s", f"--evidence.group={host.group}")
        running = {}
        hindered = {name: given for name, (given, _) in IN_THE_WAY.items()}
        hindered["a seccomp profile"] += [f"--security-opt=seccomp={refusing_bpf(host)}"]
        for number, (column, added) in enumerate((COLUMNS | hindered).items()):
            more = of_columns if column in COLUMNS else ()
            wrapper = podman.run_command(f"agent-{number}", *options, *added, *mounts,
                                         cidfile=podman.rootfs / f"agent-{number}.cid")
            running[column] = Exporter(*flags, *more, binary="/exporter", wrapper=wrapper,
                                       env=podman.environment)
            stack.callback(running[column].stop)
        for exporter in running.values():
            exporter.scrape_until("the victim's group", lambda body: body.has(
                "memleak_process_info", group=host.victim.group))
        host.victim.die()
        yield running, host


def refusing_bpf(host):
    """A seccomp profile that refuses nothing else."""
    path = host.folder("seccomp") / "profile.json"
    path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM}]}))
    return path


def differences(exporter, host, column):
    """What is not as the table says."""
    body = exporter.scrape()
    wrong = []
    for what, cells in EXPECTED.items():
        shown = SHOWN[what](body, host)
        if shown is not (cells[column] == "yes"):
            wrong.append(f"{what}: shown is {shown}")
    # {field: the capabilities that it is said to need}
    said = {field: set(re.findall(r"CAP_(\w+)", needs))
            for field, needs in REFUSED.findall(exporter.log())}
    missing = {capability for capability in ALL if f"--cap-add={capability}" not in COLUMNS[column]}
    (source, reason), = reading(exporter)
    if reason and not re.search("CAP_BPF and CAP_PERFMON", reason):
        wrong.append(f"{source} reads processes, and the reason is said to be: {reason}")
    for name in {name for names in COUNTED_AS.values() for name in names}:
        expected = any(EXPECTED[what][column] == "no" for what, names in COUNTED_AS.items()
                       if name in names)
        times = times_denied(body, name)
        if (times == 0) if expected else (times > host.unreadable.get(name, 0)):
            wrong.append(f"{name}: {times:.0f} times denied")
        if (name in said) is not (times > 0):
            wrong.append(f"{name}: the log says that it is refused: {name in said}")
        elif name in said and expected and not (said[name] and said[name] <= missing):
            wrong.append(f"{name}: the log says that it needs {said[name]}")
    # Nothing else is amiss.
    wrong += [f"{labels}: failed" for labels, value in
              body.find("memleak_scrape_collector_success") if value != 1]
    if body.value("memleak_scrape_processes", result="denied") != 0:
        wrong.append("whole processes are denied")
    return wrong


def rounds(exporter):
    """How often evidence was looked for."""
    body = exporter.scrape()
    return min(sum(value for _, value in body.find(EVIDENCE, kind=kind))
               for kind in ("fd_kinds", "mappings", "jvm"))


@pytest.mark.parametrize("column", COLUMNS)
def test_what_is_shown(agents, column):
    if EXPECTED[BY_ITERATOR][column] == "yes":
        need_task_iterator()
    exporter, host = agents[0][column], agents[1]
    seen = []

    def as_expected():
        seen[:] = differences(exporter, host, column)
        return not seen

    try:
        wait_for("what the table says", as_expected, interval=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}:\n" + "\n".join(seen) + "\n" + exporter.log()) from None
    # And it stays so.
    before = rounds(exporter)
    wait_for("more evidence", lambda: rounds(exporter) >= before + 4)
    assert not differences(exporter, host, column)
    assert exporter.get("/-/healthy").status == 200


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_is_in_the_way_of_the_task_iterator(agents, name):
    """Then /proc serves, and the log says once what it was."""
    need_task_iterator()
    exporter, host = agents[0][name], agents[1]
    body = exporter.scrape()
    assert source_of(body) == "procfs" and all_sizes(body, host)
    (source, reason), = reading(exporter)
    named = set(re.findall(r"CAP_\w+|seccomp", reason))
    assert source == "procfs" and IN_THE_WAY[name][1] <= named, reason
    # Not what it has.
    assert name == "a seccomp profile" or named == IN_THE_WAY[name][1], reason


def test_they_end_when_they_are_told(agents):
    """With exit code 0, which `stop` looks at."""
    for exporter in agents[0].values():
        exporter.stop()
