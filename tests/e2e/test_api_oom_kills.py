"""The API's list of OOM kills, from a recorded log: the newest first, with names as they are."""

import pytest

from support import api
from support.fixtures import FixtureHost

KILLS = 130
KEPT = 100
SERVICE = "/system.slice/api.service"


def record(sequence, seconds, text):
    escaped = "".join(c if " " <= c < "\x7f" and c != "\\" else f"\\x{ord(c):02x}" for c in text)
    return f"6,{sequence},{seconds * 1_000_000},-;{escaped}\n"


def kill(sequence, seconds, comm, pid, cgroup=SERVICE):
    return record(sequence, seconds, (
        f"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
        f"oom_memcg={cgroup},task_memcg={cgroup},task={comm},pid={pid},uid=33")) + record(
            sequence + 1, seconds, (
                f"Memory cgroup out of memory: Killed process {pid} ({comm}) total-vm:900000kB, "
                f"anon-rss:524288kB, file-rss:12kB, shmem-rss:0kB, UID:33 pgtables:108kB "
                f"oom_score_adj:0"))


@pytest.fixture
def exporter_of(start_exporter, tmp_path):
    def start(log):
        host = FixtureHost("ordinary", tmp_path)
        (host.root / "dev").mkdir(exist_ok=True)
        (host.root / "dev" / "kmsg").write_text(log)
        return start_exporter(*host.flags)
    return start


def test_newest_first_and_bounded(exporter_of):
    log = "".join(kill(10 * number, 100 + number, f"worker-{number}", 1000 + number)
                  for number in range(KILLS))
    exporter = exporter_of(log)
    document = api.get(exporter, "oom-kills")
    kills = document["oom_kills"]
    assert document["total"] == len(kills) == KEPT
    assert [each["comm"] for each in kills] == [
        f"worker-{number}" for number in range(KILLS - 1, KILLS - 1 - KEPT, -1)]
    last = kills[0]
    assert last["pid"] == 1000 + KILLS - 1 and last["before_start"] is True
    assert (last["scope"], last["limit_cgroup"]) == ("cgroup", SERVICE)
    assert last["anon_bytes"] == 512 << 20
    times = [each["time"] for each in kills]
    assert times == sorted(times, reverse=True) and 0 < times[0] < document["time"]

    node = api.get(exporter, "node")["node"]
    assert node["last_oom_kill"] == {name: last[name] for name in ("time", "pid", "comm", "group")}
    assert not api.names_in(document) - api.documented_names()


def test_names_are_text(exporter_of):
    comm, cgroup = "<b>&\"x'</b>", "/a<img src=x onerror=alert(1)>"
    row, = api.get(exporter_of(kill(1, 100, comm, 4711, cgroup)), "oom-kills")["oom_kills"]
    assert row["comm"] == comm
    assert row["limit_cgroup"] == cgroup
