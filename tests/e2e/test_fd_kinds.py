"""What the descriptors of a suspect are, held against programs that know what they opened."""

import subprocess

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.leaks import Plan
from support.programs import copy_of, unique
from support.requirements import need_nobody, need_root

pytest_plugins = ("support.leak_fixtures",)

KINDS = {"socket", "pipe", "regular", "deleted", "eventfd", "eventpoll", "timerfd", "inotify",
         "memfd", "device", "other"}
# Of so many of a process the kinds are told.
CAP = 8192
READS = "memleak_scrape_evidence_reads_total"

SUBJECTS = {"sockets to look at": Plan("sockets", ("leak", 4))}


class Descriptors:
    """programs/descriptors.c under a name of its own; `expected` is {kind: count}."""

    def __init__(self, start_program, directory, *arguments):
        self.group = unique("descriptors")
        self.program = start_program([copy_of("descriptors", directory, self.group), *arguments],
                                     stderr=subprocess.DEVNULL)
        self.pid = self.program.pid
        self.refused = []
        # Its standard streams: two pipes of ours and /dev/null.
        self.expected = {"pipe": 2, "device": 1}
        while (line := self.program.read_line()) != "ready":
            word, _, rest = line.partition(" ")
            if word == "refused":
                self.refused.append(rest)
            else:
                self.expected[word] = self.expected.get(word, 0) + int(rest)

    @property
    def flags(self):
        """Makes the exporter look at it without suspicion."""
        return (*EXPORT_ALL, f"--evidence.group={self.group}", "--trend.slot=1s")


def fds(body, pid):
    """{kind: count}"""
    return {labels["kind"]: value
            for labels, value in body.find("memleak_process_fds", pid=str(pid))}


def shown(exporter, pid):
    return exporter.scrape_until("the descriptors", lambda body: fds(body, pid))


def test_every_kind(start_exporter, start_program, tmp_path):
    """Whatever this kernel lets the program open, with hostile names among them."""
    files = tmp_path / "files"
    files.mkdir()
    descriptors = Descriptors(start_program, tmp_path, "kinds", files)
    exporter = start_exporter(*descriptors.flags)
    body = shown(exporter, descriptors.pid)
    assert fds(body, descriptors.pid) == descriptors.expected, descriptors.refused
    assert descriptors.expected.keys() == KINDS and all(descriptors.expected.values())
    assert sum(descriptors.expected.values()) == body.value(
        "memleak_process_open_fds", pid=str(descriptors.pid))
    labels = body.labels("memleak_process_fds", pid=str(descriptors.pid), kind="socket")
    assert labels.keys() == {"pid", "comm", "group", "kind"}
    assert labels["group"] == descriptors.group
    assert body.value(READS, kind="fd_kinds", result="ok") > 0
    assert body.value(READS, kind="fd_kinds", result="cut") == 0
    # Nobody else is looked at.
    assert {labels["pid"] for labels, _ in body.find("memleak_process_fds")} == {
        str(descriptors.pid)}


def test_without_the_flag_nothing_is_read(start_exporter, start_actor):
    exporter = start_exporter(*EXPORT_ALL, "--trend.slot=1s")
    actor = start_actor()
    actor.tell("fds", 50)
    body = exporter.scrape_until("the actor", lambda body: body.of_pid(actor.pid))
    assert not fds(body, actor.pid)


def test_at_its_limit(start_exporter, start_program, tmp_path):
    """The newest are told, so many of them, and nothing is lost in the sum."""
    descriptors = Descriptors(start_program, tmp_path, "fill", "100")
    opened = kernel.open_files(descriptors.pid)
    assert opened == kernel.max_open_files(descriptors.pid)
    if opened <= CAP + 300:
        pytest.skip(f"needs a hard limit of more than {CAP + 300} descriptors")
    exporter = start_exporter(*descriptors.flags)
    body = shown(exporter, descriptors.pid)
    assert sum(fds(body, descriptors.pid).values()) == opened
    # A busy machine may give it less time than that takes.
    body = exporter.scrape_until("as many as may be", lambda body: fds(body, descriptors.pid).get(
        "uncounted") == opened - CAP)
    said = fds(body, descriptors.pid)
    assert said == {"uncounted": opened - CAP} | {
        kind: CAP if kind == "eventfd" else 0 for kind in KINDS}
    assert opened == body.value("memleak_process_open_fds", pid=str(descriptors.pid))
    cut = body.value(READS, kind="fd_kinds", result="cut")
    assert cut > 0
    exporter.scrape_until("another look", lambda body: body.value(
        READS, kind="fd_kinds", result="cut") > cut)


def test_another_users_process(start_exporter, start_program, public_binary, tmp_path):
    """Without privilege nothing is known of its descriptors: no zeros, and a count of denials."""
    wrapper = need_nobody()
    files = tmp_path / "files"
    files.mkdir()
    descriptors = Descriptors(start_program, tmp_path, "kinds", files)
    exporter = start_exporter(*descriptors.flags, wrapper=wrapper, binary=public_binary)
    body = exporter.scrape_until("a denial", lambda body: body.value(
        READS, kind="fd_kinds", result="denied") > 0)
    assert body.of_pid(descriptors.pid)
    assert not body.has("memleak_process_fds")
    assert body.value("memleak_scrape_collector_success", collector="fd_kinds") == 1


def test_a_file_that_does_not_answer(start_exporter, start_program, tmp_path):
    """What it is, is known without asking its file system, whose server is dead."""
    need_root()
    mount = tmp_path / "mount"
    mount.mkdir()
    group = unique("dead-file")
    server = start_program([copy_of("stuck", tmp_path, group), mount, "file"],
                           stderr=subprocess.DEVNULL)
    state, rest = server.read_line().split(" ", 1)
    if state == "unsupported:":
        pytest.skip(f"needs FUSE ({rest})")
    exporter = start_exporter(*EXPORT_ALL, f"--evidence.group={group}", "--trend.slot=1s")
    body = shown(exporter, int(rest))
    assert {kind: count for kind, count in fds(body, int(rest)).items() if count} == {
        "pipe": 2, "device": 1, "regular": 1}
    assert body.value("memleak_slow_reads_stuck") == 0


@pytest.mark.once
@pytest.mark.xdist_group("leaks")
def test_sockets_of_a_suspect(subject, watch):
    """A real leak, which nobody named."""
    leak = subject("sockets to look at")
    leak.becomes_suspected("process", "fd_leak")
    (pid, _), = leak.suspicions("process", "fd_leak").items()
    exporter = watch.observatory.exporter
    first = fds(shown(exporter, pid), pid)
    body = exporter.scrape_until("more sockets", lambda body: fds(body, pid).get(
        "socket", 0) > first["socket"])
    # All but its standard streams.
    assert sum(fds(body, pid).values()) - fds(body, pid)["socket"] == 3
