"""Trees of cgroups (v2) that this machine cannot have: nested runtimes, bad names, bad files."""

import pytest

from support import cgroups
from support.exporter import EXPORT_ALL
from support.node_of_pods import MIB, NodeOfPods

FLAGS = (*EXPORT_ALL, "--cgroup.limit=100000")
USAGE = "memleak_cgroup_memory_usage_bytes"
OUTER, INNER, INNERMOST = "a" * 64, "b" * 64, "c" * 64
UID = "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"
OTHER_UID = UID.replace("0", "1")


@pytest.fixture
def host(tmp_path):
    return NodeOfPods(tmp_path / "host")


def scrape(start_exporter, host):
    host.settle()
    exporter = start_exporter(*host.flags, *FLAGS)
    return exporter.scrape_until("all names", lambda body: body.value(
        "memleak_scrape_processes", result="pending") == 0)


# A cluster in a container (kind), docker in docker in it, users' managers, slices in slices: where
# processes are, with their MiB; what is limited; and what each kind consists of. By hand.
POD = "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod"
NODE = f"/system.slice/docker-{OUTER}.scope"
OUTER_POD = f"{NODE}{POD}{UID}.slice"
CONTAINER = f"{OUTER_POD}/cri-containerd-{INNER}.scope"
NESTED_POD = f"{CONTAINER}{POD}{OTHER_UID}.slice"
NESTED_CONTAINER = f"{NESTED_POD}/cri-containerd-{INNERMOST}.scope"
USER = "/user.slice/user-1000.slice"
MANAGER = f"{USER}/user@1000.service"
PROCESSES = {
    f"{NODE}/init.scope": 10,
    f"{NODE}/system.slice/kubelet.service": 40,
    f"{CONTAINER}/dockerd": 30,
    NESTED_CONTAINER: 20,
    f"{MANAGER}/init.scope": 5,
    f"{MANAGER}/app.slice/app-editor.scope": 300,
    f"{MANAGER}/app.slice/podman-7.scope": 8,
    f"{USER}/session-2.scope": 15,
    "/a.slice/a-b.slice/a-b-c.slice/unit.service": 50,
    "/a.slice/other.service": 25,
    "/custom/deep/er": 35,
}
LIMITED = {
    NODE: 4000, OUTER_POD: 2000, CONTAINER: 1000, NESTED_POD: 500, NESTED_CONTAINER: 100,
    USER: 3000, MANAGER: 2500, f"{MANAGER}/app.slice": 2000,
    f"{MANAGER}/app.slice/app-editor.scope": 1500,
    "/a.slice": 900, "/a.slice/a-b.slice/a-b-c.slice": 400, "/custom/deep": 90,
}
KINDS = {
    "container": {NESTED_CONTAINER: 20},
    "pod": {OUTER_POD: 50},
    "unit": {MANAGER: 313, f"{USER}/session-2.scope": 15, "/init.scope": 8,
             "/a.slice/a-b.slice/a-b-c.slice/unit.service": 50, "/a.slice/other.service": 25},
    "slice": {USER: 328, "/a.slice": 75, "/custom/deep": 35},
}


def test_nested_kinds_are_counted_once(start_exporter, host):
    for cgroup, limit in LIMITED.items():
        host.make_cgroup(cgroup, limit * MIB)
    for cgroup, size in PROCESSES.items():
        host.add_process(cgroup, "/usr/bin/program", anon=size * MIB)
    body = scrape(start_exporter, host)
    found = {}
    for labels, value in body.find("memleak_cgroup_anon_memory_bytes"):
        found.setdefault(labels["kind"], {})[labels["cgroup"]] = value // MIB
    # A label that would be too long is cut, and ends in a hash.
    [cut] = found["container"]
    assert cut[-17] == "#" and NESTED_CONTAINER.startswith(cut[:-17])
    assert found == KINDS | {"container": {cut: 20}}
    # Every limit above counts, also those that no series shows.
    for paths in KINDS.values():
        for path in paths:
            label = cut if path == NESTED_CONTAINER else path
            ends = [end for end in range(1, len(path) + 1) if path[end:end + 1] in ("/", "")]
            above = [path[:end] for end in ends]
            chain = [cgroups.v2_values(host.cgroup_directory(each)) for each in above]
            assert cgroups.exported(body, label)["headroom_bytes"] == cgroups.headroom(
                chain, cgroups.node_headroom(body))


HOSTILE = {
    "a line break": "two\nlines\n# EOF",
    "exposition syntax": 'x{a="b"} 1 # {',
    "backslashes": "\\n\\",
    "invalid": "\udcff\udcfe",
    "255 bytes": "l" * 255,
    "markup": "<script>alert()",
    "blank": " ",
}


@pytest.mark.parametrize("suffix", ["", ".service", ".slice", ".scope"])
def test_hostile_names(start_exporter, host, suffix):
    """All beside each other; each has its figures, and its neighbours theirs."""
    names = [(name + suffix)[-255:] for name in HOSTILE.values()]
    for number, name in enumerate(names):
        host.make_cgroup(f"/top/{name}", (100 + number) * MIB)
        host.add_process(f"/top/{name}", "/usr/bin/program", anon=(number + 1) * MIB)
    host.add_unit("good.service", "/usr/bin/good", 10 * MIB)
    body = scrape(start_exporter, host)
    kind = "unit" if suffix in (".service", ".scope") else "slice"
    found = {labels["cgroup"]: value for labels, value in body.find(
        "memleak_cgroup_memory_limit_bytes", kind=kind)}
    assert sorted(found.values()) == [(100 + number) * MIB for number in range(len(names))]
    # As on the processes in them.
    assert found.keys() == {labels["cgroup"] for labels, _ in body.find(
        "memleak_process_info", exe="/usr/bin/program")}
    assert body.value("memleak_cgroup_anon_memory_bytes", unit="good.service") == 10 * MIB


