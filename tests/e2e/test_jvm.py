"""Heaps of real JVMs: as the JDK's own tools see them, wherever they run, whatever is in the way."""

import contextlib
import os
import shutil
import threading

import pytest

from support import jvm
from support.exporter import EXPORT_ALL
from support.fixtures import FIXTURES
from support.jvm import Heap
from support.leaks import DEADLINE_SLOTS, FIRST, SLOT
from support.leaks import FLAGS as LEAK_FLAGS
from support.suspects import suspect_saying
from support.requirements import need_mount_namespace, need_nobody
from support.waiting import wait_for

MIB = 1 << 20
# What failed is tried again after a slot.
FLAGS = (*EXPORT_ALL, "--trend.slot=1s")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return jvm.build(tmp_path_factory.mktemp("jvm"))


@pytest.fixture
def start_heap(classes):
    with contextlib.ExitStack() as stack:
        def start(*flags, **kwargs):
            heap = Heap(classes, *flags, **kwargs)
            stack.callback(heap.kill)
            return heap
        yield start


@pytest.fixture
def exporter(start_exporter):
    return start_exporter(*FLAGS)


def kib(figure, printed):
    """Whether bytes are what jstat prints as KiB with one digit."""
    return figure is not None and abs(figure / 1024 - printed) <= 0.051


def percent(used, of, printed):
    return abs(100 * used / of - printed) <= 0.0051


def differences(figures, gc, gcutil, capacity, counts):
    """What the exporter shows and jstat does not, or the other way round."""
    wrong = [name for name, column in (("old_generation_used_bytes", "OU"),
                                       ("old_generation_capacity_bytes", "OC"),
                                       ("metaspace_used_bytes", "MU"),
                                       ("metaspace_capacity_bytes", "MC"))
             if not kib(figures.get(name), gc[column])]
    if not kib(figures.get("old_generation_max_bytes"), capacity["OGCMX"]):
        wrong.append("old_generation_max_bytes")
    if wrong:
        return wrong
    for kind, column in (("old_generation", "O"), ("metaspace", "M")):
        used, of = figures[f"{kind}_used_bytes"], figures[f"{kind}_capacity_bytes"]
        if not percent(used, of, gcutil[column]):
            wrong.append(column)
    for collection, column in counts.items():
        if figures.get(collection) != gcutil.get(column):
            wrong.append(column)
    return wrong


def check_as_jstat(exporter, heap, counts):
    """Both of a moment at which the JVM did nothing: jstat says the same before and after."""
    seen = {}

    def same():
        says = [jvm.jstat(option, heap.pid) for option in ("-gc", "-gcutil", "-gccapacity")]
        figures = jvm.shown(exporter.scrape(), heap.pid)
        seen.update(figures=figures, jstat=says)
        unchanged = says[0] == jvm.jstat("-gc", heap.pid)
        return unchanged and figures and not differences(figures, *says, counts)

    try:
        wait_for("what jstat says", same, interval=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen}") from None


IN_TURN = {"young": "YGC", "full": "FGC", "concurrent": "CGC"}
COLLECTORS = {
    "Serial": IN_TURN,
    "Parallel": IN_TURN,
    "G1": IN_TURN,
    "Z": IN_TURN,
    # What it counts as full collections are pauses of its cycles.
    "Shenandoah": {"young": "YGC", "concurrent": "FGC", "full": "CGC"},
}


@pytest.mark.parametrize("collector", [
    "Serial", *(pytest.param(name, marks=pytest.mark.once) for name in COLLECTORS
                if name != "Serial")])
def test_as_jstat_says(exporter, start_heap, collector):
    heap = start_heap(f"-XX:+Use{collector}GC")
    for command in ("keep 6", "collect", "drop 50", "keep 3", "collect", "keep 2", "drop 30"):
        heap.tell(command)
    check_as_jstat(exporter, heap, COLLECTORS[collector])
    labels = exporter.scrape().labels("memleak_process_info", pid=str(heap.pid))
    assert labels["runtime"] == "java"
    heap.tell("keep 4")
    heap.tell("collect")
    check_as_jstat(exporter, heap, COLLECTORS[collector])


def test_in_a_container(exporter, start_heap):
    """With pids and a /tmp of its own: the file is called 1 and lies where only it sees it."""
    need_mount_namespace()
    heap = start_heap("-XX:+UseSerialGC", contained=True)
    assert [path.name for path in heap.tmp.glob("hsperfdata_*/*")] == ["1"]
    heap.tell("keep 6")
    heap.tell("collect")
    check_as_jstat(exporter, heap, IN_TURN)


AFTER_FULL = "old_generation_after_full_collection_bytes"


@pytest.mark.once
def test_a_leak_climbs_and_garbage_does_not(exporter, start_heap):
    leaking = start_heap("-XX:+UseSerialGC")
    healthy = start_heap("-XX:+UseParallelGC")
    work = {leaking: "keep 4", healthy: "drop 40"}
    for heap in work:
        figures = jvm.shown_until(exporter, heap.pid, "the JVM", lambda figures: figures)
        assert figures["full"] == 0
        assert AFTER_FULL not in figures

    def after_full(heap, count):
        heap.tell(work[heap])
        heap.tell("collect")
        # A JVM counts a collection when it begins: what it left is there a moment later.
        left = pytest.approx(jvm.jstat("-gc", heap.pid)["OU"] * 1024, abs=52)
        return jvm.shown_until(
            exporter, heap.pid, f"what full collection {count} left",
            lambda figures: figures["full"] >= count and figures.get(AFTER_FULL) == left)[AFTER_FULL]

    left = {heap: [after_full(heap, count) for count in range(1, 9)] for heap in work}
    # The first brings what the JVM itself holds.
    for earlier, later in zip(left[leaking][1:], left[leaking][2:]):
        assert 3.9 * MIB < later - earlier < 4.5 * MIB
    assert max(left[healthy][1:]) - min(left[healthy][1:]) < MIB / 2


