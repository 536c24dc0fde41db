"""Memory cgroups of this machine: real ones with programs in them, compared with their files."""

import os
import pathlib
import re
import subprocess
import threading

import pytest

from support import cgroups
from support.cgroups import Cgroup, need_memory_cgroups
from support.exporter import EXPORT_ALL
from support.programs import copy_of_actor, unique
from support.requirements import need_mount_namespace, need_nobody
from support.waiting import DEADLINE_SECONDS, wait_for

MIB = 1 << 20
FLAGS = (*EXPORT_ALL, "--cgroup.limit=100000")
USAGE = "memleak_cgroup_memory_usage_bytes"
HEADROOM = "memleak_{}_headroom_bytes"
ID = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def all_cgroups():
    need_memory_cgroups()
    top = Cgroup("/" + unique("memleak-e2e"))
    yield top
    top.remove()


@pytest.fixture
def top(all_cgroups, request):
    """A cgroup of the test's own. What is left in it is put out before it goes."""
    cgroup = all_cgroups.child(request.node.name.replace("/", " ")[:60])
    yield cgroup
    for pid in cgroups.processes_below(cgroup.directory):
        all_cgroups.add(pid)
    cgroup.remove()


@pytest.fixture(scope="module")
def exporter(all_cgroups, start_shared_exporter):
    return start_shared_exporter(*FLAGS)


@pytest.fixture
def start_in(top, start_actor):
    """Starts an actor that is in a cgroup before it asks for memory."""
    def start(cgroup, private=0, shared=0, path=None):
        actor = start_actor(path=path)
        cgroup.add(actor.pid)
        if private:
            actor.tell("alloc", private)
            actor.tell("touch")
        if shared:
            actor.tell("shm", shared)
        return actor
    return start


@pytest.fixture
def run_in(top, start_program):
    """Starts a command inside a cgroup."""
    def start(cgroup, *command):
        return start_program(command, preexec_fn=lambda: cgroup.add(os.getpid()))
    return start


def write_file(run_in, cgroup, path, size):
    """A file whose pages are charged to the cgroup."""
    program = run_in(cgroup, "dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={size // MIB}",
                     "conv=fsync", "status=none")
    assert program.process.wait(timeout=DEADLINE_SECONDS) == 0


def compare(exporter, cgroup, **arrived):
    """A scrape in which every figure lies within what the files say just before and just after it,
    and each of those named in `arrived` from its first number up to its second.

    The kernel gathers what a cgroup and those below it hold up to two seconds late, later when
    busy: until then files and exporter may agree on less.
    """
    wrong = None

    def attempt():
        nonlocal wrong
        before = cgroup.values()
        body = exporter.scrape()
        after = cgroup.values()
        found = cgroups.exported(body, cgroup.label)
        wrong = [
            (name, before.get(name), found.get(name), after.get(name))
            for name in sorted(cgroups.FAMILIES - {"headroom_bytes"})
            if (name in found) != (name in after)
            or name in found and not (
                min(before[name], after[name]) <= found[name] <= max(before[name], after[name]))
        ]
        wrong += [(name, low, found.get(name), high) for name, (low, high) in arrived.items()
                  if not low <= found.get(name, -1) <= high]
        return None if wrong else body

    try:
        # A figure may go up and down again between two reads, but hardly each time.
        return wait_for("figures that agree", attempt)
    except AssertionError:
        raise AssertionError(f"before or least, exported, after or most: {wrong}") from None


def when_named(exporter, *actors):
    """A scrape that shows them: newcomers are shown when their names have been read."""
    return exporter.scrape_until("the actors", lambda body: all(
        body.of_pid(actor.pid) for actor in actors))


def expected_headroom(body, *chain):
    """From a cgroup upwards, by what the same scrape says of each limited one, and the node's."""
    return cgroups.headroom([cgroups.exported(body, each.label) for each in chain],
                            cgroups.node_headroom(body))


