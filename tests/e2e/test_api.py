"""The JSON API: lists, pages of them, one process, the node, OOM kills; what it refuses, and that it
is what its README says. Its suspects are in test_api_suspects.py."""

import gzip
import http.client
import json
import os
import pathlib
import random
import re

import pytest

from support import api, recorded_hosts, web
from support.exporter import EXPORT_ALL
from support.fixtures import FIXTURES, FixtureHost, flags
from support.programs import copy_of_actor, unique
from support.tls import client_context
from support.waiting import wait_for
from support.web_config import MARK, basic, bcrypt, tls_section, write

MIB = 1 << 20
HOSTILE = {
    "markup": b"<img src=x onerror=alert(1)>"[:15],
    "a script": b"</script><b>\"'",
    "quotes": b"say \"hi\" 'you'",
    "backslash": b"\\n\\\\\\\" \\",
    "control characters": b"a\r\nb\tc\x0b\x1b[31m",
    "invalid UTF-8": b"\xff\xfe\xc3( \xe2\x82",
    "line separators": "a\u2028b\u2029".encode(),
}


def shown(raw):
    """Valid UTF-8, each invalid byte a U+FFFD."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in text)


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    """Of a host that never changes, and one look at it."""
    return start_shared_exporter(*flags(FIXTURES / "ordinary"), "--scrape.min-interval=15s",
                                 "--process.min-age=0s")


def pids(document):
    return [row["pid"] for row in document["processes"]]


def test_lists(exporter):
    processes = api.get(exporter, "processes")
    assert processes["total"] == processes["matched"] == len(processes["processes"]) == 12
    sizes = [row.get("resident_bytes", -1) for row in processes["processes"]]
    assert sizes == sorted(sizes, reverse=True)
    assert pids(processes)[0] == 310
    groups = api.get(exporter, "groups")
    assert "java:service.jar" in {row["group"] for row in groups["groups"]}
    assert sum(row["processes"] for row in groups["groups"]) == 12
    assert api.get(exporter, "cgroups")["cgroups"] == []
    assert api.get(exporter, "oom-kills")["oom_kills"] == []


def test_a_row_is_what_the_metrics_say(exporter):
    body = exporter.scrape()
    row = api.row_of(exporter, 310)
    metrics = body.of_pid(310)
    for field, metric in {"resident_bytes": "resident_memory_bytes", "anon_bytes": "anon_memory_bytes",
                          "shmem_bytes": "shmem_memory_bytes", "swap_bytes": "swap_memory_bytes",
                          "file_bytes": "file_memory_bytes", "footprint_bytes": "footprint_bytes",
                          "virtual_bytes": "virtual_memory_bytes", "open_fds": "open_fds",
                          "max_fds": "max_fds", "threads": "threads",
                          "cpu_seconds": "cpu_seconds_total", "headroom_bytes": "headroom_bytes",
                          "start_time": "start_time_seconds"}.items():
        assert row[field] == metrics[f"memleak_process_{metric}"], field
    labels = body.labels("memleak_process_info", pid="310")
    for name in ("comm", "group", "user", "exe", "cgroup", "runtime"):
        assert row.get(name) == labels.get(name), name
    assert row["exported"] and not row["suspect"] and row["leaks"] == []
    total = body.value("memleak_node_memory_total_bytes")
    assert row["memory_share"] == pytest.approx(row["resident_bytes"] / total, abs=1e-6)

    group = next(row for row in api.get(exporter, "groups")["groups"]
                 if row["group"] == "java:service.jar")
    assert group["footprint_bytes"] == body.value("memleak_group_footprint_bytes",
                                                  group="java:service.jar")


def test_containers(start_exporter, tmp_path):
    """Of a recorded host, as the metrics have them, with the names of their members beside."""
    root = recorded_hosts.unpack(
        recorded_hosts.RECORDINGS / "debian-12-linux-6.1-cgroup-v2.tar.xz", tmp_path)
    exporter = start_exporter(*flags(root), *EXPORT_ALL, "--cgroup.limit=1000")

    def cgroups():
        rows = api.get(exporter, "cgroups")["cgroups"]
        named = {row["pod"] for row in rows if "pod" in row}
        return rows if named else None

    rows = wait_for("the containers' names", cgroups)
    body = exporter.scrape()
    fields = {"usage_bytes": "memory_usage_bytes", "processes": "processes",
              "unreclaimable_bytes": "unreclaimable_memory_bytes", "anon_bytes": "anon_memory_bytes",
              "kernel_bytes": "kernel_memory_bytes", "page_cache_bytes": "page_cache_bytes",
              "limit_bytes": "memory_limit_bytes", "headroom_bytes": "headroom_bytes"}
    assert {row["cgroup"] for row in rows} == {
        labels["cgroup"] for labels, _ in body.find("memleak_cgroup_memory_usage_bytes")}
    for row in rows:
        for field, metric in fields.items():
            found = body.find(f"memleak_cgroup_{metric}", cgroup=row["cgroup"], kind=row["kind"])
            assert [value for _, value in found] == ([row[field]] if field in row else []), field
    container = next(row for row in rows if row.get("container"))
    member, *_ = api.get(exporter, "processes", cgroup=container["cgroup"])["processes"]
    for name in ("namespace", "pod", "container"):
        assert member[name] == container[name]
    assert container["cgroup"] in {
        row["cgroup"] for row in api.get(exporter, "cgroups", search=container["pod"])["cgroups"]}
    undocumented = api.names_in(rows) - api.documented_names()
    assert not undocumented


def test_pages_of_a_list(exporter):
    everything = pids(api.get(exporter, "processes", sort="comm"))
    paged = []
    for offset in range(0, 12, 5):
        page = api.get(exporter, "processes", sort="comm", limit=5, offset=offset)
        assert (page["total"], page["matched"], page["limit"]) == (12, 12, 5)
        paged += pids(page)
    assert paged == everything
    assert pids(api.get(exporter, "processes", offset=12)) == []


def test_what_is_asked_for(exporter):
    assert pids(api.get(exporter, "processes", pid=[500, 310, 99999], sort="pid")) == [310, 500]
    members = api.get(exporter, "processes", group="java:service.jar")["processes"]
    assert members and {row["group"] for row in members} == {"java:service.jar"}
    assert 310 in pids(api.get(exporter, "processes", search="SERVICE.jar"))
    assert api.get(exporter, "processes", search="nothing has this name")["matched"] == 0
    assert api.get(exporter, "processes", suspects="true")["matched"] == 0
    pid, = pids(api.get(exporter, "processes", sort="-pid", limit=1))
    assert pid == 900


def test_history_and_details(exporter):
    row = api.row_of(exporter, 310, history="true", details="true")
    point, = row["history"]["memory"]["points"]
    assert point[1] == row["footprint_bytes"]
    assert {each["resource"] for each in row["resources"]} >= {"memory", "descriptors"}
    assert all(each["state"] == "unknown" and each["reasons"] for each in row["resources"])
    assert "jstat -gcutil 310 1000 10" in {each["command"] for each in row["next_commands"]}
    assert "history" not in api.row_of(exporter, 310)
    document = api.get(exporter, "groups", history="true")
    assert document["limit"] == 100 and "history" in document["groups"][0]


def test_the_node(exporter):
    body = exporter.scrape()
    document = api.get(exporter, "node")
    node = document["node"]
    for field, metric in {"memory_total_bytes": "memory_total_bytes",
                          "memory_available_bytes": "memory_available_bytes",
                          "swap_free_bytes": "swap_free_bytes"}.items():
        assert node[field] == body.value(f"memleak_node_{metric}"), field
    assert node["processes"] == 12 and node["suspects"] == 0
    assert {each["resource"] for each in node["resources"]} >= {"used", "swap", "page_tables"}
    assert node["history"]["used"]["points"]
    about = document["exporter"]
    assert about["telemetry_path"] == "/metrics" and about["processes_listed"]
    assert (about["slot_seconds"], about["refresh_seconds"]) == (60, 15)


REFUSED = {
    "an unknown parameter": "processes?nothing=1",
    "a number that is none": "processes?limit=many",
    "too many": "processes?limit=10001",
    "too many with history": "groups?history=true&limit=101",
    "a field that is none": "processes?sort=nothing",
    "a switch that is none": "processes?suspects=1",
    "a filter of another list": "groups?pid=1",
    "101 names": "processes?" + "&".join(["pid=1"] * 101),
    "a parameter of a list": "node?limit=1",
    "markup": "processes?<script>=1",
}


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED.keys())
def test_refused(exporter, path):
    answer = exporter.get(f"/api/v1/{path}")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)["error"]
    assert "etag" not in answer.headers


@pytest.mark.parametrize("path", ["", "nothing", "processes/", "processes/4711", "processes/x",
                                  "processes/310/x", "node/", "Processes"])
def test_what_does_not_exist(exporter, path):
    assert api.get(exporter, path, status=404)["error"]


@pytest.mark.parametrize("path", ["processes", "groups", "cgroups", "node", "oom-kills",
                                  "processes/310"])
def test_sent_once(start_exporter, tmp_path, path):
    """What a client has is not sent again, until there is something new."""
    host = FixtureHost("ordinary", tmp_path)
    exporter = start_exporter(*host.flags, "--scrape.min-interval=1h", "--trend.interval=1h")
    path = f"/api/v1/{path}"
    first = exporter.get(path)
    assert first.status == 200 and first.headers["cache-control"] == "no-store"
    etag = first.headers["etag"]
    for known in (etag, f'"x", {etag}', "*"):
        again = exporter.get(path, headers={"If-None-Match": known})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == etag
        assert "content-type" not in again.headers
    assert exporter.get(path, headers={"If-None-Match": '"other"'}).status == 200
    head = exporter.get(path, method="HEAD")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)
    assert int(head.headers["content-length"]) == len(first.body)


def test_a_new_refresh_is_new(start_exporter):
    exporter = start_exporter(*flags(FIXTURES / "ordinary"), "--scrape.min-interval=0s")
    first = exporter.get("/api/v1/processes").headers["etag"]
    second = exporter.get("/api/v1/processes", headers={"If-None-Match": first})
    assert second.status == 200 and second.headers["etag"] != first


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names(start_exporter, tmp_path, raw):
    host = FixtureHost("hostile", tmp_path)
    host.set_stat(101, comm=raw)
    exporter = start_exporter(*host.flags, *EXPORT_ALL)
    assert api.row_of(exporter, 101)["comm"] == shown(raw)
    answer = exporter.get("/api/v1/processes/101")
    assert json.loads(answer.text)["process"]["comm"] == shown(raw)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert 101 in pids(api.get(exporter, "processes", search=shown(raw)[:3]))


def test_every_hostile_process_is_listed(start_exporter):
    """And nothing of them breaks a document."""
    exporter = start_exporter(*flags(FIXTURES / "hostile"), *EXPORT_ALL)
    for path in ("processes", "groups", "cgroups", "node"):
        api.get(exporter, path)
    for pid in pids(api.get(exporter, "processes", history="true", details="true")):
        assert api.process_of(exporter, pid)["pid"] == pid


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A host with 5,000 processes that differ as real ones do."""
    host = FixtureHost("ordinary", tmp_path_factory.mktemp("crowd"))
    host.add_many(500, range(1000, 6000))
    status = host.path(500, "status").read_text()
    number = random.Random(7)
    for pid in range(1000, 6000):
        text = re.sub(r"(?m)^((?:Vm|Rss)\w+:\s+)\d+ kB$",
                      lambda line: f"{line[1]}{number.randrange(100, 5_000_000)} kB", status)
        host.path(pid, "status").unlink()
        host.path(pid, "status").write_text(text)
        host.set_stat(pid, comm=b"worker-%d" % number.randrange(300), start=number.randrange(10**6))
    return host


