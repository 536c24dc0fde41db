"""A real Prometheus on a loopback port, and a proxy that makes it ask for the format we want."""

import http.server
import json
import subprocess
import threading
import urllib.parse

from support import web
from support.exporter import REPOSITORY
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS, wait_for


class AcceptProxy:
    """Passes scrapes on to `url` under another Accept header, and notes what was answered.

    Older Prometheus versions cannot be told which format to ask for.
    """

    def __init__(self, url, accept=None):
        proxy = self
        self.content_types = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() in ("accept", "accept-encoding")}
                if accept:
                    headers["Accept"] = accept
                answer = web.request(url, self.path, headers=headers)
                proxy.content_types.add(answer.headers["content-type"].split(";")[0])
                self.send_response(answer.status)
                for name in ("content-type", "content-encoding", "content-length"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Prometheus:
    def __init__(self, binary, directory, jobs, interval="2s", rules=(), alertmanager=None):
        """`jobs`: {job name: address to scrape, or (address, more of its scrape configuration)}.

        `rules` are files, whose alerts go to the `alertmanager` at that address.
        """
        config = {"global": {"scrape_interval": interval, "scrape_timeout": interval},
                  "rule_files": [str(path) for path in rules], "scrape_configs": []}
        if alertmanager is not None:
            config["alerting"] = {
                "alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        for name, job in jobs.items():
            address, more = job if isinstance(job, tuple) else (job, {})
            config["scrape_configs"].append(
                {"job_name": name, "static_configs": [{"targets": [address]}]} | more)
        # JSON is YAML.
        (directory / "prometheus.yml").write_text(json.dumps(config))
        self._log = open(directory / "prometheus.log", "w+")
        # It cannot pick a port itself: where another program was faster, try again.
        for _ in range(5):
            self.url = f"http://127.0.0.1:{web.free_port()}"
            self.process = subprocess.Popen(
                [binary, f"--config.file={directory}/prometheus.yml",
                 f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address={self.url.removeprefix('http://')}"],
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT)
            try:
                if wait_for("Prometheus", self._answer_or_end) == "ready":
                    return
            except BaseException:
                self.close()
                raise
        raise AssertionError("Prometheus did not start:\n" + self.log())

    def log(self):
        self._log.seek(0)
        return self._log.read()

    def _answer_or_end(self):
        if self.process.poll() is not None:
            return "ended"
        try:
            return "ready" if web.request(self.url, "/-/ready").status == 200 else None
        except ConnectionError:
            return None

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        answer = json.loads(web.request(self.url, path).body)
        assert answer["status"] == "success", answer
        return [(each["metric"], float(each["value"][1])) for each in answer["data"]["result"]]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=DEADLINE_SECONDS)
        finally:
            self.process.kill()
            self._log.close()


def shipped_rules(directory, time_scale):
    """The rules and alerts of dashboards/, with every duration multiplied by `time_scale` (jsonnet).

    As JSON, which is YAML: dashboards/render.sh writes the same for people, and takes its time for it.
    """
    need_tool("jsonnet")
    mixin = json.dumps(str(REPOSITORY / "dashboards" / "mixin.libsonnet"))
    running = {}
    for field in ("prometheusRules", "prometheusAlerts"):
        path = directory / f"{field}.json"
        running[path] = subprocess.Popen(
            ["jsonnet", "-o", path, "-e",
             f"((import {mixin}) + {{ _config+:: {{ timeScale: {time_scale} }} }}).{field}"],
            stdin=subprocess.DEVNULL)
    for path, process in running.items():
        assert process.wait(5 * DEADLINE_SECONDS) == 0, f"jsonnet for {path.name}"
    return list(running)
