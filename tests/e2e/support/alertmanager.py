"""A real Alertmanager on a loopback port with the shipped configuration, and who it notifies."""

import dataclasses
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading

import yaml

from support import web
from support.exporter import REPOSITORY
from support.requirements import need_mount_namespace, need_tool
from support.waiting import DEADLINE_SECONDS, wait_for

SHIPPED = REPOSITORY / "deploy" / "alertmanager"
# Where it looks for secrets.
SECRETS = "/etc/prometheus/secrets"
# Debian's programs read their own templates there, wherever they lie themselves.
_DEFAULT_TEMPLATES = pathlib.Path("/usr/share/prometheus/alertmanager/default.tmpl")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _command(name):
    """How a program of Debian's package is started, installed or only unpacked."""
    binary = pathlib.Path(need_tool(name))
    if _DEFAULT_TEMPLATES.exists():
        return [binary]
    share = binary.parent.parent / "share"
    assert (share / _DEFAULT_TEMPLATES.relative_to("/usr/share")).is_file(), share
    need_mount_namespace()
    return ["unshare", "--mount", "--", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"',
            share, binary]


def amtool(*arguments):
    return subprocess.run([*_command("amtool"), *arguments], capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS, stdin=subprocess.DEVNULL)


def render(template, data, directory):
    """What a template of ours makes of a notification's data."""
    file = directory / "data.json"
    file.write_text(json.dumps(data))
    result = amtool("template", "render", f"--template.glob={SHIPPED}/templates/*.tmpl",
                    f"--template.data={file}", f'--template.text={{{{ template "{template}" . }}}}')
    assert result.returncode == 0, result.stderr
    return result.stdout


def write_configuration(directory, receiver, scale=1):
    """The shipped files; only addresses are the test's, and waits are multiplied by `scale`."""
    shutil.copytree(SHIPPED, directory)
    secrets = directory / "secrets"
    secrets.mkdir()
    config = yaml.safe_load((SHIPPED / "alertmanager.yml").read_text())
    for route in _routes(config["route"]):
        for wait in ("group_wait", "group_interval", "repeat_interval"):
            if wait in route:
                number, unit = re.fullmatch(r"(\d+)([a-z]+)", route[wait]).groups()
                route[wait] = f"{round(int(number) * _UNITS[unit] * scale * 1000)}ms"
    config["global"] = {"pagerduty_url": f"{receiver.url}/pager"}
    for integration in _integrations(config):
        if "url" in integration:
            integration["url"] = f"{receiver.url}/webhook/{integration['of']}"
        del integration["of"]
    contents = {"pagerduty_routing_key": "routing-key", "slack_webhook_url": f"{receiver.url}/chat",
                "webhook_token": "token"}
    for name, content in contents.items():
        (secrets / name).write_text(content)
    text = json.dumps(config)  # JSON is YAML
    for name in contents:
        assert f"{SECRETS}/{name}" in text, name
    path = directory / "alertmanager.yml"
    path.write_text(text.replace(SECRETS, str(secrets)))
    return path


def _routes(route):
    yield route
    for child in route.get("routes", ()):
        yield from _routes(child)


def _integrations(config):
    """Each with the name of its receiver as `of`. What an alias shares is made its own."""
    for receiver in config["receivers"]:
        for kind in receiver.keys() - {"name"}:
            receiver[kind] = [each | {"of": receiver["name"]} for each in receiver[kind]]
            yield from receiver[kind]


@dataclasses.dataclass(frozen=True)
class Notification:
    to: str  # the path that it was sent to: /pager, /chat, /webhook/RECEIVER
    said: dict
    authorization: str | None

    @property
    def text(self):
        """As a person reads it in chat or on a pager."""
        if self.to == "/chat":
            (attachment,) = self.said["attachments"]
            return f"{attachment['title']}\n{attachment['text']}"
        payload = self.said["payload"]
        return f"{payload['summary']}\n{payload['custom_details']['firing']}"

    def alerts(self, status="firing"):
        """Labels of the alerts in a webhook's notification."""
        return [alert["labels"] for alert in self.said["alerts"] if alert["status"] == status]


class Receiver:
    """A pager, a chat and a webhook: whatever they are sent is noted, and is fine."""

    def __init__(self):
        self._notifications = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._notifications.append(
                    Notification(self.path, json.loads(body), self.headers["Authorization"]))
                answer = b"ok"
                # The pager's answer is 202 (PagerDuty, Events API v2).
                self.send_response(202 if self.path == "/pager" else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def notifications(self, to="/"):
        return [one for one in list(self._notifications) if one.to.startswith(to)]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Alertmanager:
    def __init__(self, directory, receiver, scale=1):
        """`directory` is made; it gets the configuration, the data and the log."""
        command = _command("prometheus-alertmanager")
        config = write_configuration(directory, receiver, scale)
        self._log = open(directory / "alertmanager.log", "w+")
        # It cannot pick a port itself: where another program was faster, try again.
        for _ in range(5):
            self.url = f"http://127.0.0.1:{web.free_port()}"
            self.process = subprocess.Popen(
                [*command, f"--config.file={config}", f"--storage.path={directory}/data",
                 f"--web.listen-address={self.address}", "--cluster.listen-address="],
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT)
            try:
                if wait_for("Alertmanager", self._answer_or_end) == "ready":
                    return
            except BaseException:
                self.close()
                raise
        raise AssertionError("Alertmanager did not start:\n" + self.log())

    @property
    def address(self):
        return self.url.removeprefix("http://")

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

    def post(self, *alerts):
        """Alerts as a Prometheus sends them: {labels, annotations, startsAt, endsAt}."""
        connection = web.open_connection(self.url)
        try:
            connection.request("POST", "/api/v2/alerts", json.dumps(alerts),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
        finally:
            connection.close()

    def alerts(self):
        """[(labels, "active", "suppressed" or "unprocessed")] of what is not over."""
        answer = web.request(self.url, "/api/v2/alerts")
        assert answer.status == 200, answer
        return [(alert["labels"], alert["status"]["state"]) for alert in json.loads(answer.body)]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=DEADLINE_SECONDS)
        finally:
            self.process.kill()
            self._log.close()
