"""What a release build has made of the flags, and the flags as --help has them."""

import os
import pathlib
import re

import pytest

# The release build has the documents; the tests of the program look at the development build otherwise.
os.environ.setdefault("MEMLEAK_EXPORTER", str(
    pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "memleak_exporter"))

from support.exporter import BINARY, REPOSITORY, run  # noqa: E402

DOCUMENTS = BINARY.parent / "deploy" / "debian"
UNIT = REPOSITORY / "deploy" / "debian" / "memleak_exporter.service"

COMMANDS = ("serve", "analyze", "top", "health")
ENUMERATED = {"serve --log.level": ["debug", "error", "info", "warn"],
              "serve --log.format": ["json", "logfmt"],
              "analyze --resource": ["fds", "memory"],
              "top --sort": ["age", "cpu", "fds", "footprint", "growth", "pid", "rss"]}


def document(name):
    path = DOCUMENTS / name
    if not path.is_file():
        pytest.exit(f"{path} is not built: it comes with the release build", returncode=2)
    return path


def flags_of(command):
    """Every way in which a flag of a command is given, in order; with a = where a value follows."""
    arguments = ["--help"] if command == "serve" else [command, "--help"]
    flags = []
    for no, name, value in re.findall(r"^  --(\[no-\])?([\w.-]+)(=)?", run(*arguments).stdout, re.M):
        flags += [f"--{name}{value}"] + ([f"--no-{name}"] if no else [])
    assert flags, command
    return flags