def test_figures_are_those_of_the_files(exporter, top, start_in, run_in, tmp_path):
    unit = top.child("figures.service", limit=200 * MIB)
    actor = start_in(unit, private=40 * MIB, shared=10 * MIB)
    actor.tell("fork")
    write_file(run_in, unit, tmp_path / "file", 8 * MIB)
    body = compare(exporter, unit, anon_memory_bytes=(40 * MIB, 42 * MIB),
                   shmem_memory_bytes=(10 * MIB, 10 * MIB),
                   page_cache_bytes=(8 * MIB, 10 * MIB))
    values = cgroups.exported(body, unit.label)
    assert values["memory_limit_bytes"] == 200 * MIB
    assert values["kernel_memory_bytes"] > 0
    assert values["processes"] == 2
    assert values["headroom_bytes"] == 200 * MIB - values["unreclaimable_memory_bytes"]
    labels = cgroups.labels_of(body, unit.label)
    assert (labels["kind"], labels["unit"]) == ("unit", "figures.service")
    assert not labels.keys() & {"namespace", "pod", "container"}


def test_a_unit_is_all_that_is_below_it(exporter, top, start_in):
    """Usage is hierarchical, so is the number of processes; what is inside is not shown twice."""
    unit = top.child("manager.service")
    inner = unit.child("inner.service")
    when_named(exporter, start_in(unit, private=4 * MIB), start_in(inner, private=8 * MIB),
               start_in(inner.child("worker"), private=16 * MIB))
    body = compare(exporter, unit, anon_memory_bytes=(28 * MIB, 31 * MIB))
    assert cgroups.exported(body, unit.label)["processes"] == 3
    assert not cgroups.exported(body, inner.label)
    # Whose memory it is: the outermost unit's.
    infos = body.find("memleak_process_info", unit="manager.service")
    assert {labels["cgroup"] for labels, _ in infos} == {
        unit.label, inner.label, inner.label + "/worker"}


def test_without_a_limit(exporter, top, start_in):
    """No limit is no series, and headroom is the node's."""
    unit = top.child("unlimited.service")
    actor = start_in(unit, private=4 * MIB)
    when_named(exporter, actor)
    body = compare(exporter, unit)
    assert "memory_limit_bytes" not in cgroups.exported(body, unit.label)
    node = cgroups.node_headroom(body)
    assert cgroups.exported(body, unit.label)["headroom_bytes"] == node
    assert body.value(HEADROOM.format("process"), pid=str(actor.pid)) == node


def test_a_limit_above_what_the_node_has(exporter, top, start_in):
    unit = top.child("generous.service", limit=1 << 50)
    start_in(unit, private=4 * MIB)
    body = compare(exporter, unit)
    values = cgroups.exported(body, unit.label)
    assert values["memory_limit_bytes"] == 1 << 50
    assert values["headroom_bytes"] == cgroups.node_headroom(body)


def test_headroom_is_that_of_the_tightest_limit_above(exporter, top, start_in):
    """A sibling that fills the limit they share takes the headroom of both."""
    shared = top.child("shared", limit=100 * MIB)
    roomy = shared.child("roomy.service", limit=80 * MIB)
    open_ended = shared.child("open-ended.service")
    tight = shared.child("tight.service", limit=20 * MIB)
    for unit in (roomy, open_ended, tight):
        start_in(unit, private=4 * MIB)
    body = compare(exporter, roomy)
    assert cgroups.labels_of(body, shared.label)["kind"] == "slice"
    for unit, limiting in ((roomy, roomy), (open_ended, shared), (tight, tight), (shared, shared)):
        values = cgroups.exported(body, limiting.label)
        room = values["memory_limit_bytes"] - values["unreclaimable_memory_bytes"]
        assert cgroups.exported(body, unit.label)["headroom_bytes"] == room, unit.label

    # 60 MiB more beside them: now `shared` leaves roomy less than its own limit does.
    start_in(open_ended, private=60 * MIB)
    body = compare(exporter, roomy)
    values = cgroups.exported(body, shared.label)
    room = values["memory_limit_bytes"] - values["unreclaimable_memory_bytes"]
    assert room < 32 * MIB
    assert cgroups.exported(body, roomy.label)["headroom_bytes"] == room
    assert cgroups.exported(body, tight.label)["headroom_bytes"] < 17 * MIB
    assert expected_headroom(body, tight, shared) == cgroups.exported(
        body, tight.label)["headroom_bytes"]