@pytest.mark.once
@pytest.mark.parametrize("commands, flags, says", [
    (("keep 1", "drop 1", "collect"), ("-Xmx1g",),
     r"old generation after full collections climbs: [\d.]+ MiB to [\d.]+ MiB over \d+ of them"),
    (("native 1", "drop 1", "collect"), ("-XX:MaxDirectMemorySize=1g",),
     r"heap stays: what grows is native memory \(footprint \+[\d.]+ MiB, heap \+"),
], ids=["heap", "native"])
def test_a_leak_of_a_jvm_is_in_the_heap_or_outside(start_exporter, start_heap, commands, flags,
                                                   says):
    exporter = start_exporter(*LEAK_FLAGS, wrapper=FIRST)
    # Memory that the heap takes and gives back is none of its growth.
    heap = start_heap("-Xms32m", "-XX:+UseSerialGC", *flags)

    def leaks():
        for command in commands:
            heap.tell(command)
        exporter.get()
        return suspect_saying(exporter, heap.pid, says)
    # So fast it leaks: a MiB twice in a slot.
    wait_for(says, leaks, deadline=DEADLINE_SLOTS * SLOT, interval=SLOT / 2)


def test_a_jvm_that_publishes_nothing(exporter, start_heap):
    silent = start_heap("-XX:-UsePerfData")
    jvm.read_until(exporter, "gone")
    body = exporter.scrape()
    assert body.labels("memleak_process_info", pid=str(silent.pid))["runtime"] == "java"
    assert not jvm.shown(body, silent.pid)


def test_without_privileges(start_exporter, start_heap, public_binary):
    """Nobody may look into the place where root's JVM runs: counted, and nothing shown."""
    wrapper = need_nobody()
    heap = start_heap("-XX:+UseSerialGC")
    exporter = start_exporter(*FLAGS, wrapper=wrapper, binary=public_binary)
    jvm.read_until(exporter, "denied")
    assert not jvm.shown(exporter.scrape(), heap.pid)


RECORDED = FIXTURES / "hsperfdata" / "17-serial"
RECORDED_OLD_USED = pytest.approx(15906.9 * 1024, abs=52)


@pytest.fixture
def intruded(exporter, start_heap):
    """(exporter, a JVM without a file of its own, where it would be, a JVM that is well)."""
    need_mount_namespace()
    well = start_heap("-XX:+UseSerialGC")
    jvm.shown_until(exporter, well.pid, "the JVM that is well", lambda figures: figures)
    intruded = start_heap("-XX:-UsePerfData", contained=True)
    folder = jvm.user_folder(intruded)
    folder.mkdir()
    yield exporter, intruded, folder / "1", well
    # It has lived all the time, and the good file of another is shown.
    jvm.read_until(exporter, "ok")
    assert jvm.shown(exporter.scrape(), well.pid)


def put_link(path):
    shutil.copy(RECORDED, path.parent / "good")
    path.symlink_to("good")


def put_link_to_a_secret(path):
    path.symlink_to("/etc/shadow")


def put_linked_folder(path):
    elsewhere = path.parent.with_name("elsewhere")
    path.parent.rename(elsewhere)
    shutil.copy(RECORDED, elsewhere / path.name)
    path.parent.symlink_to("elsewhere")


def put_fifo(path):
    os.mkfifo(path)


def put_device(path):
    os.mknod(path, 0o20644, os.makedev(1, 5))


def put_foreign_file(path):
    shutil.copy(RECORDED, path)
    os.chown(path, 65534, 65534)


def put_foreign_folder(path):
    shutil.copy(RECORDED, path)
    os.chown(path.parent, 65534, 65534)


def put_cut_file(path):
    path.write_bytes(RECORDED.read_bytes()[:5000])


def put_empty_file(path):
    path.write_bytes(b"")


def put_huge_file(path):
    shutil.copy(RECORDED, path)
    os.truncate(path, 1 << 40)


def put_noise(path):
    path.write_bytes(os.urandom(32768))


HOSTILE = {name.removeprefix("put_"): put for name, put in list(globals().items())
           if name.startswith("put_")}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile(intruded, what):
    exporter, victim, path, _ = intruded
    HOSTILE[what](path)
    jvm.read_until(exporter, "malformed")
    assert not jvm.shown(exporter.scrape(), victim.pid)


def test_the_same_place_with_a_good_file(intruded):
    """What the hostile ones are held against: this one is shown."""
    exporter, victim, path, _ = intruded
    shutil.copy(RECORDED, path)
    figures = jvm.shown_until(exporter, victim.pid, "the file", lambda figures: figures)
    assert figures["old_generation_used_bytes"] == RECORDED_OLD_USED


def test_a_file_that_is_cut_while_it_is_read(intruded):
    exporter, victim, path, _ = intruded
    good = RECORDED.read_bytes()
    path.write_bytes(good)
    done = threading.Event()

    def cut_and_restore():
        with open(path, "r+b", buffering=0) as file:
            while not done.is_set():
                file.truncate(4096)
                file.seek(0)
                file.write(good)

    thread = threading.Thread(target=cut_and_restore)
    thread.start()
    try:
        for _ in range(100):
            figures = jvm.shown(exporter.scrape(), victim.pid)
            if figures:
                assert figures["old_generation_used_bytes"] == RECORDED_OLD_USED
        jvm.read_until(exporter, "malformed", more=1)
    finally:
        done.set()
        thread.join()
    jvm.shown_until(exporter, victim.pid, "the file again", lambda figures: figures)
