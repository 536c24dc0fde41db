"""A real terminal: tmux, with a server of its own that ends with the test."""

import os
import subprocess
import uuid

from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS, wait_for


class Tmux:
    """One pane, in which a shell command runs. What it shows is read as text."""

    def __init__(self, command, columns=100, rows=30, env=None, utf8=True):
        """`env`: more variables; None as a value removes one."""
        self._tmux = need_tool("tmux")
        self._socket = f"memleak-e2e-{uuid.uuid4().hex}"
        # LINES and COLUMNS, which readline exports, would count for more than the pane's size.
        here = {name: value for name, value in os.environ.items()
                if name not in ("TMUX", "TMUX_PANE", "LC_ALL", "LC_CTYPE", "NO_COLOR", "LINES", "COLUMNS")}
        here["LANG"] = "C.UTF-8" if utf8 else "C"
        words = [f"{name}={value}" for name, value in (env or {}).items() if value is not None]
        gone = [word for name, value in (env or {}).items() if value is None for word in ("-u", name)]
        # The shell stays, so that what the program leaves behind can be seen.
        script = 'echo "before it"; "$@"; echo "exit code $?"; exec cat'
        self._run("-u", "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "--", "env", *gone, *words, "sh", "-c", script, "sh", *map(str, command), env=here)

    def _run(self, *arguments, **kwargs):
        return subprocess.run([self._tmux, "-L", self._socket, *arguments], check=True, text=True,
                              capture_output=True, timeout=DEADLINE_SECONDS,
                              stdin=subprocess.DEVNULL, **kwargs).stdout

    def keys(self, *names):
        """By tmux' names: Enter, Escape, NPage."""
        self._run("send-keys", *names)

    def type(self, text):
        self._run("send-keys", "-l", text)

    def resize(self, columns, rows):
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self, escapes=False):
        return self._run("capture-pane", "-p", *(["-e"] if escapes else []))

    def lines(self):
        return self.screen().splitlines()

    def until(self, what, condition=None, deadline=DEADLINE_SECONDS):
        """Waits for `condition(screen)`, or for a text; returns the screen."""
        def attempt():
            screen = self.screen()
            found = condition(screen) if condition else what in screen
            return screen if found else None
        try:
            return wait_for(what, attempt, deadline=deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def state(self, name):
        """A variable of tmux about the pane, like pane_pid or alternate_on."""
        return self._run("display-message", "-p", f"#{{{name}}}").strip()

    def child(self):
        """The pid of the program that the shell runs."""
        shell = self.state("pane_pid")
        def children():
            with open(f"/proc/{shell}/task/{shell}/children") as file:
                return file.read().split()
        pid, = wait_for("the program", children)
        return int(pid)

    def close(self):
        # Ends the server and, by a hangup, what runs in it.
        subprocess.run([self._tmux, "-L", self._socket, "kill-server"], capture_output=True,
                       timeout=DEADLINE_SECONDS, stdin=subprocess.DEVNULL)
