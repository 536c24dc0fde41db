"""Real programs for the exporter to look at: the helpers built by tests/e2e/CMakeLists.txt."""

import os
import pathlib
import shutil
import subprocess

from support.exporter import BUILD
from support.waiting import DEADLINE_SECONDS


def helper(name):
    path = BUILD / "tests" / "e2e" / name
    assert path.is_file(), f"{path} is not built: set MEMLEAK_BUILD to a build with tests"
    return path


class Program:
    """A program of any kind, ended by pid."""

    def __init__(self, command, **kwargs):
        self.process = subprocess.Popen(
            [str(word) if isinstance(word, pathlib.Path) else word for word in command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **kwargs)

    @property
    def pid(self):
        return self.process.pid

    def read_line(self):
        line = self.process.stdout.readline()
        assert line, f"pid {self.pid} ended with {self.process.wait(DEADLINE_SECONDS)}"
        return line.strip()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=DEADLINE_SECONDS)
        self.process.stdin.close()
        self.process.stdout.close()


class Refused(AssertionError):
    """The kernel refused an actor what it was told to do; the message is the reason."""


class Actor(Program):
    """programs/actor.c: does what it is told."""

    def __init__(self, *arguments, path=None, **kwargs):
        super().__init__([path or helper("actor"), *arguments], **kwargs)
        assert self.read_line() == "ready"

    def send(self, *words):
        """Gives a command; its answer is read by `answer()`."""
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def answer(self):
        status, _, value = self.read_line().partition(" ")
        if status != "ok":
            raise Refused(value)
        return int(value) if value else None

    def tell(self, *words):
        self.send(*words)
        return self.answer()

    def set_name(self, name):
        self.tell("name", name.hex())

    def become(self, path, *arguments):
        """An exec; the new program is an actor, too."""
        self.send("exec", path, *arguments)
        assert self.read_line() == "ready"


def unique(name):
    """A group that no other run of the tests on this machine has."""
    return f"{name}-{os.getpid()}"


def copy_of(program, directory, name):
    """An executable of another name, for a group of its own."""
    path = pathlib.Path(directory) / name
    shutil.copy(helper(program), path)
    return path


def copy_of_actor(directory, name):
    return copy_of("actor", directory, name)
