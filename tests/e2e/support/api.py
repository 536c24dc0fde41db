"""The JSON API as scripts use it, and what its documentation says of it."""

import json
import re
import urllib.parse

from support.exporter import REPOSITORY

README = REPOSITORY / "exporter" / "web" / "api" / "README.md"


def get(exporter, path, status=200, headers=None, **parameters):
    """The document at /api/v1/PATH; a list as a value is a parameter that is repeated."""
    query = urllib.parse.urlencode(parameters, doseq=True)
    answer = exporter.get(f"/api/v1/{path}" + (f"?{query}" if query else ""), headers=headers)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.text)


def process_of(exporter, pid):
    return get(exporter, f"processes/{pid}")["process"]


def row_of(exporter, pid, **parameters):
    """Of the list; nothing while it is not in there."""
    rows = get(exporter, "processes", pid=pid, **parameters)["processes"]
    return rows[0] if rows else None


def names_in(document):
    """The names of all members, at any depth."""
    if isinstance(document, dict):
        return set(document).union(*map(names_in, document.values()))
    if isinstance(document, list):
        return set().union(*map(names_in, document))
    return set()


def documented_examples():
    """The names in the examples of the README."""
    examples = re.findall(r"```json\n(.*?)```", README.read_text(), re.S)
    assert len(examples) >= 7
    return set(re.findall(r'"(\w+)":', "".join(examples)))


def documented_names():
    """Whatever the README names as code, or in an example."""
    text = README.read_text()
    prose = re.sub(r"```json\n.*?```", "", text, flags=re.S)
    return set(re.findall(r"`([\w ]+)`", prose)) | set(re.findall(r'"(\w+)":', text))