def test_a_crowd(start_exporter, crowd):
    """The answer to who asks for nothing in particular is small, all of it can be had."""
    exporter = start_exporter(*crowd.flags)
    answer = exporter.get("/api/v1/processes", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < MIB
    document = json.loads(gzip.decompress(answer.body))
    assert document["total"] > 5000 and len(document["processes"]) == 1000
    print(f"{len(answer.body)} bytes, {len(gzip.decompress(answer.body))} before compression")
    everything = api.get(exporter, "processes", limit=10000, sort="pid")
    assert pids(everything) == sorted({*pids(everything)})
    assert len(everything["processes"]) == document["total"]
    largest = max(everything["processes"], key=lambda row: row.get("resident_bytes", 0))
    assert document["processes"][0]["resident_bytes"] == largest["resident_bytes"]


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {key: int(kib) * 1024
            for key, kib in re.findall(r"^((?:Vm|Rss)\w+):\s+(\d+) kB$", text, re.M)}


@pytest.fixture
def actor(start_actor, tmp_path):
    actor = start_actor(path=copy_of_actor(tmp_path, unique("looked-at")))
    actor.group = unique("looked-at")
    return actor


def test_one_process(start_exporter, start_actor, actor, tmp_path):
    """Every line of status, the largest regions, what it was by kind, and its siblings."""
    actor.tell("alloc", 64 * MIB)
    actor.tell("touch")
    sibling = start_actor(path=tmp_path / actor.group)
    exporter = start_exporter(*EXPORT_ALL, "--trend.slot=200ms")

    process = wait_for("its kinds over time", lambda: (
        found if len((found := api.process_of(exporter, actor.pid))["kinds"]["times"]) > 5
        else None))
    assert process["status"] == status_of(actor.pid)
    region = process["regions"][0]
    assert region["resident_bytes"] >= 64 * MIB
    assert region["size_bytes"] >= region["resident_bytes"] >= region["proportional_bytes"]
    start, end = (int(address, 16) for address in region["address"].split("-"))
    assert end - start == region["size_bytes"]
    mapping = f"{region['address']} {region['permissions']} {region['offset']:08x}"
    assert mapping in pathlib.Path(f"/proc/{actor.pid}/maps").read_text()
    assert len(process["regions"]) == 10
    sizes = [each["resident_bytes"] for each in process["regions"]]
    assert sizes == sorted(sizes, reverse=True)

    kinds = process["kinds"]
    assert {len(values) for values in kinds.values()} == {len(kinds["times"])}
    assert kinds["times"] == sorted(kinds["times"])
    assert kinds["anon_bytes"][-1] >= 64 * MIB and kinds["threads"][-1] == 1
    assert [each["pid"] for each in process["siblings"]] == [sibling.pid]
    assert process["state"] == "unknown" or process["growth_bytes_per_second"] >= 0


def test_change_since_first_sight(start_exporter, actor):
    exporter = start_exporter(*EXPORT_ALL)
    before = wait_for("a second sight of it", lambda: (
        row if "change_bytes" in (row := api.row_of(exporter, actor.pid) or {}) else None))
    actor.tell("alloc", 32 * MIB)
    actor.tell("touch")
    after = api.row_of(exporter, actor.pid)
    assert after["change_since"] == "first-sight"
    assert after["change_bytes"] - before["change_bytes"] >= 32 * MIB
    assert after["change_seconds"] > before["change_seconds"]
    assert after["known_in_seconds"] > 0


def test_regions_that_never_come(start_exporter, tmp_path):
    """A process that makes its reader wait holds up nobody, and what is known is told."""
    host = FixtureHost("ordinary", tmp_path)
    host.write(500, "smaps", b"")
    host.write(500, "maps", b"x\n")
    host.make_fifo(500, "smaps")
    exporter = start_exporter(*host.flags)
    process = api.process_of(exporter, 500)
    assert process["regions_missing"] == "late" and "regions" not in process
    assert process["status"]["VmRSS"] > 0
    assert api.process_of(exporter, 310)["regions_missing"] != "late"
    exporter.scrape()
    # What waits is let go, so that the exporter ends at once.
    os.close(os.open(host.path(500, "smaps"), os.O_RDWR | os.O_NONBLOCK))


def test_a_kernel_thread_has_little_to_tell(exporter):
    process = api.process_of(exporter, 2)
    assert process["kernel_thread"] is True
    assert process["regions_missing"] == "no memory"
    assert not {"resident_bytes", "footprint_bytes", "open_fds", "history", "next_commands",
                "status"} & process.keys()


def test_rates_of_the_node(start_exporter, tmp_path):
    host = FixtureHost("ordinary", tmp_path)

    def set_vmstat(pages):
        host.path("vmstat").write_text(f"pswpin {pages}\npswpout 0\npgmajfault 1\noom_kill 4\n")

    set_vmstat(0)
    exporter = start_exporter(*host.flags, "--trend.slot=200ms", "--scrape.min-interval=0s",
                              "--collector.disable-defaults")
    node = api.get(exporter, "node")["node"]
    assert node["oom_kills"] == 4 and "swap_in_bytes_per_second" not in node
    set_vmstat(1000)
    rate = wait_for("a rate", lambda: api.get(exporter, "node")["node"].get(
        "swap_in_bytes_per_second"))
    # In a fifth of a second at least.
    assert 0 < rate <= 1000 * os.sysconf("SC_PAGESIZE") / 0.2
    wait_for("its end", lambda: api.get(exporter, "node")["node"]["swap_in_bytes_per_second"] == 0)


@pytest.mark.parametrize("path", ["/", "/api/v1/processes", "/api/v1/processes/310", "/api/v1/node"])
def test_switched_off(start_exporter, path):
    exporter = start_exporter("--no-web.ui", *flags(FIXTURES / "ordinary"))
    assert exporter.get(path).status == 404
    assert exporter.get("/metrics").status == exporter.get("/-/ready").status == 200


def test_safely(start_safe_exporter, authority, server_certificate, tmp_path):
    """Users and TLS are asked for before the API and the page as before everything else."""
    flag = write(tmp_path / "web.yml", tls_server_config=tls_section(server_certificate),
                 basic_auth_users={"ann": bcrypt(MARK)})
    context = client_context(authority)
    exporter = start_safe_exporter(flag, context=context, user="ann", password=MARK)
    paths = ["/", *assets_of(exporter), "/assets/nothing", "/api/v1/processes",
             "/api/v1/processes/310", "/api/v1/groups", "/api/v1/cgroups", "/api/v1/node",
             "/api/v1/oom-kills", "/api/v1/nothing"]
    known = exporter.get("/api/v1/node").headers["etag"]
    for path in paths:
        assert exporter.get(path).status == (404 if "nothing" in path else 200), path
        for headers in ({}, {"Authorization": basic("ann", MARK + "x")},
                        {"If-None-Match": known}, {"If-None-Match": "*"}):
            stranger = web.request(exporter.url, path, headers=headers, context=context)
            assert stranger.status == 401, path
            assert "etag" not in stranger.headers and len(stranger.body) < 100
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            web.request(exporter.url.replace("https", "http"), path)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(exporter, method):
    assert exporter.get("/api/v1/processes", method=method).status == 405


def assets_of(exporter):
    page = exporter.get("/").text
    found = re.findall(r'(?:src|href)="(assets/[\w.]+)"', page)
    assert found
    return [f"/{each}" for each in found]


def test_the_page_and_its_files(exporter):
    """What a browser needs: whole, compressed, sent once, and allowed to do nothing else."""
    for path in ("/", *assets_of(exporter)):
        plain = exporter.get(path)
        assert plain.status == 200
        policy = plain.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert plain.headers["cache-control"] == "no-cache"
        packed = exporter.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert packed.headers["etag"] == plain.headers["etag"]
        again = exporter.get(path, headers={"If-None-Match": plain.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        assert exporter.get(path, method="HEAD").body == b""
    assert exporter.get("/assets/nothing.js").status == 404
    assert exporter.get("/assets/").status == 404


def test_everything_that_is_answered_is_documented(exporter):
    documents = [api.get(exporter, path) for path in ("processes", "groups", "cgroups", "node",
                                                      "oom-kills", "processes/310")]
    documents += [api.get(exporter, path, history="true", details="true")
                  for path in ("processes", "groups", "cgroups")]
    for document in documents:
        for process in (document.get("process"), *document.get("processes", ())):
            (process or {}).pop("status", None)  # the kernel's names
    undocumented = api.names_in(documents) - api.documented_names()
    assert not undocumented