def _anon(value):
    """One number of memory.stat that is none, among others that are."""
    return lambda text: text.replace(f"anon {10 * MIB}\n", f"anon {value}\n")


# (file, what became of its text, what is gone then)
MEMORY_STAT = {"anon_memory_bytes", "shmem_memory_bytes", "page_cache_bytes", "footprint_bytes",
               "unreclaimable_memory_bytes", "headroom_bytes"}
LIMIT = {"memory_limit_bytes", "headroom_bytes"}
BROKEN = {
    "memory.stat empty": ("memory.stat", lambda text: "", MEMORY_STAT),
    "memory.stat cut": ("memory.stat", lambda text: text[:len(text) // 4], MEMORY_STAT),
    "memory.stat cut in a number": ("memory.stat", lambda text: text[:-2], MEMORY_STAT),
    "memory.stat with a word": ("memory.stat", _anon("many"), MEMORY_STAT),
    "memory.stat negative": ("memory.stat", _anon(-4096), MEMORY_STAT),
    "memory.stat too large": ("memory.stat", _anon(1 << 70), MEMORY_STAT),
    "memory.stat of NULs": ("memory.stat", lambda text: "\0" * len(text), MEMORY_STAT),
    "memory.max with a word": ("memory.max", lambda text: "much\n", LIMIT),
    "memory.max empty": ("memory.max", lambda text: "", LIMIT),
    "memory.swap.current": ("memory.swap.current", lambda text: "x\n", {"swap_memory_bytes"}),
}


@pytest.mark.parametrize("file, edit, gone", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files(start_exporter, host, file, edit, gone):
    """What cannot be understood is absent, never 0, and counted; the neighbour is whole."""
    host.add_unit("broken.service", "/usr/bin/broken", 10 * MIB, limit=100 * MIB)
    host.add_unit("whole.service", "/usr/bin/whole", 20 * MIB, limit=100 * MIB)
    host.settle()
    path = host.cgroup_directory("/system.slice/broken.service") / file
    text = path.read_text()
    assert edit(text) != text
    path.write_text(edit(text))
    body = start_exporter(*host.flags, *FLAGS).scrape()
    broken = cgroups.exported(body, "/system.slice/broken.service")
    assert not broken.keys() & gone
    if "memory_usage_bytes" in broken:
        assert broken["processes"] == 1
    whole = cgroups.exported(body, "/system.slice/whole.service")
    assert whole.keys() >= cgroups.FAMILIES
    assert body.value("memleak_scrape_collector_success", collector="cgroup") == 1
    if file != "memory.swap.current":
        assert body.value("memleak_scrape_cgroups", result="malformed") == 1


def test_missing_usage(start_exporter, host):
    """A cgroup for which the controller is off has no such files: no series, and no complaint."""
    host.add_unit("off.service", "/usr/bin/off", 10 * MIB)
    host.settle()
    for path in host.cgroup_directory("/system.slice/off.service").glob("memory.*"):
        path.unlink()
    body = start_exporter(*host.flags, *FLAGS).scrape()
    assert not cgroups.exported(body, "/system.slice/off.service")
    assert body.value("memleak_scrape_cgroups", result="malformed") == 0
    assert body.has("memleak_process_info", unit="off.service")


@pytest.mark.parametrize("kernel", ["without swap", "before 5.18"])
def test_older_kernels(start_exporter, host, kernel):
    host.add_unit("old.service", "/usr/bin/old", 10 * MIB, limit=100 * MIB)
    host.settle()
    directory = host.cgroup_directory("/system.slice/old.service")
    if kernel == "without swap":
        (directory / "memory.swap.current").unlink()
        (directory / "memory.swap.max").unlink()
    else:
        stat = directory / "memory.stat"
        lines = stat.read_text().splitlines(True)
        stat.write_text("".join(line for line in lines
                                if not line.startswith(("kernel ", "swapcached", "pagetables"))))
    body = start_exporter(*host.flags, *FLAGS).scrape()
    expected = cgroups.v2_values(directory)
    found = cgroups.exported(body, "/system.slice/old.service")
    assert {name: found.get(name) for name in expected} == expected
    assert ("swap_memory_bytes" in found) == (kernel != "without swap")
    assert found["footprint_bytes"] == 10 * MIB


def test_a_very_wide_and_a_very_deep_tree(start_exporter, host):
    """Somebody with a subtree of his own may make what he likes: what is beyond the bounds is
    counted, and the exporter goes on."""
    host.add_unit("good.service", "/usr/bin/good", 10 * MIB, limit=100 * MIB)
    host.settle()
    wide = host.cgroup_directory("/wide")
    wide.mkdir()
    for number in range(25_000):
        (wide / str(number)).mkdir()
    deep = host.cgroup_directory("/deep")
    for _ in range(60):
        deep.mkdir()
        deep = deep / "d"
    exporter = start_exporter(*host.flags, *FLAGS)
    body = exporter.scrape()
    assert body.value("memleak_scrape_cgroups", result="skipped") > 0
    assert body.value("memleak_cgroup_memory_limit_bytes", unit="good.service") == 100 * MIB
    assert body.value("memleak_scrape_collector_success", collector="cgroup") == 1