def test_file_pages_leave_the_headroom(exporter, top, start_in, run_in):
    """Page cache up to the limit is reclaimable: the headroom stays what it was."""
    unit = top.child("files.service", limit=64 * MIB)
    start_in(unit, private=8 * MIB)
    before = cgroups.exported(compare(exporter, unit), unit.label)
    # Where files have pages to be written back: the directory of pytest may be in memory.
    path = pathlib.Path("/var/tmp", unique("memleak-e2e-file"))
    try:
        write_file(run_in, unit, path, 256 * MIB)
        least = before["headroom_bytes"] - 6 * MIB
        body = compare(exporter, unit, page_cache_bytes=(43 * MIB, 64 * MIB),
                       headroom_bytes=(least, 64 * MIB))
        filled = cgroups.exported(body, unit.label)
        reader = run_in(unit, "sh", "-c", f"echo on; while cat {path} >/dev/null; do :; done")
        reader.read_line()
        during = [cgroups.exported(exporter.scrape(), unit.label) for _ in range(20)]
        reader.kill()
    finally:
        path.unlink()
    assert filled["memory_usage_bytes"] > 50 * MIB > 2 * filled["anon_memory_bytes"]
    for values in during:
        assert least <= values["headroom_bytes"] <= 64 * MIB


def test_headroom_of_a_process(exporter, top, start_in):
    """That of the chain above its cgroup, also where no series shows its cgroup."""
    limited = top.child("limited", limit=100 * MIB)
    inner = limited.child("inner", limit=30 * MIB).child("a").child("b")
    deep = start_in(inner, private=10 * MIB)
    wide = start_in(limited, private=20 * MIB)
    when_named(exporter, deep, wide)
    body = compare(exporter, limited)
    assert body.labels("memleak_process_info", pid=str(deep.pid))["cgroup"] == inner.label
    values = cgroups.exported(body, limited.label)
    assert body.value(HEADROOM.format("process"), pid=str(wide.pid)) == (
        100 * MIB - values["unreclaimable_memory_bytes"])
    room = body.value(HEADROOM.format("process"), pid=str(deep.pid))
    assert 17 * MIB < room < 20 * MIB


def test_headroom_of_a_group(exporter, top, start_in, tmp_path):
    """That of the limit which all members share, else the node's."""
    shared = top.child("shared", limit=100 * MIB)
    left, right = shared.child("left", limit=40 * MIB), shared.child("right", limit=30 * MIB)
    elsewhere = top.child("elsewhere", limit=10 * MIB)
    group = unique("pair")
    path = copy_of_actor(tmp_path, group)
    first = start_in(left, private=10 * MIB, path=path)

    def room(body, cgroup):
        values = cgroups.exported(body, cgroup.label)
        return values["memory_limit_bytes"] - values["unreclaimable_memory_bytes"]

    def group_is(members):
        body = exporter.scrape_until(f"{members} members", lambda body: body.find(
            "memleak_group_processes", group=group) and body.value(
                "memleak_group_processes", group=group) == members)
        return body, body.value(HEADROOM.format("group"), group=group)

    body, found = group_is(1)
    assert found == body.value(HEADROOM.format("process"), pid=str(first.pid))
    assert found < 31 * MIB

    start_in(right, private=25 * MIB, path=path)
    body, found = group_is(2)
    # Not the 5 MiB that the second has: growth of the group as a whole meets the limit of both.
    assert found == room(body, shared)

    third = start_in(elsewhere, private=2 * MIB, path=path)
    body, found = group_is(3)
    assert found == cgroups.node_headroom(body)

    third.kill()
    body, found = group_is(2)
    assert found == room(body, shared)


def test_a_process_that_moves(exporter, top, start_in):
    first, second = top.child("first.service", limit=50 * MIB), top.child("second.service")
    actor = start_in(first, private=10 * MIB)
    pid = str(actor.pid)
    body = exporter.scrape_until("the first", lambda body: body.has(
        "memleak_process_info", pid=pid, cgroup=first.label, unit="first.service"))
    assert body.value(HEADROOM.format("process"), pid=pid) < 41 * MIB
    second.add(actor.pid)
    body = exporter.scrape()
    info = body.labels("memleak_process_info", pid=pid)
    assert (info["cgroup"], info["unit"]) == (second.label, "second.service")
    assert body.value(HEADROOM.format("process"), pid=pid) == cgroups.node_headroom(body)
    assert cgroups.exported(body, second.label)["processes"] == 1
    assert cgroups.exported(body, first.label)["processes"] == 0
    # What it had asked for stays charged where it was (v1).
    compare(exporter, first, anon_memory_bytes=(9 * MIB, 11 * MIB))


