"""The pages of dashboards/runbooks, the commands in them, and the leaking programs they are tried on."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

RUNBOOKS = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "runbooks"
SAMPLES = pathlib.Path(__file__).parent / "runbook_samples"
# Only spent by a test that fails.
DEADLINE_SECONDS = 60


def need_tool(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}")
    return path


def wait_for(what, condition):
    """Returns the first true value of `condition()`."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {DEADLINE_SECONDS} s in vain for {what}"
        time.sleep(0.05)
    return value


def need_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


# (page, name) of every block that a test runs.
TRIED = set()


def tries(page, *names):
    """Marks a test: it runs these blocks of that page."""
    TRIED.update((page, name) for name in names)
    return lambda test: test


class Page:
    """A Markdown file. A block of code that is tried has a name behind its language: ```sh NAME"""

    def __init__(self, name):
        self.path = RUNBOOKS / name
        self.text = self.path.read_text()

    @property
    def blocks(self):
        """[(language, name or "", code)] in their order."""
        return re.findall(r"^```(\S*) ?(\S*)\n(.*?)^```$", self.text, re.M | re.S)

    def code(self, language, name):
        found = [code for *key, code in self.blocks if key == [language, name]]
        assert len(found) == 1, f"{self.path.name} has {len(found)} blocks ```{language} {name}"
        return found[0]

    @property
    def prose(self):
        """Without its blocks of code."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.M | re.S)

    @property
    def title(self):
        return re.search(r"^# (.+)$", self.prose, re.M)[1]

    @property
    def sections(self):
        return re.findall(r"^## (.+)$", self.prose, re.M)

    @property
    def anchors(self):
        """As forges make them of headings."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    @property
    def links(self):
        return re.findall(r"\]\(([^)\s]+)\)", self.prose)


class Sample:
    """A leaking program of runbook_samples, ended by pid. `said` is what follows its "ready"."""

    def __init__(self, command, directory, **environment):
        self.process = subprocess.Popen(
            command, cwd=directory, env={**os.environ, "TMPDIR": str(directory), **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(directory / "stderr", "wb"),
            text=True)
        words = self.process.stdout.readline().split()
        assert words[:1] == ["ready"], (directory / "stderr").read_text()
        self.said = words[1:]

    @property
    def pid(self):
        return self.process.pid

    @property
    def anonymous_kib(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^RssAnon:\s+(\d+) kB$", status, re.M)[1])

    def leak_more(self, kib=1024):
        """Waits until it holds so much more."""
        before = self.anonymous_kib
        wait_for(f"{kib} KiB more", lambda: self.anonymous_kib >= before + kib)

    def end(self):
        """By the end of its input, or else by a signal; returns how it ended."""
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()


def line_of(source, text):
    """Where a line of a sample is, so that no test knows numbers."""
    lines = (SAMPLES / source).read_text().splitlines()
    (number,) = [at for at, line in enumerate(lines, 1) if text in line]
    return number


def as_written(code, directory, pid=None, port=None):
    """What the reader is told to replace is replaced; /tmp is a folder of the test's own, but for what
    heaptrack puts there itself."""
    code = re.sub(r"(?<![\w.])/tmp/(?!heaptrack_fifo)", f"{directory}/", code)
    if pid:
        code = re.sub(r"\bPID\b", str(pid), code)
    if port:
        code = code.replace("localhost:6060", f"127.0.0.1:{port}")
    return code


def run(page, name, directory, pid=None, port=None, path=None):
    """Runs the block ```sh NAME of a page; returns all that it prints. `path` comes before PATH."""
    code = as_written(Page(page).code("sh", name), directory, pid, port)
    environment = {**os.environ, "TMPDIR": str(directory), "LC_ALL": "C.UTF-8"}
    if path:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    done = subprocess.run(["bash", "-e", "-c", code], cwd=directory, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env=environment, timeout=DEADLINE_SECONDS)
    assert done.returncode == 0, f"{page}, {name}: {done.returncode}\n{code}\n{done.stdout}"
    return done.stdout


class Session:
    """An interactive program, told line by line what a block ```console NAME shows behind its prompt."""

    def __init__(self, command, prompt):
        self.prompt = prompt.encode()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.answer()

    def answer(self):
        """All that comes before the next prompt."""
        said = b""
        while not said.endswith(self.prompt):
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, f"ended without a prompt: {said.decode()}"
            said += more
        return said.removesuffix(self.prompt).decode()

    def tell(self, line, last=False):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return "" if last else self.answer()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def converse(page, name, directory, pid, between, before=()):
    """Holds the session ```console NAME with the process; `between()` is called after each line but the
    last. `before` is put before the command. Returns the answers."""
    first, *lines = as_written(Page(page).code("console", name), directory, pid).splitlines()
    prompt = "debug> "
    assert first.startswith("$ ") and all(line.startswith(prompt) for line in lines), lines
    session = Session([*before, *first.removeprefix("$ ").split()], prompt)
    answers = []
    try:
        for line in lines[:-1]:
            answers.append(session.tell(line.removeprefix(prompt)))
            between()
        session.tell(lines[-1].removeprefix(prompt), last=True)
        session.process.wait(timeout=DEADLINE_SECONDS)
    finally:
        session.end()
    return answers
