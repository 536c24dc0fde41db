"""deploy/kubernetes/README.md: what it tells to type is right."""

import re

import pytest
import yaml

from rendering import CHART, KUBERNETES, REPOSITORY, container, pod, program, render, run
from variants import EVERY_COLLECTOR

README = KUBERNETES / "README.md"
TEXT = README.read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda text: text.split("\n", 1)[0][:50])
def test_values_render(block):
    """Every YAML block is a file of values."""
    render(yaml.safe_load(block))


def test_commands_name_what_is_there():
    commands = [line for text in blocks("sh") for line in text.replace("\\\n", " ").splitlines()]
    assert len(commands) > 5
    for command in commands:
        for path in re.findall(r"(?<![\w/.:])(?:deploy|tests|dashboards)/[\w./-]+", command):
            assert (REPOSITORY / path.rstrip("/")).exists(), command
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        for key in re.findall(r"--set(?:-string)? ([\w.]+)=", command):
            at = values
            for part in key.split("."):
                assert part in at, command
                at = at[part]


def unprivileged_values():
    """Those that give up every privilege but the node's list of processes."""
    block, = (text for text in blocks("yaml") if "runAsUser" in text)
    return yaml.safe_load(block)


def task_iterator_values():
    """Those that have processes read by a program in the kernel."""
    block, = (text for text in blocks("yaml") if "PERFMON" in text)
    return yaml.safe_load(block)


def top_of_the_readme():
    """What is started inside of the container, without its program."""
    lines = TEXT.replace("\\\n", " ").splitlines()
    command, = (line.split("-- /usr/bin/memleak_exporter ")[1] for line in lines if " exec -it " in line)
    return command.split()


def test_unprivileged_is_unprivileged():
    objects = render(unprivileged_values())
    context = container(objects)["securityContext"]
    assert context["runAsNonRoot"] is True and context["capabilities"] == {"drop": ["ALL"]}
    assert context["appArmorProfile"] == {"type": "RuntimeDefault"}
    # Nothing of the node can be written: it has no folder of its own there.
    mounts = container(objects)["volumeMounts"]
    assert all(mount["readOnly"] for mount in mounts) and pod(objects)["hostPID"] is True


def test_queries(tmp_path):
    """Also the one that helm prints."""
    notes = re.findall(r"^  (topk.*)$", (CHART / "templates" / "NOTES.txt").read_text(), re.M)
    queries = [text.strip() for text in blocks("promql")]
    assert len(notes) == 1 and set(notes) <= set(queries)
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "readme", "rules": rules}]}))
    result = run(program("promtool"), "check", "rules", path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_image_starts_the_exporter():
    """The chart gives flags only, and people look for the program where the image has it."""
    containerfile = (REPOSITORY / "deploy" / "container" / "Containerfile").read_text()
    assert 'ENTRYPOINT ["/usr/bin/memleak_exporter"]' in containerfile
    assert "command" not in container(render())


def test_the_table_of_permissions_names_every_collector():
    for name in EVERY_COLLECTOR:
        assert f"`{name}`" in TEXT, name
