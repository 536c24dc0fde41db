"""Names of containers from the files of the host: who has them, and files that nobody should trust.

The cgroups and their processes are real ones of this machine; the files lie in a tree of the
test's.
"""

import json
import os
import pathlib
import time

import pytest

from support.cgroups import Cgroup, labels_of, need_memory_cgroups
from support.exporter import EXPORT_ALL
from support.programs import unique
from support.requirements import need_mount_namespace, need_nobody

# All have containers of the same names: two at once would see each other's.
pytestmark = pytest.mark.xdist_group("container names")

FLAGS = (*EXPORT_ALL, "--cgroup.limit=100000")
DENIED = "memleak_scrape_reads_denied_total"
STUCK = "memleak_slow_reads_stuck"
UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
POD_LOGS = f"shop_checkout-7c9d8b6f5d-x2x7q_{UID}"
IDS = {"app": "a1" * 32, "docker": "d0" * 32, "podman": "9f" * 32}
NAMES = {
    "app": {"namespace": "shop", "pod": "checkout-7c9d8b6f5d-x2x7q", "container": "app"},
    "docker": {"container": "web"},
    "podman": {"container": "queue"},
}


class Host:
    """One container of each kind: where its process lives, and what the host's files say of it."""

    def __init__(self, top, start_actor):
        self.cgroups = {
            "app": top.child("kubepods").child("burstable").child("pod" + UID).child(IDS["app"]),
            "docker": top.child("docker").child(IDS["docker"]),
            "podman": top.child("libpod_parent").child("libpod-" + IDS["podman"]),
        }
        self.actors = {}
        for name, cgroup in self.cgroups.items():
            self.actors[name] = start_actor()
            cgroup.add(self.actors[name].pid)

    def names_in(self, body):
        """{container: its names, as on its cgroup}, the same on all that its process has."""
        found = {}
        for name, cgroup in self.cgroups.items():
            labels = labels_of(body, cgroup.label)
            found[name] = {key: labels[key] for key in ("namespace", "pod", "container")
                           if key in labels}
            info = body.labels("memleak_process_info", pid=str(self.actors[name].pid))
            assert info["container_id"] == IDS[name]
            assert {key: info[key] for key in ("namespace", "pod", "container")
                    if key in info} == found[name]
        return found


@pytest.fixture(scope="module")
def host(start_shared_actor):
    need_memory_cgroups()
    top = Cgroup("/" + unique("memleak-e2e-names"))
    host = Host(top, start_shared_actor)
    yield host
    for actor in host.actors.values():
        actor.kill()
    top.remove()


class Files:
    """The host's root as a container runtime and the kubelet fill it."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.pods = self.root / "var/log/pods"
        self.links = self.root / "var/log/containers"
        self.docker = self.root / "var/lib/docker/containers" / IDS["docker"]
        self.podman = self.root / "var/lib/containers/storage/overlay-containers"
        for directory in (self.pods, self.links, self.docker, self.podman):
            directory.mkdir(parents=True)

    @property
    def link(self):
        return self.links / f"checkout-7c9d8b6f5d-x2x7q_shop_app-{IDS['app']}.log"

    @property
    def config(self):
        return self.docker / "config.v2.json"

    @property
    def storage(self):
        return self.podman / "containers.json"

    def write_pod(self):
        (self.pods / POD_LOGS / "app").mkdir(parents=True)
        (self.pods / POD_LOGS / "app/0.log").write_text("")
        self.link.symlink_to(f"/var/log/pods/{POD_LOGS}/app/0.log")

    def write_docker(self, name="/web"):
        self.config.write_text(json.dumps({"ID": IDS["docker"], "Name": name,
                                           "Config": {"Labels": {}}}))

    def write_podman(self, names=("queue",)):
        self.storage.write_text(json.dumps([{"id": IDS["podman"], "names": list(names)}]))

    def write_all(self):
        self.write_pod()
        self.write_docker()
        self.write_podman()


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "root")


def start_with(start_exporter, files, *flags, **kwargs):
    return start_exporter(*FLAGS, f"--path.rootfs={files.root}", *flags, **kwargs)


def until_names(exporter, host, expected):
    return exporter.scrape_until(
        f"the names {expected}", lambda body: all(
            body.has("memleak_process_info", pid=str(actor.pid))
            for actor in host.actors.values()) and host.names_in(body) == expected)


def test_names_of_all(start_exporter, host, files):
    files.write_all()
    body = until_names(start_with(start_exporter, files), host, NAMES)
    info = body.labels("memleak_process_info", pid=str(host.actors["app"].pid))
    assert info["group"] == "shop/checkout/app"
    assert body.labels("memleak_group_processes", group="shop/checkout/app") == {
        "group": "shop/checkout/app", "namespace": "shop", "container": "app"}
    # Outside of Kubernetes a name of a container names no group.
    for name in ("docker", "podman"):
        info = body.labels("memleak_process_info", pid=str(host.actors[name].pid))
        assert info["group"] == "actor"


def test_files_that_come_later(start_exporter, host, files):
    """Each kind on its own; what is unknown is asked for again."""
    exporter = start_with(start_exporter, files)
    nothing = {name: {} for name in NAMES}
    until_names(exporter, host, nothing)
    known = dict(nothing)
    for name, write in (("podman", files.write_podman), ("app", files.write_pod),
                        ("docker", files.write_docker)):
        write()
        known[name] = NAMES[name]
        until_names(exporter, host, known)


def test_a_process_that_moves(start_exporter, start_actor, host, files):
    """A runtime's first process is moved into its container: names and group follow at once."""
    files.write_all()
    exporter = start_with(start_exporter, files)
    until_names(exporter, host, NAMES)
    actor = start_actor()
    pid = str(actor.pid)
    body = exporter.scrape_until("the actor", lambda body: body.of_pid(pid))
    assert "container" not in body.labels("memleak_process_info", pid=pid)
    for name, group in (("app", "shop/checkout/app"), ("docker", "actor"), ("podman", "actor"),
                        ("app", "shop/checkout/app")):
        host.cgroups[name].add(pid)
        body = exporter.scrape()
        for sample, labels in body.samples:
            if ("pid", pid) in labels:
                found = {key: value for key, value in labels
                         if key in ("namespace", "pod", "container")}
                assert (found, dict(labels)["group"]) == (NAMES[name], group), sample
        assert body.labels("memleak_process_info", pid=pid)["container_id"] == IDS[name]
        assert body.value("memleak_group_processes", group="shop/checkout/app") == (
            2 if name == "app" else 1)


