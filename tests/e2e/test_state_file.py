"""--trend.state-file: what was learned outlives the exporter, and a file that is not as it should be
costs one log line."""

import contextlib
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib

import pytest

from support.exporter import BINARY, EXPORT_ALL
from support.fixtures import FixtureHost
from support.programs import copy_of_actor, unique
from support.requirements import need_nobody
from support.waiting import DEADLINE_SECONDS, wait_for

BOOT_ID = "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9"
OTHER_BOOT_ID = "1b1c2d3e-4f50-4617-8283-94a5b6c7d8e9"
# Where the parts of a file begin (exporter/trend/trend_codec.h).
BYTE_ORDER, FORMAT, LAYOUT, TREND_SIZE, BOOT, UPTIME = 8, 12, 16, 20, 24, 72

TAKEN_UP = "trends of an earlier run are taken up"


@pytest.fixture
def host(tmp_path):
    made = FixtureHost("ordinary", tmp_path)
    made.path("sys", "kernel", "random").mkdir(parents=True)
    made.path("sys", "kernel", "random", "boot_id").write_text(BOOT_ID + "\n")
    return made


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "state"
    path.mkdir()
    return path


@pytest.fixture
def state_file(directory):
    return directory / "trends"


@pytest.fixture
def start(start_exporter, host, state_file):
    """Starts an exporter of the fixture that keeps its trends."""
    return lambda *flags: start_exporter(*EXPORT_ALL, *host.flags,
                                         f"--trend.state-file={state_file}", *flags)


def stop(exporter):
    """Ends it and returns what it said of trends and their file."""
    exporter.process.send_signal(signal.SIGTERM)
    exporter.process.wait(timeout=DEADLINE_SECONDS)
    log = exporter.log()
    exporter.stop()
    return [line for line in log.splitlines() if "state" in line or "trends" in line]


def wait_for_log(exporter, words):
    wait_for(f"{words!r} in the log", lambda: words in exporter.log())


def taken_up(lines):
    """How many histories of an earlier run the log tells of."""
    (line,) = lines
    assert TAKEN_UP in line and " dropped=0 " in line, line
    return int(line.split(" trends=")[1].split()[0])


def sign(content):
    return content[:-4] + struct.pack("=I", zlib.crc32(content[:-4]))


def is_whole(content):
    return content.startswith(b"memleakT") and sign(content) == content


@contextlib.contextmanager
def growing(actor):
    """It takes a further 200 kB forty times a second."""
    done = threading.Event()

    def grow():
        while not done.wait(0.025):
            actor.tell("alloc", 200_000)
            actor.tell("touch")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def said_of(body, group, pid):
    """{name: value} of what trends say of a process and its group."""
    learned = ("baseline", "growth_bytes", "growth_start", "leak_suspected")
    found = {name: value for name, value in body.of_pid(pid).items()}
    found |= {name: value for (name, labels), value in body.samples.items()
              if ("group", group) in labels and name.startswith("memleak_group_")}
    return {name: value for name, value in found.items()
            if name.split("_", 2)[2].startswith(learned)}


@pytest.mark.host
@pytest.mark.threads
def test_what_was_learned_is_known_at_the_first_scrape(start_exporter, start_actor, tmp_path,
                                                       state_file):
    group = unique("leaker")
    actor = start_actor(path=copy_of_actor(tmp_path, group))
    flags = (*EXPORT_ALL, "--trend.slot=200ms")
    suspected = "memleak_process_leak_suspected", "memleak_group_leak_suspected"

    def all_suspected(body):
        said = said_of(body, group, actor.pid)
        return all(said.get(name) == 1 for name in suspected)

    with growing(actor):
        first = start_exporter(*flags, f"--trend.state-file={state_file}")
        first.scrape_until("suspicion", all_suspected)
        before = said_of(first.scrape(), group, actor.pid)
        first.stop()
        content = state_file.read_bytes()

        second = start_exporter(*flags, f"--trend.state-file={state_file}")
        after = said_of(second.scrape(), group, actor.pid)
        assert taken_up(stop(second)) > 10
        without = start_exporter(*flags)
        unknown = said_of(without.scrape(), group, actor.pid)

    assert is_whole(content)
    for kind in ("process", "group"):
        for learned in ("baseline_bytes", "baseline_timestamp_seconds"):
            name = f"memleak_{kind}_{learned}"
            assert after[name] == before[name]
        assert after[f"memleak_{kind}_growth_bytes_per_second"] > 0
        assert after[f"memleak_{kind}_leak_suspected"] == 1
        assert f"memleak_{kind}_growth_start_time_seconds" in after
    assert unknown == {}


