"""A tree that has been booted: its own systemd as the first process, a network of its own, and nothing
of this machine's but the kernel."""

import os
import pathlib
import pty
import subprocess
import threading

from support.exposition import Body
from support.waiting import wait_for

BOOT = pathlib.Path(__file__).with_name("boot.sh")


class Machine:
    def __init__(self, tree, cgroup):
        self._tree = tree
        self._console = bytearray()
        # So that the processes of this namespace can be found.
        subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "run", tree.path("/run")], check=True)
        self._terminal, slave = pty.openpty()
        tree.path("/dev/console").touch()
        subprocess.run(["mount", "--bind", os.ttyname(slave), tree.path("/dev/console")], check=True)
        # Nobody asks for a console that is not read.
        threading.Thread(target=self._read_console, daemon=True).start()
        self._process = subprocess.Popen([BOOT, tree.root, cgroup], stdin=subprocess.DEVNULL,
                                         start_new_session=True)
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            self._init, = wait_for("the first process",
                                   lambda: self._is_up() and children.read_text().split())
            wait_for("systemd", lambda: self.run("systemctl", "is-system-running", status=None).strip()
                     in ("running", "degraded"))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._console.decode(errors='replace')[-4000:]}") from None

    def _is_up(self):
        assert self._process.poll() is None, "systemd has ended"
        return True

    def _read_console(self):
        while True:
            try:
                self._console += os.read(self._terminal, 4096)
            except OSError:
                return

    def run(self, *words, status=0):
        """What it printed. It must end with `status`; None for whatever."""
        self._is_up()
        enter = ["nsenter", "-t", self._init, "-m", "-p", "-n", "-i", "-u", "-C", "--"]
        result = subprocess.run(enter + self._tree.command(*words), env=self._tree.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        if status is not None and result.returncode != status:
            raise AssertionError(f"{' '.join(map(str, words))}: exit code {result.returncode}\n"
                                 f"{result.stdout[-4000:]}\n{self._log()}")
        return result.stdout

    def _log(self):
        return subprocess.run(["journalctl", "--no-pager", "-n", "30", "-D",
                               self._tree.path("/run/log/journal")], capture_output=True, text=True).stdout

    def apt(self, *words):
        return self.run("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *words)

    def show(self, unit, name):
        return self.run("systemctl", "show", "-P", name, unit).strip()

    def get(self, url, *more):
        # Silent: what it says of an attempt that was made too early would stand before the answer.
        return self.run("curl", "-s", "--fail", "--retry", "20", "--retry-delay", "1",
                        "--retry-connrefused", *more, url)

    def scrape(self, url="http://127.0.0.1:10078/metrics", *more):
        return Body(self.get(url, *more), openmetrics=False)

    def scrape_until(self, what, condition):
        def attempt():
            body = self.scrape()
            return body if condition(body) else None
        return wait_for(what, attempt)

    def close(self):
        self._process.kill()
        self._process.wait()
