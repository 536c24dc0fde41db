"""The hosts that tests/vm/guest/tree makes, recorded or live: what is exported of them, written by hand,
and what their files say."""

import pathlib
import subprocess

from support import cgroups
from support.exporter import REPOSITORY

RECORDINGS = REPOSITORY / "tests" / "recordings"

# The kernel charges ahead, up to 64 pages of 4 KiB on each of the 2 CPUs.
CHARGED_AHEAD = 2 * 64 * 4096

TAIL = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6"
UIDS = {"web-5d4f9c7b8-x2x7q": "0c1d7a3e-5b52-4b0e-9a51-3f6d1f2a7c01",
        "api-0": "1f0e8d2c-77aa-4c3b-8e19-64a0b5c9d202",
        "db-0": "2a9b7c6d-1234-4f5e-a1b2-c3d4e5f60303"}
USER = "/user.slice/user-1000.slice"
UNITS = {
    "/init.scope": "init.scope",
    "/system.slice/nginx.service": "nginx.service",
    "/system.slice/queue.service": "queue.service",
    "/system.slice/backup.service": "backup.service",
    "/system.slice/system-postgresql.slice/postgresql@15-main.service":
        "postgresql@15-main.service",
    f"{USER}/user@1000.service": "user@1000.service",
    f"{USER}/session-1.scope": "session-1.scope",
}


def container_id(digits):
    return digits * 8 + TAIL


def _v2_pod(name, qos=""):
    slices = f"/kubepods-{qos}.slice" if qos else ""
    qos = f"-{qos}" if qos else ""
    return f"/kubepods.slice{slices}/kubepods{qos}-pod{UIDS[name].replace('-', '_')}.slice"


def _v2_container(digits):
    return f"/cri-containerd-{container_id(digits)}.scope"


BEST_EFFORT = _v2_pod("web-5d4f9c7b8-x2x7q", "besteffort")
BURSTABLE = _v2_pod("api-0", "burstable")
GUARANTEED = _v2_pod("db-0")
V2_KINDS = {
    "unit": set(UNITS),
    "pod": {BURSTABLE, GUARANTEED},
    # Limited ones; the outermost of a branch, as below a limited slice nothing is counted again.
    "slice": {"/kubepods.slice", "/system.slice/system-postgresql.slice", USER},
    "container": {
        BEST_EFFORT + _v2_container("3a"), BEST_EFFORT + _v2_container("3b"),
        BURSTABLE + _v2_container("4a"), BURSTABLE + _v2_container("4b"),
        BURSTABLE + _v2_container("4c"),
        GUARANTEED + _v2_container("5a"), GUARANTEED + _v2_container("5b"),
        f"/machine.slice/libpod-{container_id('2b')}.scope",
        f"/system.slice/docker-{container_id('6a')}.scope",
        # A container in a container: the inner one.
        f"/system.slice/docker-{container_id('7a')}.scope/docker/{container_id('7b')}",
    },
}


def _v1_pod(name, qos=""):
    return f"/kubepods/{qos}{'/' if qos else ''}pod{UIDS[name]}"


V1_BEST_EFFORT = _v1_pod("web-5d4f9c7b8-x2x7q", "besteffort")
V1_BURSTABLE = _v1_pod("api-0", "burstable")
V1_GUARANTEED = _v1_pod("db-0")
V1_KINDS = {
    "unit": set(UNITS),
    "pod": {V1_BURSTABLE, V1_GUARANTEED},
    "slice": {"/kubepods", "/system.slice/system-postgresql.slice", USER},
    "container": {
        f"{V1_BEST_EFFORT}/{container_id('3a')}", f"{V1_BEST_EFFORT}/{container_id('3b')}",
        f"{V1_BURSTABLE}/{container_id('4a')}", f"{V1_BURSTABLE}/{container_id('4b')}",
        f"{V1_BURSTABLE}/{container_id('4c')}",
        f"{V1_GUARANTEED}/{container_id('5a')}", f"{V1_GUARANTEED}/{container_id('5b')}",
        f"/libpod_parent/libpod-{container_id('2b')}",
        f"/docker/{container_id('6a')}",
        f"/docker/{container_id('7a')}/docker/{container_id('7b')}",
    },
}
# By the first digits of a container's id: (namespace, pod, container) in the node's log folders. The
# sandboxes ("pause": 3a, 4a, 5a) have no logs, so of them only the pod is known.
NAMES = {
    "3a": ("shop", "web-5d4f9c7b8-x2x7q", None), "3b": ("shop", "web-5d4f9c7b8-x2x7q", "web"),
    "4a": ("shop", "api-0", None), "4b": ("shop", "api-0", "api"),
    "4c": ("shop", "api-0", "indexer"),
    "5a": ("data", "db-0", None), "5b": ("data", "db-0", "db"),
}


def unpack(archive, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x", "-f", archive, "-C", folder, "--no-same-owner"], check=True)
    return folder


class Recording:
    """The files of one host, `root` being where its `proc` and `sys` are."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        v1 = self.root / "sys/fs/cgroup/memory"
        self.v2 = not v1.is_dir()
        self.tree = v1.parent if self.v2 else v1
        self.kinds = V2_KINDS if self.v2 else V1_KINDS

    def directory(self, label):
        return self.tree / label.lstrip("/")

    def values(self, label):
        return (cgroups.v2_values if self.v2 else cgroups.v1_values)(self.directory(label))

    def chain(self, label):
        """The values of a cgroup and all above it but the root, which has no limit."""
        path = pathlib.PurePosixPath(label)
        return [self.values(str(above)) for above in (path, *path.parents) if above.name]