def test_first_run(start, directory, state_file):
    assert stop(start()) == []
    assert os.listdir(directory) == ["trends"]
    assert state_file.stat().st_mode & 0o777 == 0o600
    assert is_whole(state_file.read_bytes())


def test_it_is_written_at_the_end(start, state_file):
    exporter = start("--trend.slot=1h")
    wait_for("the state file", state_file.exists)
    written = state_file.stat().st_mtime_ns
    stop(exporter)
    assert state_file.stat().st_mtime_ns > written


def test_it_is_written_while_the_exporter_runs(start, state_file):
    exporter = start("--trend.slot=100ms")
    wait_for("the state file", state_file.exists)
    written = state_file.stat().st_mtime_ns
    wait_for("a further write", lambda: state_file.stat().st_mtime_ns > written)
    exporter.kill()
    assert taken_up(stop(start("--trend.slot=100ms"))) > 10


@pytest.mark.once
def test_killed_while_writing(start, start_program, host, directory, state_file):
    """Whenever it is killed, the file is one that was written to its end."""
    host.add_many(500, range(1000, 3000))
    # Written every second, which is as often as it gets.
    flags = ("--trend.slot=10ms", "--trend.interval=100ms")
    stop(start(*flags))
    temporary = state_file.with_name("trends.tmp")
    cut_short = 0
    for attempt in range(20):
        program = start_program([BINARY, *EXPORT_ALL, *host.flags, *flags,
                                 "--web.listen-address=127.0.0.1:0",
                                 f"--trend.state-file={state_file}"], stderr=subprocess.DEVNULL)
        wait_for("a write", temporary.exists, interval=0)
        time.sleep(attempt * 0.0003)
        program.kill()
        assert is_whole(state_file.read_bytes())
        cut_short += temporary.exists()
        temporary.unlink(missing_ok=True)
    assert cut_short > 0, "no write was interrupted"
    assert taken_up(stop(start(*flags))) > 2000
    assert os.listdir(directory) == ["trends"]


def test_what_a_crash_left_is_replaced(start, directory, state_file):
    state_file.with_name("trends.tmp").write_bytes(b"memleakT half of it")
    assert stop(start()) == []
    assert os.listdir(directory) == ["trends"]
    assert is_whole(state_file.read_bytes())


def changed(offset, new):
    return lambda good: sign(good[:offset] + new + good[offset + len(new):])