def test_removed_and_made_again(exporter, top, start_in):
    """The same name is another cgroup: nothing of the old one is left, and a file descriptor to it
    would read nothing."""
    unit = top.child("again.service", limit=50 * MIB)
    actor = start_in(unit, private=10 * MIB)
    compare(exporter, unit)
    actor.kill()
    unit.remove()
    unit = top.child("again.service", limit=80 * MIB)
    start_in(unit, private=20 * MIB)
    body = compare(exporter, unit)
    assert cgroups.exported(body, unit.label)["memory_limit_bytes"] == 80 * MIB
    unit_label = unit.label
    for pid in cgroups.processes_below(unit.directory):
        top.add(pid)
    unit.remove()
    assert not cgroups.exported(exporter.scrape(), unit_label)


def test_renamed(exporter, top, start_in):
    unit = top.child("before.service", limit=50 * MIB)
    actor = start_in(unit, private=10 * MIB)
    compare(exporter, unit)
    old = unit.label
    unit.rename("after.service")
    body = compare(exporter, unit)
    assert not cgroups.exported(body, old)
    info = body.labels("memleak_process_info", pid=str(actor.pid))
    assert (info["cgroup"], info["unit"]) == (unit.label, "after.service")


def test_a_limit_that_changes(exporter, top, start_in):
    unit = top.child("resized.service", limit=50 * MIB)
    actor = start_in(unit, private=10 * MIB)
    when_named(exporter, actor)
    for limit in (50 * MIB, 90 * MIB, -1):
        unit.write("memory.limit_in_bytes", limit)
        body = compare(exporter, unit)
        room = cgroups.exported(body, unit.label)["headroom_bytes"]
        assert room == expected_headroom(body, unit)
        assert room == body.value(HEADROOM.format("process"), pid=str(actor.pid))
    assert "memory_limit_bytes" not in cgroups.exported(body, unit.label)


def test_a_thousand_that_come_and_go(exporter, top):
    """During scrapes: each is valid, some see what comes and goes, and nothing is left of them."""
    done = threading.Event()
    scraped = threading.Semaphore(0)

    def make_and_remove():
        try:
            for i in range(0, 1000, 20):
                batch = [top.child(f"churn-{i + j}.service", limit=MIB) for j in range(20)]
                if i % 200 == 0:
                    while scraped.acquire(blocking=False):
                        pass
                    # The scrape that runs may have listed them before; the next one has not.
                    for _ in range(2):
                        scraped.acquire(timeout=20)
                for cgroup in batch:
                    os.rmdir(cgroup.directory)
        finally:
            done.set()

    thread = threading.Thread(target=make_and_remove)
    thread.start()
    seen = set()
    while not done.is_set():
        body = exporter.scrape()
        assert body.value("memleak_scrape_collector_success", collector="cgroup") == 1
        seen |= {labels["unit"] for labels, _ in body.find(USAGE, kind="unit")
                 if labels["unit"].startswith("churn-")}
        scraped.release()
    thread.join()
    assert seen
    assert "churn-" not in exporter.scrape().text


# A newline is refused by the kernel; a fixture tree has one.
HOSTILE = {
    "quotes": b'say "hi" \'you\'.service',
    "backslash": b"dev-disk-by\\x2dlabel\\.service",
    "spaces": b"two words.service",
    "control characters": b"a\tb\r\x1b[31m.service",
    "invalid UTF-8": b"\xff\xfe\xc3(.service",
    "exposition syntax": b'x{a="b"} 1 # {.service',
    "200 bytes": b"a" * 192 + b".service",
    "dots": b"...service",
    "a leading dash": b"-.service",
}


def is_utf8(raw):
    return raw == raw.decode("utf-8", "replace").encode()


