"""The host that an exporter in a container is to see."""

import os
import shutil

import readme
from support import kernel, oom
from support.cgroups import Cgroup
from support.programs import Actor, copy_of_actor, unique

# A user that every Debian has, and that runs nothing.
DAEMON = {"user": 1, "group": 1, "extra_groups": []}
PATHS = ("--path.procfs=/host/proc", "--path.sysfs=/host/sys", "--path.rootfs=/host/root")
_LIMIT = 32 << 20


class Residents:
    """Who was there when this was made."""

    def __init__(self):
        self._first = kernel.with_memory()

    def pids(self):
        """Of those that are still there."""
        return {pid for pid, _ in self._first & kernel.with_memory()}

    def hidden_executables(self):
        """Those whose executable the sandbox that these tests run in keeps from root, too."""
        return {pid for pid in self.pids() if _hides_executable(pid)}


def _hides_executable(pid):
    try:
        os.readlink(f"/proc/{pid}/exe")
    except PermissionError:
        return True
    except FileNotFoundError:  # it has ended
        pass
    return False


class Victim:
    """A program that the kernel kills when it is told to, in a group of its own."""

    def __init__(self, stack, directory):
        self.group = unique("victims")
        top = Cgroup("/" + unique("memleak-e2e-victims"))
        stack.callback(top.remove)
        self._actor = Actor(path=copy_of_actor(directory, self.group))
        stack.callback(self._actor.kill)
        oom.small(top, "limited", _LIMIT).add(self._actor.pid)

    def die(self):
        oom.grow_until_killed(self._actor, 2 * _LIMIT)


def documented_options(podman):
    """Those of the README, but that the tree of `podman`'s storage stands for the host's: in it are
    the names of users and, where root alone may look, what podman knows of its containers."""
    podman.rootfs.chmod(0o755)
    etc = podman.rootfs / "etc"
    etc.mkdir(exist_ok=True)
    shutil.copy("/etc/passwd", etc)
    options = [option.replace("=/:/host/root", f"={podman.rootfs}:/host/root")
               for option in readme.run_options()]
    assert options != readme.run_options()
    return options
