"""The image, built as deploy/container/README.md says. Its base is a tree of Debian 13 that was
made here; what takes long (packages, objects) is kept below build/container for the next time."""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile

import pytest

import readme
from support.exporter import REPOSITORY
from support.requirements import need_root, need_tool

TAG = "localhost/memleak-exporter:test"
KEPT = REPOSITORY / "build" / "container"
# Packages come from the network, and the machine may be busy.
BUILD_SECONDS = 1500
# What the machines of a build service may not raise.
LIMITS = ("--ulimit=nofile=20000:20000", "--ulimit=nproc=1000:1000")


def _run(*command, **kwargs):
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            timeout=BUILD_SECONDS, **kwargs)
    assert result.returncode == 0, "\n".join([*map(str, command), result.stdout[-6000:],
                                              result.stderr[-6000:]])
    return result.stdout.strip()


def _tree():
    """The tar of a Debian tree without anything in it."""
    made = subprocess.run([REPOSITORY / "tests" / "fresh" / "tree.sh", "trixie"], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=BUILD_SECONDS)
    last = (made.stdout.splitlines() or [""])[-1]
    if made.returncode == 77:
        pytest.skip(last)
    assert made.returncode == 0, made.stdout + made.stderr
    return pathlib.Path(last)


class Builder:
    """buildah with a storage of its own."""

    def __init__(self, scratch):
        need_root()
        self._buildah = (need_tool("buildah"), f"--root={KEPT}/storage", f"--runroot={scratch}/run",
                         "--storage-driver=overlay")
        # Names of registries are asked of nobody.
        self._env = os.environ | {"BUILDAH_ISOLATION": "chroot"}

    def _call(self, *arguments):
        return _run(*self._buildah, *arguments, env=self._env, cwd=REPOSITORY)

    def _base(self):
        """An image of the tree in which the first command of the Containerfile has run already, with
        a compiler cache; made anew when the tree or the list of packages is."""
        tree = _tree()
        script = REPOSITORY / "deploy" / "dependencies.sh"
        install, = re.findall(r"^RUN (deploy/dependencies.sh .*)$",
                              (readme.CONTAINER / "Containerfile").read_text(), re.M)
        key = hashlib.sha256(script.read_bytes() + install.encode()).hexdigest()[:12]
        name = f"localhost/debian-{tree.stem}:{key}-{tree.stat().st_mtime_ns}"
        if name not in self._call("images", "--format={{.Name}}:{{.Tag}}").split():
            # The last one, and what a build that was broken off has left.
            self._call("rm", "--all")
            self._call("rmi", "--all", "--force")
            container = self._call("from", "scratch")
            self._call("add", container, tree, "/")
            self._call("add", container, script, "/source/deploy/dependencies.sh")
            self._call("run", container, "sh", "-c", f"cd /source && {install}")
            self._call("run", container, "sh", "-c",
                       "apt-get -q update && apt-get -q -y install --no-install-recommends ccache"
                       " && apt-get clean && rm -r /var/lib/apt/lists/* /source")
            self._call("commit", "--rm", container, name)
        return name

    def build(self, archive):
        """Writes the image as `docker save` would; returns what it is told to be of."""
        cache = KEPT / "ccache"
        cache.mkdir(parents=True, exist_ok=True)
        assert readme.build_arguments().keys() == {"REVISION"}
        told = {"BASE": self._base(),
                "REVISION": _run("git", "-C", REPOSITORY, "rev-parse", "--short=12", "HEAD")}
        self._call("build", "--format=docker", *LIMITS,
                   f"--volume={cache}:/root/.cache/ccache",
                   *(f"--build-arg={name}={value}" for name, value in told.items()),
                   "--build-arg=CMAKE_C_COMPILER_LAUNCHER=ccache",
                   "--build-arg=CMAKE_CXX_COMPILER_LAUNCHER=ccache",
                   "--file=deploy/container/Containerfile", f"--tag={TAG}", ".")
        self._call("push", TAG, f"docker-archive:{archive}:{TAG}")
        self._call("rmi", TAG)
        return told


@contextlib.contextmanager
def locked():
    """Others may build at the same time."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Archive:
    """What `docker save` writes, of an image with one layer or several. `told`: the arguments that
    it was built with."""

    def __init__(self, path, told):
        self.path = path
        self.told = told
        with tarfile.open(path) as tar:
            manifest, = json.load(tar.extractfile("manifest.json"))
            self.config = json.load(tar.extractfile(manifest["Config"]))
            layers = [tar.extractfile(name).read() for name in manifest["Layers"]]
        self.members = {}
        self.contents = {}
        for layer in layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                for member in tar:
                    name = member.name.removeprefix("./").rstrip("/")
                    self.members[name] = member
                    if member.isreg():
                        self.contents[name] = tar.extractfile(member).read()

    def text(self, name):
        return self.contents[name].decode()