def shown(raw):
    text = raw.decode("utf-8", "surrogateescape")
    return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in text)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_name(exporter, all_cgroups, start_actor, name):
    unit = all_cgroups.child(name, limit=30 * MIB)
    try:
        actor = start_actor()
        unit.add(actor.pid)
        body = exporter.scrape_until("the actor", lambda body: body.of_pid(actor.pid))
        label = body.labels("memleak_process_info", pid=str(actor.pid))["cgroup"]
        if is_utf8(unit.path) and b"#" not in unit.path:
            assert label == unit.label
        else:
            # Told apart from all that look the same.
            assert re.fullmatch(re.escape(shown(unit.path)) + "#[0-9a-f]{16}", label)
        assert cgroups.exported(body, label)["memory_limit_bytes"] == 30 * MIB
        exporter.scrape(openmetrics=False)
    finally:
        for pid in cgroups.processes_below(unit.directory):
            all_cgroups.add(pid)
        unit.remove()


def test_names_that_differ_where_labels_are_cut(exporter, top):
    """Long paths are cut, and stay two series."""
    middle = top.child("m" * 250)
    for name in ("one.service", "two.service"):
        middle.child(name, limit=30 * MIB)
    # The parser asserts that no series is there twice.
    body = exporter.scrape()
    for name in ("one.service", "two.service"):
        label = body.labels(USAGE, unit=name)["cgroup"]
        assert len(label.encode()) <= 256
        assert re.search("#[0-9a-f]{16}$", label)
        assert label in exporter.scrape().text, "the same each time"


def test_a_name_that_imitates_a_label(exporter, top):
    """A path that is no UTF-8 ends in a hash; another one that is spelled like that is another."""
    def limited(name):
        cgroup = top.child(name, limit=30 * MIB)
        found = exporter.scrape().find(USAGE, kind="slice")
        return cgroup, {labels["cgroup"] for labels, _ in found
                        if labels["cgroup"].startswith(top.label)}

    first, [label] = limited(b"\xff")
    # What it would be called is a name that anybody may give.
    _, both = limited(label.rsplit("/")[-1])
    assert len(both) == 2 and label in both


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_thread_elsewhere(exporter, top, start_in, name):
    """v1 lets single threads live elsewhere; memory is the leader's, and so is the process."""
    unit, other = top.child("leader.service", limit=60 * MIB), top.child(name + ".service")
    actor = start_in(unit, private=10 * MIB)
    actor.tell("threads", 1, 0, 0)
    thread = max(int(tid) for tid in os.listdir(f"/proc/{actor.pid}/task"))
    assert thread != actor.pid
    other.write("tasks", thread)
    when_named(exporter, actor)
    body = compare(exporter, unit)
    pid = str(actor.pid)
    info = body.labels("memleak_process_info", pid=pid)
    assert (info["cgroup"], info["unit"]) == (unit.label, "leader.service")
    assert body.value(HEADROOM.format("process"), pid=pid) == expected_headroom(body, unit)


def test_deep_nesting(exporter, top, start_in):
    unit = top.child("deep.service", limit=60 * MIB)
    inner = unit
    for level in range(20):
        inner = inner.child(str(level))
    actor = start_in(inner, private=10 * MIB)
    when_named(exporter, actor)
    body = compare(exporter, unit)
    pid = str(actor.pid)
    assert cgroups.exported(body, unit.label)["processes"] == 1
    assert body.labels("memleak_process_info", pid=pid)["unit"] == "deep.service"
    assert body.value(HEADROOM.format("process"), pid=pid) == expected_headroom(body, unit)


def test_nested_too_deep(exporter, top, start_in):
    """Beyond 32 levels nobody looks: what is there is unknown, not 0, and not without a limit."""
    unit = top.child("bottomless.service", limit=60 * MIB)
    inner = unit
    for level in range(40):
        inner = inner.child(str(level))
    actor = start_in(inner, private=10 * MIB)
    when_named(exporter, actor)
    # What is below counts, as soon as the kernel has gathered it.
    body = exporter.scrape_until("what it holds", lambda body: cgroups.exported(
        body, unit.label)["anon_memory_bytes"] >= 10 * MIB)
    assert body.value("memleak_scrape_cgroups", result="skipped") > 0
    assert "processes" not in cgroups.exported(body, unit.label)
    pid = str(actor.pid)
    assert not body.has(HEADROOM.format("process"), pid=pid)
    assert "cgroup" not in body.labels("memleak_process_info", pid=pid)


