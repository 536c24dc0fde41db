"""A real Prometheus with nothing to scrape: what it has was written to it."""

import http.client
import json
import os
import re
import subprocess
import time
import urllib.parse

from support import web
from support.waiting import wait_for

READY_SECONDS = 120


class Failed(Exception):
    """Prometheus did not start, or did not answer."""


class Server:
    def __init__(self, directory, cores=1, nice=0, rule_files=()):
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.configure(rule_files)
        self._log = open(directory / "prometheus.log", "w+")
        # It cannot pick a port itself: where another program was faster, try again.
        for _ in range(5):
            self.url = f"http://127.0.0.1:{web.free_port()}"
            self._process = subprocess.Popen(
                ["nice", "-n", str(nice), "prometheus", f"--config.file={directory}/prometheus.yml",
                 f"--storage.tsdb.path={directory}/data", "--storage.tsdb.retention.time=30d",
                 "--web.enable-remote-write-receiver", "--web.enable-lifecycle",
                 f"--web.listen-address={self.url.removeprefix('http://')}"],
                env=os.environ | {"GOMAXPROCS": str(cores)}, stdin=subprocess.DEVNULL,
                stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                if wait_for("Prometheus", self._answers_or_ended, READY_SECONDS) == "ready":
                    self._connection = web.open_connection(self.url, timeout=600)
                    return
            except BaseException:
                self.close()
                raise
        raise Failed("Prometheus did not start:\n" + self.log_tail())

    def configure(self, rule_files):
        # JSON is YAML.
        (self._directory / "prometheus.yml").write_text(
            json.dumps({"rule_files": [str(file) for file in rule_files]}))

    def reload(self):
        """Takes up the configured rules; those of a group that only changes its interval go on."""
        self._connection.request("POST", "/-/reload")
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise Failed(f"Prometheus refuses the rules: {text}\n{self.log_tail()}")

    def _answers_or_ended(self):
        if self._process.poll() is not None:
            return "ended"
        try:
            return "ready" if web.request(self.url, "/-/ready").status == 200 else None
        except ConnectionError:
            return None

    def log_tail(self):
        self._log.seek(0)
        return "".join(self._log.readlines()[-10:])

    def cpu_seconds(self):
        # What clock_getcpuclockid(3) makes of a pid; Python has it for threads only.
        return time.clock_gettime_ns(~self._process.pid << 3 | 2) / 1e9

    def resident_bytes(self):
        return self.own("process_resident_memory_bytes")[0][()]

    def fetch(self, path, parameters=None):
        """The body of an answer of the API, still JSON."""
        body = urllib.parse.urlencode(parameters, doseq=True) if parameters else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            self._connection.request("POST" if body else "GET", path, body, headers)
            return self._connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"Prometheus does not answer {path}: {error}\n{self.log_tail()}") from error

    def ask(self, path, parameters=None):
        answer = json.loads(self.fetch(path, parameters))
        if answer["status"] != "success":
            raise Failed(f"{path} {parameters}: {answer.get('error')}")
        return answer["data"]

    def own(self, *names):
        """Per name, {values of its labels: value} of its own metrics of that name."""
        text = self.fetch("/metrics").decode()
        return [{tuple(labels.split('"')[1::2]): float(value) for labels, value in
                 re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)} for name in names]

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()