def test_names_outlive_their_files(start_exporter, host, files):
    """Logs are rotated and removed while a container runs: what was known stays known."""
    files.write_all()
    exporter = start_with(start_exporter, files)
    until_names(exporter, host, NAMES)
    files.link.unlink()
    (files.pods / POD_LOGS / "app/0.log").unlink()
    (files.pods / POD_LOGS / "app").rmdir()
    (files.pods / POD_LOGS).rmdir()
    for _ in range(5):
        assert host.names_in(exporter.scrape()) == NAMES


def test_links_are_followed_within_the_root_only(start_exporter, host, files, tmp_path):
    """/var/log is a link on some hosts, an absolute one: it leads to the host's, not to ours."""
    files.write_all()
    elsewhere = files.root / "data/log"
    elsewhere.parent.mkdir()
    (files.root / "var/log").rename(elsewhere)
    (files.root / "var/log").symlink_to("/data/log")
    until_names(start_with(start_exporter, files), host, NAMES)


def _link_to(target):
    def write(path):
        path.symlink_to(target)
    return write


def _hold(content):
    def write(path):
        path.write_bytes(content)
    return write


# Instead of the state file of Docker or Podman.
BAD_FILES = {
    "a FIFO": os.mkfifo,
    "a directory": os.mkdir,
    "endless": _link_to("/dev/zero"),
    "a dangling link": _link_to("/nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a file of the exporter's": lambda path: path.symlink_to(path.parents[6] / "outside"),
    "a link upwards": lambda path: path.symlink_to("../" * 20 + str(path.parents[6] / "outside")),
    "empty": _hold(b""),
    "no JSON": _hold(b"\x00\xff\xfe{]"),
    "cut": _hold(b'[{"id": "' + IDS["podman"].encode()),
    "nested without end": _hold(b"[" * 1_000_000),
    "objects without end": _hold(b'{"a":' * 500_000),
    "large": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40),
}


@pytest.mark.parametrize("write", BAD_FILES.values(), ids=BAD_FILES.keys())
@pytest.mark.parametrize("whose", ["docker", "podman"])
def test_bad_state_file(start_exporter, host, files, write, whose):
    """Costs its own names, and nobody else's."""
    files.write_all()
    path = files.config if whose == "docker" else files.storage
    # Right for both; what a link that leaves the root would find.
    (path.parents[6] / "outside").write_bytes(path.read_bytes())
    path.unlink()
    write(path)
    expected = NAMES | {whose: {}}
    exporter = start_with(start_exporter, files)
    until_names(exporter, host, expected)
    for _ in range(5):
        body = exporter.scrape()
        assert host.names_in(body) == expected
        assert body.value(STUCK) == 0