def test_container_of_an_unknown_name(exporter, top, start_in):
    """Its id is in the path; that nobody knows its name changes nothing else."""
    container = top.child("docker").child(ID, limit=60 * MIB)
    actor = start_in(container, private=10 * MIB)
    when_named(exporter, actor)
    body = compare(exporter, container)
    info = body.labels("memleak_process_info", pid=str(actor.pid))
    assert (info["container_id"], info["cgroup"]) == (ID, container.label)
    assert not info.keys() & {"namespace", "pod", "container", "unit"}
    labels = cgroups.labels_of(body, container.label)
    assert labels["kind"] == "container"
    assert not labels.keys() & {"namespace", "pod", "container", "unit"}


def test_group_label_while_all_are_of_one(exporter, top, start_in, tmp_path):
    """Also of processes that live further down."""
    unit = top.child("groups.service")
    group, other = unique("one"), unique("other")
    path = copy_of_actor(tmp_path, group)

    def label_is(body, expected):
        values = cgroups.exported(body, unit.label)
        return values and cgroups.labels_of(body, unit.label).get("group") == expected

    start_in(unit, path=path)
    exporter.scrape_until("one group", lambda body: label_is(body, group))
    inner = unit.child("inner")
    start_in(inner, path=path)
    exporter.scrape_until("one group", lambda body: label_is(body, group)
                          and cgroups.exported(body, unit.label)["processes"] == 2)
    stranger = start_in(inner, path=copy_of_actor(tmp_path, other))
    exporter.scrape_until("two groups", lambda body: label_is(body, None)
                          and cgroups.exported(body, unit.label)["processes"] == 3)
    stranger.kill()
    exporter.scrape_until("one group again", lambda body: label_is(body, group))


def test_of_a_kind_nothing_is_counted_twice(exporter, top, start_in):
    """Of this host and of what is nested on purpose: no cgroup of a kind is inside another."""
    outer = top.child("slice-a", limit=90 * MIB)
    inner = outer.child("slice-b", limit=60 * MIB)
    unit = inner.child("u.service", limit=50 * MIB)
    nested_unit = unit.child("session-1.scope", limit=40 * MIB)
    container = nested_unit.child("docker").child(ID)
    nested_container = container.child("docker").child(ID[::-1], limit=20 * MIB)
    start_in(nested_container, private=5 * MIB)
    body = compare(exporter, unit)
    found = cgroups.kinds(body)
    for paths in found.values():
        for path in paths:
            assert not any(other.startswith(path + "/") for other in paths)
    prefix = top.label + "/"
    assert {kind: {path for path in paths if path.startswith(prefix)}
            for kind, paths in found.items() if any(p.startswith(prefix) for p in paths)} == {
        "slice": {outer.label},
        "unit": {unit.label},
        "container": {nested_container.label},
    }
    # Limits that no series shows count all the same.
    assert cgroups.exported(body, unit.label)["headroom_bytes"] <= 50 * MIB


def test_figures_that_are_refused(start_exporter, public_binary, all_cgroups, start_actor):
    """To nobody: absent and counted, never 0; what stands beside it is there."""
    wrapper = need_nobody()
    closed, open_ = all_cgroups.child("closed.service"), all_cgroups.child("open.service")
    actor = start_actor()
    closed.add(actor.pid)
    for name in ("memory.stat", "memory.usage_in_bytes", "memory.kmem.usage_in_bytes",
                 "memory.limit_in_bytes"):
        os.chmod(os.path.join(closed.directory, name.encode()), 0)
    try:
        exporter = start_exporter(*FLAGS, binary=public_binary, wrapper=wrapper)
        body = exporter.scrape()
        assert cgroups.exported(body, open_.label)["memory_usage_bytes"] >= 0
        assert not cgroups.exported(body, closed.label).keys() & (
            cgroups.FAMILIES - {"processes", "headroom_bytes"})
        assert body.value("memleak_scrape_collector_success", collector="cgroup") == 1
        denied = body.value("memleak_scrape_reads_denied_total", field="cgroup")
        assert denied > 0
        assert exporter.scrape().value(
            "memleak_scrape_reads_denied_total", field="cgroup") > denied
        # Its limit is not known to be absent, so neither is its headroom known.
        assert "headroom_bytes" not in cgroups.exported(body, closed.label)
    finally:
        all_cgroups.add(actor.pid)
        closed.remove()
        open_.remove()


