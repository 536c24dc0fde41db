"""The program under test: started on a port of its own, watched, ended by pid, and judged."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

from support import web
from support.exposition import Body
from support.waiting import DEADLINE_SECONDS, wait_for

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("MEMLEAK_BUILD", REPOSITORY / "build" / "dev")).resolve()
BINARY = pathlib.Path(
    os.environ.get("MEMLEAK_EXPORTER", REPOSITORY / "build" / "dev" / "memleak_exporter")).resolve()

# Everything one by one and nothing served from an earlier snapshot.
EXPORT_ALL = (
    "--process.min-rss=0",
    "--process.min-age=0s",
    "--process.limit=100000",
    "--group.limit=2000",
    "--scrape.min-interval=0s",
)

# What any sanitizer prints when it found something.
SANITIZER_REPORT = re.compile(r"Sanitizer|runtime error:")


def run(*arguments, timeout=DEADLINE_SECONDS):
    """Runs the program to its end (help, version, bad usage)."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)


class Exporter:
    """One running exporter. Use `stop()` to end it and have its end checked."""

    def __init__(self, *arguments, listen=("127.0.0.1:0",), urls=None, wrapper=(), binary=BINARY,
                 env=None, cwd=None, client=web.request):
        """`client` makes the requests: an exporter that is served safely wants more than a URL."""
        self._client = client
        self._log = tempfile.TemporaryFile()
        self.stopped = False
        command = [*wrapper, binary, *(f"--web.listen-address={a}" for a in listen), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self._log,
                                        env=os.environ | (env or {}), cwd=cwd)
        try:
            self.urls = wait_for("the exporter's port in its log",
                                 lambda: self._listening(urls or len(listen)))
            wait_for("readiness", self.is_ready)
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return self.urls[0]

    def log(self):
        self._log.seek(0)
        return self._log.read().decode("utf-8", "backslashreplace")

    def _listening(self, count):
        if self.process.poll() is not None:
            raise AssertionError(f"exporter ended with {self.process.returncode}:\n{self.log()}")
        urls = re.findall(r'\burl"?[=:]"?(https?://[^\s"]+)', self.log())
        return urls if len(urls) >= count else None

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"exporter ended with {self.process.returncode}:\n{self.log()}")
        return self.get("/-/ready").status == 200

    def get(self, path="/metrics", method="GET", headers=None, url=None, timeout=DEADLINE_SECONDS):
        return self._client(url or self.url, path, method, headers, timeout)

    def scrape(self, openmetrics=True, path="/metrics"):
        """A scrape that must succeed, parsed strictly."""
        accept = web.ACCEPT_OPENMETRICS if openmetrics else web.ACCEPT_TEXT
        answer = self.get(path, headers={"Accept": accept})
        assert answer.status == 200, answer
        kind = "application/openmetrics-text" if openmetrics else "text/plain"
        assert answer.headers["content-type"].startswith(kind), answer.headers
        return Body(answer.text, openmetrics)

    def scrape_until(self, what, condition, **kwargs):
        """Scrapes until `condition(body)` is true and returns that body."""
        def attempt():
            body = self.scrape(**kwargs)
            return body if condition(body) else None
        return wait_for(what, attempt)

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it as a service manager does; asserts a clean end."""
        if self.stopped:
            return
        self.stopped = True
        try:
            if self.process.poll() is None:
                self.process.send_signal(signal_number)
            code = self.process.wait(timeout=DEADLINE_SECONDS)
        except BaseException:
            self.process.kill()
            raise
        finally:
            log = self.log()
            self._log.close()
        assert not SANITIZER_REPORT.search(log), log
        assert code == 0, f"exit code {code}:\n{log}"

    def tell_child_to_stop(self):
        """For a wrapper that passes no signals on (unshare --fork): its child is told itself."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        os.kill(int(children), signal.SIGTERM)
        self.process.wait(timeout=DEADLINE_SECONDS)

    def kill(self):
        """Ends it without a word, for a test that failed already."""
        self.stopped = True
        self.process.kill()
        self.process.wait(timeout=DEADLINE_SECONDS)
