"""A Debian tree to install packages in, unpacked and entered by chroot. Needs a mount namespace."""

import os
import pathlib
import shutil
import subprocess

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
           "tty": (5, 0), "kmsg": (1, 11)}
MOUNTED = ("proc", "sys", "dev")

# What every installation of whatever changes: databases, caches, logs, and copies of the user's files.
OF_THE_MACHINE = ("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "var/lib/systemd/catalog",
                  "etc/passwd-", "etc/shadow-", "etc/group-", "etc/gshadow-", "etc/.pwd.lock",
                  "etc/ld.so.cache", "tmp", "root")


class Tree:
    def __init__(self, root, tar):
        self.root = pathlib.Path(root)
        self.root.mkdir()
        subprocess.run(["tar", "-x", "-C", root, "-f", tar, "--numeric-owner"], check=True)
        # A mount point for a root, as a machine has.
        for words in (["--bind", root, root], ["-t", "proc", "proc", self.root / "proc"],
                      ["-t", "sysfs", "-o", "ro", "sysfs", self.root / "sys"],
                      ["-t", "tmpfs", "-o", "mode=755", "dev", self.root / "dev"]):
            subprocess.run(["mount", *words], check=True)
        for name, numbers in DEVICES.items():
            os.mknod(self.root / "dev" / name, 0o20666, os.makedev(*numbers))
            os.chmod(self.root / "dev" / name, 0o666)
        (self.root / "dev" / "fd").symlink_to("/proc/self/fd")
        for folder in ("pts", "shm"):
            (self.root / "dev" / folder).mkdir()
        os.chmod(self.root / "dev" / "shm", 0o1777)
        subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=666", "devpts",
                        self.root / "dev" / "pts"], check=True)
        (self.root / "dev" / "ptmx").symlink_to("pts/ptmx")
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                            "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb",
                            "DEBIAN_FRONTEND": "noninteractive"}
        self.environment |= {name: os.environ[name] for name in ("http_proxy", "https_proxy", "no_proxy")
                             if name in os.environ}

    def path(self, path):
        return self.root / path.lstrip("/")

    def put(self, file, path):
        shutil.copy(file, self.path(path))
        return path

    def command(self, *words):
        return ["chroot", str(self.root), *map(str, words)]

    def run(self, *words, status=0):
        """What it printed. It must end with `status`; None for whatever."""
        result = subprocess.run(self.command(*words), env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if status is not None and result.returncode != status:
            raise AssertionError(f"{' '.join(map(str, words))}: exit code {result.returncode}\n"
                                 f"{result.stdout[-4000:]}")
        return result.stdout

    def apt(self, *words):
        return self.run("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *words)

    def files(self):
        """Every path of the tree, but for what is mounted and what any installation changes."""
        found = set()
        for folder, folders, files in os.walk(self.root):
            here = os.path.relpath(folder, self.root)
            here = "" if here == "." else here + "/"
            folders[:] = [name for name in folders
                          if here + name not in MOUNTED and here + name not in OF_THE_MACHINE]
            found.update(here + name for name in folders + files if here + name not in OF_THE_MACHINE)
        return found
