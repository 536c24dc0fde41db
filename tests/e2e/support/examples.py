"""The files of deploy/prometheus as a site would install them, with a site's own addresses and paths."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from support import readme, web
from support.exporter import REPOSITORY
from support.prometheus import Prometheus
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS, wait_for

SHIPPED = REPOSITORY / "deploy" / "prometheus"
README = SHIPPED / "README.md"
# A test does not wait for half a minute.
SOONER = ("scrape_interval: 30s\n", "scrape_interval: 1s\n")


def install(directory, rules=None):
    """A copy of deploy/prometheus; `rules` are files in place of the shipped ones."""
    installed = pathlib.Path(directory) / "prometheus"
    shutil.copytree(SHIPPED, installed, symlinks=True)
    (installed / "rules").unlink()
    (installed / "rules").mkdir()
    for path in rules or (REPOSITORY / "dashboards" / "prometheus").glob("*.yaml"):
        shutil.copy(path, installed / "rules" / path.name)
    return installed


def edit(path, *replacements):
    """As a site would: every text that is replaced must be there."""
    text = path.read_text()
    for old, new in replacements:
        assert old in text, f"{path}: no {old!r}"
        text = text.replace(old, new)
    path.write_text(text)
    return path


def promtool(*arguments):
    """PROMTOOL names another one."""
    program = os.environ.get("PROMTOOL") or need_tool("promtool")
    return subprocess.run([program, "check", "config", *arguments], capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS)


def assert_promtool_accepts(*arguments):
    result = promtool(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr


def start_prometheus(config):
    """A server with this configuration, whose names of files are relative to it. PROMETHEUS names
    another program."""
    text = config.read_text()
    # It writes a configuration of its own until it has found a port.
    prometheus = Prometheus(os.environ.get("PROMETHEUS") or need_tool("prometheus"), config.parent, {})
    try:
        before = last_reload(prometheus)
        (config.parent / "prometheus.yml").write_text(text)
        prometheus.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: last_reload(prometheus) != before)
        successful, _ = last_reload(prometheus)
        assert successful, prometheus.log()
    except BaseException:
        prometheus.close()
        raise
    return prometheus


def last_reload(prometheus):
    """(whether it succeeded, when the last one did)"""
    text = web.request(prometheus.url, "/metrics").text
    return tuple(float(re.search(rf"^prometheus_config_last_reload_{name} (\S+)$", text, re.M)[1])
                 for name in ("successful", "success_timestamp_seconds"))


def up(prometheus):
    """{instance: up} of the exporters."""
    return {labels["instance"]: value
            for labels, value in prometheus.query('up{job=~".*memleak.*"}')}


def blocks_of(heading):
    """The code blocks of this section of deploy/prometheus/README.md."""
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", README.read_text(), re.M | re.S)
    assert section, f"no section {heading!r} in {README}"
    return [code for _, code in readme.code_blocks(section[1])]