BAD_FILES = {
    "empty": (lambda good: b"", "corrupt"),
    "some text": (lambda good: b"root:x:0:0:root:/root:/bin/bash\n", "corrupt"),
    "half of it": (lambda good: good[:len(good) // 2], "corrupt"),
    "the last byte is missing": (lambda good: good[:-1], "corrupt"),
    "twice": (lambda good: good * 2, "corrupt"),
    "a wrong byte": (lambda good: good[:1000] + bytes([good[1000] ^ 1]) + good[1001:], "corrupt"),
    "zeros": (lambda good: bytes(len(good)), "corrupt"),
    "too large": (lambda good: bytes((64 << 20) + 1), "corrupt"),
    "a format of tomorrow": (changed(FORMAT, struct.pack("=I", 2)), "other-version"),
    "another layout": (changed(LAYOUT, struct.pack("=I", 1 << 20)), "other-version"),
    "another size": (changed(TREND_SIZE, struct.pack("=I", 1234)), "other-version"),
    "another byte order": (lambda good: good[:BYTE_ORDER] + good[BYTE_ORDER:FORMAT][::-1]
                           + good[FORMAT:], "other-version"),
    "another boot": (changed(BOOT, OTHER_BOOT_ID.encode()), "other-boot"),
    "from the future": (changed(UPTIME, struct.pack("=d", 1e9)), "other-boot"),
}


@pytest.mark.parametrize("spoil, suffix", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_file(start, directory, state_file, spoil, suffix):
    """It is set aside as it is, by one line, and the next file is a good one."""
    stop(start())
    bad = spoil(state_file.read_bytes())
    state_file.write_bytes(bad)

    exporter = start()
    exporter.scrape()
    (line,) = stop(exporter)
    assert f"set_aside={state_file}.{suffix}" in line and "trends start anew" in line
    assert sorted(os.listdir(directory)) == ["trends", f"trends.{suffix}"]
    assert state_file.with_name(f"trends.{suffix}").read_bytes() == bad
    assert taken_up(stop(start())) > 10


def test_other_slot(start, state_file):
    stop(start())
    (line,) = stop(start("--trend.slot=1s"))
    assert f"set_aside={state_file}.other-slot" in line


def test_after_a_boot(start, host, state_file):
    stop(start())
    host.path("sys", "kernel", "random", "boot_id").write_text(OTHER_BOOT_ID + "\n")
    (line,) = stop(start())
    assert f"set_aside={state_file}.other-boot" in line and "level=info" in line
    assert taken_up(stop(start())) > 10


@pytest.mark.parametrize("boot_id", [None, b"", b"no uuid\n"], ids=["missing", "empty", "no uuid"])
def test_no_boot_id(start, host, directory, boot_id):
    """Nothing tells whose a file would be, so there is none."""
    path = host.path("sys", "kernel", "random", "boot_id")
    path.unlink()
    if boot_id is not None:
        path.write_bytes(boot_id)
    (line,) = stop(start())
    assert "level=warn" in line and str(path) in line
    assert os.listdir(directory) == []


def bind_socket(path):
    """By way of a descriptor: the address of a socket has to be short."""
    directory = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{directory}/{path.name}")
    os.close(directory)


NO_FILES = {
    "a pipe": os.mkfifo,
    "a directory": os.mkdir,
    "a socket": bind_socket,
    "a link to a file": lambda path: path.symlink_to("/etc/passwd"),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "no directory": lambda path: path.parent.rmdir(),
    "a file for a directory": lambda path: (path.parent.rmdir(), path.parent.write_text("")),
}


@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES.keys())
def test_no_file(start, directory, state_file, make):
    """It is left as it is, and the exporter does without."""
    make(state_file)
    before = os.lstat(state_file) if os.path.lexists(state_file) else None
    exporter = start("--trend.slot=10ms")
    exporter.scrape()
    (line,) = stop(exporter)
    assert "the state file is not used" in line and "level=warn" in line
    if before is not None:
        assert os.lstat(state_file)[:3] == before[:3]
        assert os.listdir(directory) == ["trends"]
    else:
        assert not directory.is_dir()


def test_full_disk(start, directory, state_file):
    """A limit on the size of files is met as a full disk is, and its signal ends nothing."""
    exporter = start("--trend.slot=10ms")
    wait_for("the first write", state_file.exists)
    good = state_file.read_bytes()
    resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    wait_for_log(exporter, "cannot be written")
    assert is_whole(state_file.read_bytes()) and len(good) > 20_000
    resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    wait_for_log(exporter, "is written again")
    failed, works = stop(exporter)
    assert "level=warn" in failed and "File too large" in failed
    assert "level=info" in works
    assert os.listdir(directory) == ["trends"]


@pytest.fixture
def start_as_nobody(start_exporter, public_binary):
    wrapper = need_nobody()
    return lambda path: start_exporter(f"--trend.state-file={path}", "--trend.slot=100ms",
                                       wrapper=wrapper, binary=public_binary)


def test_directory_that_may_not_be_written(start_as_nobody, public_directory):
    state = os.path.join(public_directory, "state")
    os.mkdir(state)
    exporter = start_as_nobody(f"{state}/trends")
    wait_for_log(exporter, "cannot be written")
    assert os.listdir(state) == []
    os.chmod(state, 0o777)
    wait_for_log(exporter, "is written again")
    failed, works = stop(exporter)
    assert "Permission denied" in failed
    assert os.listdir(state) == ["trends"]


def test_file_that_may_not_be_read(start_as_nobody, public_directory):
    state = os.path.join(public_directory, "state")
    os.mkdir(state)
    os.chmod(state, 0o777)
    with open(f"{state}/trends", "w") as file:
        file.write("somebody else's")
    os.chmod(f"{state}/trends", 0o600)
    (line,) = stop(start_as_nobody(f"{state}/trends"))
    assert "Permission denied" in line and f"set_aside={state}/trends.unreadable" in line
    assert sorted(os.listdir(state)) == ["trends", "trends.unreadable"]