BAD_NAMES = {
    "a line break": "/web\n# EOF\n",
    "quotes": '/we"b\\',
    "too long": "/" + "w" * 5000,
    "invalid": "/\ud800",
    "a number": 17,
    "a list": ["web"],
    "nothing": None,
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_bad_docker_name(start_exporter, host, files, name):
    """Bounded and valid or absent; the parsers would refuse the rest."""
    files.write_all()
    files.write_docker(name)
    exporter = start_with(start_exporter, files)
    body = exporter.scrape_until("the others' names", lambda body: body.has(
        "memleak_process_info", pid=str(host.actors["docker"].pid)) and {
            **host.names_in(body), "docker": None} == {**NAMES, "docker": None})
    found = host.names_in(exporter.scrape())["docker"].get("container", "")
    assert len(found.encode()) <= 253
    exporter.scrape(openmetrics=False)


# Beside the good ones.
BAD_LOGS = {
    "odd bytes": b"\xff\xfe_x_\x01\n\"",
    "a line break": f"shop\n_checkout_{UID}".encode(),
    "no parts": b"nothing",
    "only separators": b"____",
    "empty parts": f"__{UID}".encode(),
    "upper case": f"SHOP_CHECKOUT_{UID}".encode(),
    "markup": f"<script>_\"}} 1_{UID}".encode(),
    "a longer uid": f"other_pod_{UID}0".encode(),
    "255 bytes": b"n" * 255,
}


@pytest.mark.parametrize("kind", [os.mkdir, os.mkfifo, _link_to("/"), _link_to("/nowhere"),
                                  _hold(b"text")],
                         ids=["directory", "FIFO", "link to the root", "dangling link", "file"])
def test_bad_log_folders(start_exporter, host, files, kind):
    """All of them at once, in both places."""
    files.write_all()
    for name in BAD_LOGS.values():
        for directory in (files.pods, files.links):
            kind(pathlib.Path(os.fsdecode(os.path.join(os.fsencode(directory), name))))
    # Links of the right form that lead nowhere, or out of the root, tell names all the same.
    files.link.unlink()
    files.link.symlink_to("../" * 20 + "etc/passwd")
    body = until_names(start_with(start_exporter, files), host, NAMES)
    assert body.value(STUCK) == 0


def test_a_log_of_somebody_elses_pod(start_exporter, host, files):
    """The id of a container and the uid of its pod must fit together."""
    files.write_docker()
    files.write_podman()
    other = UID.replace("0", "1")
    (files.pods / f"evil_thief-0_{other}" / "stolen").mkdir(parents=True)
    (files.links / f"thief-0_evil_stolen-{'b2' * 32}.log").symlink_to(
        f"/var/log/pods/evil_thief-0_{other}/stolen/0.log")
    exporter = start_with(start_exporter, files)
    until_names(exporter, host, NAMES | {"app": {}})
    files.write_pod()
    until_names(exporter, host, NAMES)


# Mounts a file system that never answers at its first argument and becomes the rest: the program
# holds the server's end itself, so that it goes when the program goes.
HANG = """
import ctypes, os, sys
server = os.open("/dev/fuse", os.O_RDWR)
os.set_inheritable(server, True)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"hang", os.fsencode(sys.argv[1]), b"fuse.hang", 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize("where, lost", [("var/log/containers", "app"),
                                         ("var/lib/docker/containers", "docker"),
                                         ("var/lib/containers/storage", "podman")])
def test_a_file_system_that_hangs(start_exporter, host, files, where, lost):
    """Only the names that are kept on it are missing, and nothing waits for them."""
    need_mount_namespace()
    if not os.path.exists("/dev/fuse"):
        pytest.skip("needs /dev/fuse")
    files.write_all()
    wrapper = ("unshare", "--mount", "--", "/usr/bin/python3", "-c", HANG, files.root / where)
    # At its end the leak checker of a sanitizer build would wait for the thread that hangs.
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    exporter = start_with(start_exporter, files, wrapper=wrapper, env={"ASAN_OPTIONS": options})
    body = exporter.scrape_until("the stuck look", lambda body: body.value(STUCK) == 1)
    found = until_names(exporter, host, NAMES | {lost: host.names_in(body)[lost]})
    assert "container" not in host.names_in(found)[lost]
    start = time.monotonic()
    exporter.stop()
    assert time.monotonic() - start < 10


def test_files_that_may_not_be_read(start_exporter, host, public_directory, public_binary):
    """As Docker's are for whoever is not root: no name, which is counted and said once."""
    files = Files(pathlib.Path(public_directory) / "root")
    files.write_all()
    (files.root / "var/lib/docker").chmod(0o700)
    exporter = start_with(start_exporter, files, binary=public_binary, wrapper=need_nobody())
    denied = {"field": "container_names"}
    body = exporter.scrape_until("the refusal", lambda body: body.value(DENIED, **denied) > 0)
    assert body.has("memleak_process_info", **NAMES["app"])
    assert not body.has("memleak_process_info", container="web")
    before = body.value(DENIED, **denied)
    exporter.scrape_until("the next", lambda body: body.value(DENIED, **denied) > before)
    said = [line for line in exporter.log().splitlines() if "field=container_names" in line]
    assert len(said) == 1 and "needs=CAP_DAC_READ_SEARCH" in said[0]
