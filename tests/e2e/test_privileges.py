"""What an unprivileged exporter cannot read is absent and counted, never 0; and hidepid."""

import os
import platform
import re

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import copy_of_actor
from support.requirements import need_mount_namespace, need_nobody

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

DENIED = "memleak_scrape_reads_denied_total"


def denied(body, field):
    return body.value(DENIED, field=field)


def kernel_version():
    return tuple(int(part) for part in re.match(r"(\d+)\.(\d+)", platform.release()).groups())


@pytest.fixture
def start_as_nobody(start_exporter, public_binary):
    wrapper = need_nobody()
    return lambda *args: start_exporter(*args, wrapper=wrapper, binary=public_binary)


def test_another_users_process(start_as_nobody, start_actor, tmp_path):
    """Memory, threads and limits are everybody's to read; the executable is not."""
    exporter = start_as_nobody(*EXPORT_ALL)
    actor = start_actor("--some", "arguments", path=copy_of_actor(tmp_path, "roots-own-service"))
    actor.tell("fds", 50)
    actor.tell("alloc", 20 << 20)
    actor.tell("touch")
    body = exporter.scrape_until("the actor", lambda body: body.of_pid(actor.pid))
    said = body.of_pid(actor.pid)
    assert said["memleak_process_anon_memory_bytes"] == kernel.status(actor.pid)["RssAnon"]
    assert said["memleak_process_max_fds"] == kernel.max_open_files(actor.pid)
    labels = body.labels("memleak_process_info", pid=str(actor.pid))
    assert labels["user"] == "root"
    assert "exe" not in labels and "runtime" not in labels
    # The command line is everybody's, too: its first word names the group.
    assert labels["group"] == "roots-own-service"
    assert denied(body, "exe") > 0
    lines = [line for line in exporter.log().splitlines() if "field=exe" in line]
    assert len(lines) == 1 and "needs=CAP_SYS_PTRACE" in lines[0], "once, not of each process"
    if kernel_version() >= (6, 2):
        assert said["memleak_process_open_fds"] == kernel.open_files(actor.pid)
    else:
        assert "memleak_process_open_fds" not in said
        assert denied(body, "fds") > 0


def test_first_argument_that_is_no_name(start_as_nobody, start_program, tmp_path):
    """Where the executable is hidden and the first argument is rewritten, comm is what is left."""
    exporter = start_as_nobody(*EXPORT_ALL)
    path = copy_of_actor(tmp_path, "quietly")
    program = start_program(["token=abc def; rewritten"], executable=path)
    assert program.read_line() == "ready"
    body = exporter.scrape_until("the program", lambda body: body.of_pid(program.pid))
    assert body.labels("memleak_process_info", pid=str(program.pid))["group"] == "quietly"
    assert "rewritten" not in body.text


def test_exec_while_addresses_are_hidden(start_as_nobody, start_actor, tmp_path):
    """Without the addresses in `stat` an exec shows by its comm."""
    exporter = start_as_nobody(*EXPORT_ALL)
    actor = start_actor(path=copy_of_actor(tmp_path, "hidden-first"))
    exporter.scrape_until("the first", lambda body: body.has(
        "memleak_process_info", pid=str(actor.pid), group="hidden-first"))
    actor.become(copy_of_actor(tmp_path, "hidden-second"))
    body = exporter.scrape_until("the second", lambda body: body.has(
        "memleak_process_info", pid=str(actor.pid), group="hidden-second"))
    assert len(body.find("memleak_process_info", pid=str(actor.pid))) == 1


def test_each_file_that_is_denied(start_as_nobody, public_directory):
    """One file after the other, of one process each; their neighbours are untouched."""
    host = FixtureHost("ordinary", public_directory)
    for pid, name in ((310, "status"), (420, "fd"), (500, "stat"), (600, "limits"),
                      (700, "cmdline")):
        host.path(pid, name).chmod(0)
    exporter = start_as_nobody(*host.flags, "--scrape.min-interval=0s")
    body = exporter.scrape()

    assert not body.of_pid(310)
    assert body.value("memleak_group_processes", group="java:service.jar") == 1
    assert body.value("memleak_group_threads", group="java:service.jar") == 64
    for kind in ("resident", "anon", "file", "shmem", "swap"):
        assert not body.has(f"memleak_group_{kind}_memory_bytes", group="java:service.jar")
    assert denied(body, "status") > 0

    said = body.of_pid(420)
    assert said["memleak_process_resident_memory_bytes"] == 30720 * 1024
    assert "memleak_process_open_fds" not in said
    # The sum of those members of which it is known.
    assert body.value("memleak_group_open_fds", group="python:worker.py") == 4
    assert denied(body, "fds") > 0

    assert not body.of_pid(500)
    assert not body.has("memleak_group_processes", group="node:server.js")
    assert body.value("memleak_scrape_processes", result="denied") == 1
    assert denied(body, "stat") > 0

    said = body.of_pid(600)
    assert said["memleak_process_open_fds"] == 6
    assert "memleak_process_max_fds" not in said
    assert denied(body, "limits") > 0

    labels = body.labels("memleak_process_info", pid="700")
    assert labels["group"] == "prometheus-node-exporter"
    assert denied(body, "cmdline") > 0

    assert body.of_pid(601)["memleak_process_max_fds"] == 1024
    assert denied(exporter.scrape(), "stat") > denied(body, "stat"), "each denial counts"


