"""Every command of README.md works as it stands there."""

import pytest

from support import readme
from support.exporter import REPOSITORY

README = REPOSITORY / "README.md"


def blocks():
    return readme.code_blocks(README.read_text()) if README.exists() else []


def test_there_is_a_readme_with_the_two_commands():
    shown = [command for language, code in blocks() for command in readme.commands(language, code)]
    assert "./deploy/run.sh" in shown
    assert "./tests/run.sh" in shown


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    return start_shared_exporter()


@pytest.mark.parametrize("language, code", blocks(),
                         ids=[f"{i}-{language}" for i, (language, _) in enumerate(blocks(), 1)])
def test_block(exporter, tmp_path, language, code):
    """A block that nobody knows how to run fails: change it, or teach readme.py."""
    if language in ("sh", "console"):
        for command in readme.commands(language, code):
            readme.run_command(command, exporter.url)
    elif language == "yaml":
        readme.run_yaml(code, tmp_path)
    else:
        assert language in readme.SHOWN, f"nobody knows how to run a block of {language!r}"


SAMPLE = """
```sh
# as root
curl -s localhost:10078/metrics | \\
  head -n 3
```

```console
$ memleak_exporter --version
memleak_exporter 1.0
```

```yaml
process: {limit: 3}
```
"""


def test_the_blocks_are_found_and_run(exporter, tmp_path):
    (sh, console, yaml) = readme.code_blocks(SAMPLE)
    assert readme.commands(*sh) == ["curl -s localhost:10078/metrics |    head -n 3"]
    assert readme.commands(*console) == ["memleak_exporter --version"]
    assert yaml[0] == "yaml"
    readme.run_command(readme.commands(*console)[0], exporter.url)
    readme.run_command("curl -s http://127.0.0.1:10078/-/ready", exporter.url)
    readme.run_yaml(yaml[1], tmp_path)


@pytest.mark.parametrize("command", ["frobnicate --all", "curl -sf localhost:10078/nothing",
                                     "memleak_exporter --no-such-flag --help"])
def test_a_command_that_does_not_work_is_noticed(exporter, command):
    with pytest.raises(AssertionError):
        readme.run_command(command, exporter.url)
