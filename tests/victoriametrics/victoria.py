"""A real VictoriaMetrics of one node, and its vmalert."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("e2e", "fleet"):
    sys.path.insert(0, str(ROOT / "tests" / folder))

from server import Failed  # noqa: E402  (the path is set here)
from support import web  # noqa: E402
from support.waiting import wait_for  # noqa: E402

# As deploy/scaling.md has it started: a series that ends is gone when it is for Prometheus.
FLAGS = ("-search.maxStalenessInterval=5m",)


class Process:
    """A server that answers /health, on a port that it cannot pick itself."""

    def __init__(self, directory, program, *flags):
        directory.mkdir(parents=True, exist_ok=True)
        self._log = open(directory / f"{program}.log", "w+")
        # Where another program was faster, try again.
        for _ in range(5):
            self.url = f"http://127.0.0.1:{web.free_port()}"
            self._process = subprocess.Popen(
                [program, f"-httpListenAddr={self.url.removeprefix('http://')}", *flags],
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
                start_new_session=True)
            try:
                if wait_for(program, self._answers_or_ended) == "ready":
                    return
            except BaseException:
                self.close()
                raise
        raise Failed(f"{program} did not start:\n" + self._tail())

    def _answers_or_ended(self):
        if self._process.poll() is not None:
            return "ended"
        try:
            return "ready" if web.request(self.url, "/health").status == 200 else None
        except ConnectionError:
            return None

    def _tail(self):
        self._log.seek(0)
        return "".join(self._log.readlines()[-10:])

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._log.close()


def victoria_metrics(directory, *flags):
    return Process(directory, "victoria-metrics", f"-storageDataPath={directory}/data",
                   "-retentionPeriod=1", *FLAGS, *flags)


def vmalert(directory, database, notifier, *rules):
    return Process(directory, "vmalert", *(f"-rule={path}" for path in rules),
                   f"-datasource.url={database}", f"-remoteWrite.url={database}",
                   f"-remoteRead.url={database}", f"-notifier.url={notifier}")
