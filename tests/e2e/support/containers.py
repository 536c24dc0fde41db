"""Real containers: podman and runc, with storage of their own and below a cgroup of their own."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

import pytest

from support.cgroups import need_memory_cgroups, remove_tree
from support.programs import Actor, helper, unique
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS

CGROUP_MOUNTS = pathlib.Path("/sys/fs/cgroup")
IMAGE = "actor:1"


def libraries_of(program):
    """What the dynamic loader would load, and the loader; nothing of a static program."""
    listing = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", listing)


class Podman:
    """One storage. `rootfs` is the tree in which it lies where podman's own would lie."""

    def __init__(self):
        need_memory_cgroups()
        self.binary = need_tool("podman")
        need_tool("runc")
        # Short: podman puts sockets there.
        self.rootfs = pathlib.Path(tempfile.mkdtemp(prefix="memleak-e2e-"))
        self.parent = "/" + unique("memleak-e2e-containers")
        self._containers = []
        storage = self.rootfs / "var/lib/containers/storage"
        storage.mkdir(parents=True)
        # Locks in files: the default is one file in /dev/shm that all storages share.
        configuration = self.rootfs / "containers.conf"
        configuration.write_text('[engine]\nlock_type = "file"\n')
        self._env = os.environ | {"CONTAINERS_CONF": str(configuration)}
        self.command = (
            self.binary, f"--root={storage}", f"--runroot={self.rootfs}/run",
            f"--tmpdir={self.rootfs}/tmp", "--storage-driver=vfs", "--cgroup-manager=cgroupfs",
            "--events-backend=file", "--runtime=runc")
        try:
            self._import_image()
            attempt = self._call("run", "--rm", *self.options("probe"), IMAGE, "/bin/busybox",
                                 "true")
            if attempt.returncode != 0:
                pytest.skip("needs a podman that can run containers: " + attempt.stderr.strip())
        except BaseException:
            self.close()
            raise

    def _call(self, *arguments):
        return subprocess.run([*self.command, *arguments], env=self._env, cwd=self.rootfs,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=DEADLINE_SECONDS)

    def call(self, *arguments):
        result = self._call(*arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def _import_image(self):
        """From scratch: the actor, what it is linked to, and busybox."""
        files = {"/bin/busybox": need_tool("busybox"), "/bin/actor": helper("actor")}
        for program in list(files.values()):
            files.update({path: path for path in libraries_of(program)})
        archive = self.rootfs / "image.tar"
        with tarfile.open(archive, "w", dereference=True) as tar:
            for name, path in files.items():
                tar.add(path, name)
        self.call("import", archive, IMAGE)
        archive.unlink()

    def options(self, name):
        return (f"--name={name}", "--network=host", f"--cgroup-parent={self.parent}",
                "--ulimit=nofile=20000:20000", "--ulimit=nproc=1000:1000", "--pull=never")

    def run_command(self, name, *options, cidfile):
        """The command line that runs the image in the foreground."""
        return (*self.command, "run", "--interactive", f"--cidfile={cidfile}",
                *self.options(name), *options, IMAGE)

    def start_actor(self, name, *options):
        self._containers.append(Container(self, name, options))
        return self._containers[-1]

    @property
    def environment(self):
        return {"CONTAINERS_CONF": self._env["CONTAINERS_CONF"]}

    def remove(self, container_id):
        self.call("rm", "--force", "--time=0", container_id)

    def close(self):
        for container in self._containers:
            container.remove()
        for identity in self._call("ps", "--all", "--quiet", "--no-trunc").stdout.split():
            self.remove(identity)
        # Both the containers' own and the one of their monitors.
        for mount in CGROUP_MOUNTS.iterdir():
            remove_tree(f"{mount}{self.parent}")
        shutil.rmtree(self.rootfs)


class Container(Actor):
    """An actor that runs as the first process of a container."""

    def __init__(self, podman, name, options):
        self._podman = podman
        self._removed = False
        cidfile = podman.rootfs / f"{name}.cid"
        cidfile.unlink(missing_ok=True)
        program, *arguments = podman.run_command(name, *options, cidfile=cidfile)
        # Its monitor leaves a file where it was started, after an OOM kill.
        super().__init__(*arguments, "/bin/actor", path=program, cwd=podman.rootfs,
                         env=os.environ | podman.environment)
        self.id = cidfile.read_text()

    @property
    def pid(self):
        """Of the actor, not of podman."""
        state = json.loads(self._podman.call("inspect", self.id))[0]["State"]
        return state["Pid"]

    @property
    def cgroup(self):
        """As the kernel shows it in our cgroup namespace."""
        text = pathlib.Path(f"/proc/{self.pid}/cgroup").read_text()
        return re.search(r"^\d+:memory:(.*)$", text, re.M)[1]

    def execute(self, *command):
        return self._podman.call("exec", self.id, *command)

    def remove(self):
        if self._removed:
            return
        self._removed = True
        self._podman.remove(self.id)
        if self.process.poll() is None:
            self.process.wait(timeout=DEADLINE_SECONDS)
        self.process.stdin.close()
        self.process.stdout.close()
