"""deploy/: the files as its README has them installed, in a tree of their own."""

import glob
import json
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from support.promtool import DASHBOARDS, promtool

REPOSITORY = DASHBOARDS.parent
DEPLOY = REPOSITORY / "deploy"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Everything that the README installs, below a folder that stands for /."""
    root = tmp_path_factory.mktemp("root")
    lines = [line for line in (DEPLOY / "README.md").read_text().splitlines()
             if line.startswith("sudo install ")]
    assert len(lines) == 8
    for line in lines:
        # The owner is a user of the package.
        words = shlex.split(line.replace("-o prometheus -g prometheus ", ""))[1:]
        command = []
        for word in words:
            if word.startswith("/"):
                command.append(str(root) + word)
            else:
                command += sorted(glob.glob(word, root_dir=REPOSITORY)) or [word]
        subprocess.run(command, cwd=REPOSITORY, check=True)
    return root


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("installed", [False, True], ids=["as it lies here", "installed"])
def test_prometheus(root, installed):
    path = (root / "etc" if installed else DEPLOY) / "prometheus" / "prometheus.yml"
    status, said = promtool("check", "config", str(path))
    assert status == 0, said
    assert "2 rule files found" in said and "memleak_alerts.yaml" in said


def test_the_rules_know_what_is_scraped():
    job, = read(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    selectors = set(re.findall(r'job=~"([^"]*)"',
                               (DASHBOARDS / "prometheus" / "memleak_rules.yaml").read_text()))
    assert selectors
    for selector in selectors:
        assert re.fullmatch(selector, job["job_name"])


def test_alertmanager(root):
    if shutil.which("amtool") is None:
        pytest.skip("no amtool; please install: prometheus-alertmanager")
    result = subprocess.run(["amtool", "check-config", root / "etc/prometheus/alertmanager.yml"],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " - 1 templates\n" in result.stdout + result.stderr


def seconds(duration):
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def test_alertmanager_waits_for_the_cause():
    """What is inhibited must not be sent before that which inhibits it is known."""
    route = read(DEPLOY / "alertmanager" / "alertmanager.yml")["route"]
    groups = {group["name"]: group
              for group in read(DASHBOARDS / "prometheus" / "memleak_alerts.yaml")["groups"]}
    turn = max(seconds(groups[name]["interval"]) for name in ("memleak-exhaustion", "memleak-node"))
    pages = [page for page in [*route["routes"], *sum((one.get("routes", [])
                                                       for one in route["routes"]), [])]
             if page.get("receiver") == "pager"]
    assert len(pages) == 2
    for page in pages:
        assert seconds(page["group_wait"]) > turn
    leak, = (rule for rule in groups["memleak-leaks"]["rules"]
             if rule["alert"] == "MemleakGroupLeakSuspected")
    exhaustion, = (rule for rule in groups["memleak-exhaustion"]["rules"]
                   if rule["labels"]["severity"] == "critical")
    assert seconds(route["group_wait"]) > seconds(exhaustion["for"]) - seconds(leak.get("for", "0s")) + turn


def test_grafana(root):
    """Keys as Grafana reads them (pkg/services/provisioning); a wrong one would be passed over."""
    provisioning = root / "etc/grafana/provisioning"
    sources = read(provisioning / "datasources/memleak.yaml")
    assert sources.keys() == {"apiVersion", "datasources"} and sources["apiVersion"] == 1
    source, = sources["datasources"]
    assert source.keys() == {"name", "uid", "type", "access", "url", "jsonData"}
    assert (source["type"], source["access"]) == ("prometheus", "proxy")
    # A second default would keep Grafana from starting.
    assert "isDefault" not in source

    providers = read(provisioning / "dashboards/memleak.yaml")
    assert providers.keys() == {"apiVersion", "providers"} and providers["apiVersion"] == 1
    provider, = providers["providers"]
    assert provider.keys() == {"name", "folder", "type", "allowUiUpdates", "disableDeletion",
                               "updateIntervalSeconds", "options"}
    assert provider["type"] == "file"
    folder = root / pathlib.Path(provider["options"]["path"]).relative_to("/")
    found = {path.name for path in folder.glob("*.json")}
    assert found == {path.name for path in (DASHBOARDS / "grafana" / "json").glob("*.json")}
    assert len(found) == 5
    uids = [json.loads((folder / name).read_text())["uid"] for name in found]
    assert len(set(uids)) == len(uids)
