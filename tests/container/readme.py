"""What deploy/container/README.md promises: the command that runs the image, and which permission
buys what."""

import os
import re
import shlex

from support.exporter import REPOSITORY

CONTAINER = REPOSITORY / "deploy" / "container"
TEXT = (CONTAINER / "README.md").read_text()


def _command(beginning):
    """The words of the one command in a block of code that begins so."""
    found = [block for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.M | re.S)
             if block.startswith(beginning)]
    assert len(found) == 1, found
    return shlex.split(found[0].replace("\\\n", " "))


def build_arguments():
    """{name: value} that the command to build gives; what a shell would fill in, unfilled."""
    return dict(re.findall(r'--build-arg (\w+)="?([^"\s]*)', " ".join(_command("buildah build"))))


def run_options():
    """The options of `podman run`, without its name, its port and the image."""
    program, run, *options, image = _command("podman run")
    assert (program, run, image) == ("podman", "run", "memleak-exporter")
    return [option for option in options
            if not option.startswith(("--detach", "--name=", "--restart=", "--publish="))]


def capabilities():
    return [option.removeprefix("--cap-add=") for option in run_options()
            if option.startswith("--cap-add=")]


def options_for_bpf():
    """What the README adds to the options above, to have processes read by the task iterator."""
    text, = re.findall(r"^```text\n(--cap-add=BPF .*?)^```$", TEXT, re.M | re.S)
    assert (CONTAINER / "seccomp.json").exists()
    return [option.replace("=deploy/container/", f"={CONTAINER}/") for option in shlex.split(text)]


def _here(cell):
    """What "since Linux 6.15" is on this machine."""
    since = re.fullmatch(r"since Linux (\d+)\.(\d+)", cell)
    if not since:
        return cell
    running = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return "yes" if tuple(map(int, running.groups())) >= tuple(map(int, since.groups())) else "no"


def permissions():
    """({what: {column: "yes" or "no"}}, {what: the names it is counted under})"""
    table, = re.findall(r"^\| what is shown \|.*?(?=^$)", TEXT, re.M | re.S)
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")]
                      for line in table.strip().splitlines()]
    assert head[-1] == "counted as"
    cells = {row[0]: dict(zip(head[1:-1], map(_here, row[1:-1]), strict=True)) for row in rows}
    return cells, {row[0]: re.findall(r"`(\w+)`", row[-1]) for row in rows}