def test_without_a_mounted_tree(start_exporter, all_cgroups, top, start_in, tmp_path):
    """/proc/PID/cgroup still tells where a process is; all figures of cgroups are absent."""
    unit = top.child("fallback.service").child("inner")
    actor = start_in(unit)
    exporter = start_exporter(*FLAGS, f"--path.sysfs={tmp_path}")
    body = exporter.scrape_until("the cgroup", lambda body: body.has(
        "memleak_process_info", pid=str(actor.pid), cgroup=unit.label))
    info = body.labels("memleak_process_info", pid=str(actor.pid))
    assert info["unit"] == "fallback.service"
    assert not [name for name in body.families if name.startswith("memleak_cgroup_")]
    assert body.has("memleak_process_resident_memory_bytes", pid=str(actor.pid))


def test_from_a_pid_namespace_of_its_own(start_exporter, all_cgroups, top, start_in):
    """There cgroup.procs leaves out the pids of the host's /proc, and those it has are others."""
    need_mount_namespace()
    unit = top.child("outside.service", limit=64 * MIB)
    actor = start_in(unit)
    # The leak checker looks for its threads below /proc, where they have other numbers.
    no_leak_check = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    exporter = start_exporter(*FLAGS, env=no_leak_check,
                              wrapper=("unshare", "--pid", "--fork", "--kill-child", "--"))
    try:
        body = exporter.scrape_until("the cgroup", lambda body: body.has(
            "memleak_process_info", pid=str(actor.pid), cgroup=unit.label))
        assert 0 < body.value(HEADROOM.format("process"), pid=str(actor.pid)) <= 64 * MIB
        shown = cgroups.exported(body, unit.label)
        assert shown["memory_limit_bytes"] == 64 * MIB
        # Unknown there with version 1, and not 0.
        assert "processes" not in shown
    finally:
        exporter.tell_child_to_stop()


def test_more_processes_than_the_kernel_lists_at_once(exporter, top):
    """A read of cgroup.procs brings a page of it."""
    unit = top.child("crowd.service")
    count = 1200
    leader = subprocess.Popen(["sh", "-c", f"""
        echo $$ >"$0"/cgroup.procs
        for i in $(seq {count - 1}); do sleep 3600 >/dev/null & all="$all $!"; done
        echo ready
        read end
        kill $all""", unit.directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert leader.stdout.readline() == b"ready\n"
        assert len(unit.read("cgroup.procs")) > 4096
        exporter.scrape_until("all of them", lambda body: cgroups.exported(
            body, unit.label)["processes"] == count)
    finally:
        leader.communicate(b"\n", timeout=DEADLINE_SECONDS)


def test_switched_off(start_exporter, all_cgroups):
    body = start_exporter(*FLAGS, "--no-collector.cgroup").scrape()
    assert not [name for name in body.families if name.startswith("memleak_cgroup_")]
    assert not body.has("memleak_scrape_collector_success", collector="cgroup")


def test_limit_of_exported_cgroups(start_exporter, top, start_in):
    """By unreclaimable memory; what is cut is only counted."""
    sizes = {f"size-{size}.service": size * MIB for size in (2, 64, 8, 32)}
    for name, size in sizes.items():
        start_in(top.child(name), private=size)
    body = start_exporter(*EXPORT_ALL, "--cgroup.limit=2").scrape()
    shown_units = {labels["cgroup"] for labels, _ in body.find(USAGE)}
    assert len(shown_units) == 2
    # This host may have larger ones; of ours the larger ones come first.
    ours = [name for name in sizes if top.label + "/" + name in shown_units]
    assert set(ours) <= {"size-64.service", "size-32.service"}