def private_proc(directory, options):
    """A command prefix: in a mount namespace with a proc of its own, as nobody."""
    need_mount_namespace()
    nobody = " ".join(need_nobody())
    script = f'mount -t proc -o "$1" proc "$0" && shift && exec {nobody} "$@"'
    return ("unshare", "--mount", "--", "sh", "-c", script, directory, options)


@pytest.mark.parametrize("level", [1, 2])
def test_hidepid(start_exporter, start_actor, public_binary, public_directory, tmp_path, level):
    if kernel_version() < (5, 8):
        pytest.skip("needs Linux 5.8: before it, hidepid is the whole pid namespace's")
    proc = os.path.join(public_directory, "proc")
    os.mkdir(proc)
    wrapper = private_proc(proc, f"hidepid={level}")
    # Group and all: hidepid asks whether one could trace the other.
    own = start_actor(path=copy_of_actor(public_directory, "nobodys-service"), user=65534,
                      group=65534, extra_groups=[])
    other = start_actor(path=copy_of_actor(tmp_path, "roots-service"))
    exporter = start_exporter(*EXPORT_ALL, f"--path.procfs={proc}", binary=public_binary,
                              wrapper=wrapper)
    body = exporter.scrape_until("nobody's service", lambda body: body.of_pid(own.pid))
    assert body.labels("memleak_process_info", pid=str(own.pid))["group"] == "nobodys-service"
    assert body.of_pid(own.pid)["memleak_process_open_fds"] == kernel.open_files(own.pid)
    # What is hidden is not there at all; what is only locked is counted.
    assert not body.of_pid(other.pid)
    assert "roots-service" not in body.text
    locked = body.value("memleak_scrape_processes", result="denied")
    assert (locked > 0) == (level == 1)
    assert (denied(body, "stat") > 0) == (level == 1)
    # The node's memory is no secret.
    assert body.value("memleak_node_memory_total_bytes") == kernel.meminfo()["MemTotal"]


def test_proc_mounted_elsewhere(start_exporter, start_actor, tmp_path):
    """As in a container that has the host's /proc under another name."""
    need_mount_namespace()
    proc = tmp_path / "host" / "proc"
    proc.mkdir(parents=True)
    script = 'mount -t proc proc "$0" && exec "$@"'
    exporter = start_exporter(*EXPORT_ALL, f"--path.procfs={proc}",
                              wrapper=("unshare", "--mount", "--", "sh", "-c", script, proc))
    actor = start_actor(path=copy_of_actor(tmp_path, "elsewhere"))
    actor.tell("alloc", 20 << 20)
    actor.tell("touch")
    body = exporter.scrape_until("the actor", lambda body: body.of_pid(actor.pid))
    said = body.of_pid(actor.pid)
    assert said["memleak_process_anon_memory_bytes"] == kernel.status(actor.pid)["RssAnon"]
    assert said["memleak_process_open_fds"] == kernel.open_files(actor.pid)
    assert body.labels("memleak_process_info", pid=str(actor.pid))["group"] == "elsewhere"


def test_trees_that_are_not_there(start_exporter, tmp_path):
    """A mount that was forgotten is said at the start; the rest is served."""
    exporter = start_exporter(f"--path.sysfs={tmp_path}/sys", f"--path.rootfs={tmp_path}/root")
    assert exporter.scrape().has("memleak_node_memory_total_bytes")
    said = [line for line in exporter.log().splitlines() if "level=warn" in line]
    assert [re.search(r"flag=(\S+)", line)[1] for line in said] == ["--path.sysfs", "--path.rootfs"]
    assert all("is it mounted?" in line for line in said)


def test_files_of_root_with_a_capability(start_exporter, public_directory, public_binary):
    """What may be read is asked of the kernel with the capabilities that a service's user is given."""
    host = FixtureHost("ordinary", public_directory)
    (host.path(310, "stat").parents[1] / "stat").chmod(0o400)
    capability = "+dac_read_search"
    nobody = need_nobody()
    wrapper = (*nobody[:-1], f"--inh-caps={capability}", f"--ambient-caps={capability}", "--")
    exporter = start_exporter(*host.flags, binary=public_binary, wrapper=wrapper)
    assert exporter.scrape().has("memleak_process_info", pid="310")
