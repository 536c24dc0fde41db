"""The manual page, the completions and the default configuration know every flag of --help."""

import re
import subprocess

import pytest
import yaml

from built import COMMANDS, ENUMERATED, document, flags_of
from support.exporter import run
from support.requirements import need_tool
from support.tmux import Tmux


def test_every_command_is_known():
    refusal = run("no-command").stderr
    known = re.search(r"the commands are (.*?), as the first word", refusal)[1]
    assert sorted(re.split(", | and ", known)) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_manual_page(command):
    page = document("memleak_exporter.1").read_text()
    section = re.search(rf"^\.SH {command.upper()}\n(.*?)^\.SH ", page, re.M | re.S)[1]
    plain = re.sub(r"\\f[BRI]", "", section).replace("\\-", "-")
    flags = []
    for no, name, value in re.findall(r"^\.TP\n--(\[no-\])?([\w.-]+)(=)?", plain, re.M):
        flags += [f"--{name}{value}"] + ([f"--no-{name}"] if no else [])
    assert flags == flags_of(command)


def test_manual_page_is_rendered_without_warnings():
    page = document("memleak_exporter.1")
    result = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-P-c", page],
                            executable=need_tool("groff"), capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    # No escape has been left, and none was made of what a help text says.
    assert "\\" not in result.stdout.replace("\\1 to \\9", "")
    assert "\\1 to \\9 in NAME are" in " ".join(result.stdout.split())


def bash_completes(*words):
    """What bash is told when the last of `words` is completed."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _memleak_exporter; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    # Outside of a completion bash has no use for its options.
    result = subprocess.run(["bash", "-c", "compopt() { :; }; " + script, "bash",
                             document("memleak_exporter.bash"), "memleak_exporter", *words],
                            capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout.split()


@pytest.mark.parametrize("command", COMMANDS)
def test_bash_knows_every_flag(command):
    assert bash_completes(command, "--") == flags_of(command)


def test_bash_knows_commands_and_values(tmp_path):
    assert bash_completes("--") == flags_of("serve")
    assert sorted(set(bash_completes("")) - set(flags_of("serve"))) == sorted(COMMANDS)
    for flag, values in ENUMERATED.items():
        command, name = flag.split()
        assert sorted(bash_completes(command, name, "=", "")) == values
        assert sorted(bash_completes(command, name, "=")) == values
        assert sorted(bash_completes(command, name, "")) == values
        assert sorted(bash_completes(command, name + "=")) == [f"{name}={each}" for each in values]
    (tmp_path / "web.yml").touch()
    (tmp_path / "folder").mkdir()
    assert bash_completes("--config.file", "=", f"{tmp_path}/w") == [f"{tmp_path}/web.yml"]
    assert bash_completes("--path.procfs", "=", f"{tmp_path}/") == [f"{tmp_path}/folder"]
    assert bash_completes("analyze", f"{tmp_path}/w") == [f"{tmp_path}/web.yml"]
    # Nobody can know these.
    assert bash_completes("--web.listen-address", "=", "") == []


def test_bash_completes_what_is_typed(tmp_path):
    """In a terminal, as somebody does it."""
    (tmp_path / "bashrc").write_text(f"source {document('memleak_exporter.bash')}\nPS1='ready>'\n")
    terminal = Tmux(["bash", "--rcfile", tmp_path / "bashrc", "-i"])
    try:
        terminal.until("ready>")
        terminal.type("memleak_exporter --web.li")
        terminal.keys("Tab")
        terminal.until("ready>memleak_exporter --web.listen-address=")
        terminal.type(":0 --log.l")
        terminal.keys("Tab")
        terminal.type("w")
        terminal.keys("Tab")
        terminal.until("--web.listen-address=:0 --log.level=warn")
    finally:
        terminal.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_zsh_and_fish_know_every_flag(command):
    """Whether they also take what is written there, the tests of the installed package tell."""
    wanted = [flag.rstrip("=") for flag in flags_of(command)]
    zsh = document("_memleak_exporter").read_text()
    rows = re.search(rf"^    {command}\)\n(.*?)^      ;;", zsh, re.M | re.S)[1]
    assert re.findall(r"^ +'\*?(?:\([^)]*\))?(--[\w.-]+)", rows, re.M) == wanted
    fish = document("memleak_exporter.fish").read_text()
    when = "not __fish_seen.*" if command == "serve" else f"__fish_seen_subcommand_from {command}"
    assert re.findall(rf"^complete .* -n '{when}' -l ([\w.-]+)", fish, re.M) == [
        flag.removeprefix("--") for flag in wanted]


def test_default_configuration_has_every_flag():
    text = document("config.yaml").read_text()
    uncommented = yaml.safe_load(re.sub(r"^  #(?=[a-z])", "  ", text, flags=re.M))

    def keys(tree, prefix=""):
        for name, value in tree.items():
            if isinstance(value, dict):
                yield from keys(value, f"{prefix}{name}.")
            else:
                yield prefix + name

    flags = {flag.strip("-").rstrip("=") for flag in flags_of("serve") if "--no-" not in flag}
    flags -= {"config.file", "list-collectors", "version", "help"}
    assert {"group.rule" if key == "group.rules" else key for key in keys(uncommented)} == flags


def test_default_configuration_is_accepted(start_exporter, tmp_path):
    """As it is, but for what a test may not use; and with every default that it shows."""
    text = document("config.yaml").read_text()
    chosen = yaml.safe_load(text)
    assert {name: tree for name, tree in chosen.items() if tree} == {
        "web": {"listen-address": [":10078"]},
        "trend": {"state-file": "/var/lib/memleak_exporter/trends"}}
    text = text.replace("/var/lib/memleak_exporter/trends", str(tmp_path / "trends"))
    # In capitals stands what kind of value it would be, where there is no default.
    defaults = re.sub(r"^  #(?=[a-z])(?!.*\b(?:[A-Z]{4,}|TIME)\b)", "  ", text, flags=re.M)
    assert defaults.count("\n  #") < text.count("\n  #")
    for name, content in (("shipped.yaml", text), ("defaults.yaml", defaults)):
        (tmp_path / name).write_text(content)
        exporter = start_exporter(f"--config.file={tmp_path / name}")
        assert exporter.scrape().has("memleak_node_memory_total_bytes")
        exporter.stop()
        assert (tmp_path / "trends").is_file()
