"""What helm and kubectl make of the chart and of the kustomizations."""

import copy
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
CHART = KUBERNETES / "chart"
DASHBOARDS = REPOSITORY / "dashboards"
RELEASE, NAMESPACE = "memleak-exporter", "monitoring"
# libyaml's, where it is there: dashboards are large.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Refused(Exception):
    """helm did not render; what it said."""


def program(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name}: tests/kubernetes/run.sh brings it")
    return path


# Nobody's plugins and repositories.
HELM = {f"HELM_{kind}_HOME": "/nonexistent" for kind in ("CACHE", "CONFIG", "DATA")}


def run(*command, stdin=""):
    return subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True,
                          timeout=120, env=os.environ | HELM)


def template(values=None, *arguments, chart=CHART):
    """The manifests as text."""
    result = run(program("helm"), "template", RELEASE, chart, "--namespace", NAMESPACE, "--values", "-",
                 *arguments, stdin=yaml.safe_dump(values or {}))
    if result.returncode != 0:
        raise Refused(result.stderr)
    return result.stdout


def kustomize(folder):
    result = run(program("kubectl"), "kustomize", folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


def load(text):
    return [each for each in yaml.load_all(text, Loader) if each is not None]


@functools.lru_cache(maxsize=None)
def _rendered(values, *arguments):
    return load(template(json.loads(values), *arguments))


def render(values=None, *arguments):
    """The objects. Many tests look at the same ones."""
    return copy.deepcopy(_rendered(json.dumps(values, sort_keys=True), *arguments))


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def the(objects, kind):
    one, = of_kind(objects, kind)
    return one


def pod(objects):
    return the(objects, "DaemonSet")["spec"]["template"]["spec"]


def container(objects):
    one, = pod(objects)["containers"]
    return one


def defaults():
    return yaml.safe_load((CHART / "values.yaml").read_text())


def yaml_blocks(path):
    """The blocks of a Markdown file that are YAML, with the line before each."""
    return re.findall(r"([^\n]*)\n\n```yaml\n(.*?)^```$", path.read_text(), re.M | re.S)
