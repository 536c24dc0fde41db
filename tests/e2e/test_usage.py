"""Bad input: one clear line on standard error, the right exit code, nothing half-started."""

import os
import socket
import subprocess

import pytest

from support import fixtures
from support.exporter import BINARY, run
from support.requirements import need_nobody

USAGE, STARTUP = 2, 1


def assert_refused(result, code, *named):
    """One line that names each of `named`, nothing on standard output."""
    assert result.returncode == code, result
    assert result.stdout == ""
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("memleak_exporter: "), result.stderr
    for words in named:
        assert words in result.stderr


def refuse(*flags, code, named):
    # A free port, so that the flag in question is the only thing that is wrong.
    assert_refused(run("--web.listen-address=127.0.0.1:0", *flags), code, *named)


BAD_FLAGS = {
    "unknown flag": ["--web.listen"],
    "abbreviated flag": ["--process.lim=3"],
    "abbreviated to one letter": ["-p"],
    "misspelt flag": ["--process.limits=3"],
    "flag of a later section": ["--collector.nothing"],
    "unknown flag switched off": ["--no-collector.nothing"],
    "stray argument": ["processes"],
    "missing value": ["--process.limit"],
    "empty value": ["--process.limit="],
    "no number": ["--process.limit=many"],
    "number with a tail": ["--process.limit=50x"],
    "negative number": ["--process.limit=-1"],
    "number that does not fit": ["--process.limit=99999999999999999999"],
    "bad size": ["--process.min-rss=16Mega"],
    "size with the wrong case": ["--process.min-rss=16mib"],
    "negative size": ["--process.min-rss=-1MiB"],
    "size that does not fit": ["--process.min-rss=99999999999GiB"],
    "bad duration": ["--process.min-age=soon"],
    "duration without a unit": ["--process.min-age=30"],
    "negative duration": ["--process.min-age=-30s"],
    "bad regex": ["--group.rule=api=java (.*"],
    "regex that RE2 does not have": ["--group.rule=api=(?=lookahead)"],
    "rule without a regex": ["--group.rule=api"],
    "rule without a name": ["--group.rule==java"],
    "rule with a capture that is not there": [r"--group.rule=api-\2=java (.*)"],
    "rule with a name of ours": ["--group.rule=(kernel)=java"],
    "bad log level": ["--log.level=loud"],
    "bad log format": ["--log.format=xml"],
    "trend slot too short": ["--trend.slot=9ms"],
    "trend slot without a unit": ["--trend.slot=60"],
    "state file without a name": ["--trend.state-file="],
    "bad source": ["--process.source=magic"],
    "telemetry path without a slash": ["--web.telemetry-path=metrics"],
    "telemetry path that is taken": ["--web.telemetry-path=/"],
    "value for a switch": ["--no-web.ui=maybe"],
    "address without a port": ["--web.listen-address=localhost"],
    "port out of range": ["--web.listen-address=127.0.0.1:65536"],
    "port that is no number": ["--web.listen-address=127.0.0.1:http"],
    "address that is none": ["--web.listen-address=10.0.0.256:0"],
    "IPv6 without brackets": ["--web.listen-address=::1:0"],
}


@pytest.mark.parametrize("flags", BAD_FLAGS.values(), ids=BAD_FLAGS.keys())
def test_bad_flag(flags):
    name = flags[0].split("=")[0]
    refuse(*flags, code=USAGE, named=[name])


def test_value_of_a_bad_flag_is_quoted_harmlessly():
    """What was typed comes back on one line, whatever it is."""
    refuse("--process.limit=1\nexit\x1b[2J", code=USAGE, named=["--process.limit"])


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "config.yml"
        path.write_text(text)
        return path
    return write


BAD_CONFIGS = {
    "malformed YAML": ("web:\n  listen-address: [\":0\"\nprocess: {}\n", None, ""),
    "a tab": ("process:\n\tlimit: 3\n", 2, "tab"),
    "unknown key": ("process:\n  limit: 3\n  limits: 4\n", 3, "process.limits"),
    "unknown section": ("log: {level: info}\nprocesses:\n  limit: 3\n", 2, "processes"),
    "key not nested": ("\nprocess.limit: 3\n", 2, "process.limit"),
    "given twice": ("process:\n  limit: 3\n  min-age: 1s\n  limit: 4\n", 4, "limit"),
    "bad value": ("process:\n  min-age: 1s\n  limit: many\n", 3, "process.limit"),
    "bad size": ("process:\n  min-rss: 16Mega\n", 2, "process.min-rss"),
    "bad regex": ("group:\n  rules:\n    - {name: a, match: b}\n    - {name: c, match: \"(\"}\n", 4,
                  "group.rules"),
    "rule without a match": ("group:\n  rules:\n    - name: a\n", 3, "match"),
    "list for a value": ("process:\n  limit: [1, 2]\n", 2, "process.limit"),
    "value for a section": ("process: 3\n", 1, "process"),
    "no value": ("process:\n  limit:\n", 2, "process.limit"),
    "a list at the top": ("- process\n", 1, ""),
    "a config file in the config file": ("config: {file: other.yml}\n", 1, "config"),
}


@pytest.mark.parametrize("text, line, named", BAD_CONFIGS.values(), ids=BAD_CONFIGS.keys())
def test_bad_config(config, text, line, named):
    path = config(text)
    place = f"{path}:{line}: " if line else f"{path}:"
    refuse(f"--config.file={path}", code=USAGE, named=[place, named])


def test_missing_config(tmp_path):
    path = tmp_path / "nothing.yml"
    refuse(f"--config.file={path}", code=STARTUP, named=[str(path), "No such file"])


def test_config_that_is_a_directory(tmp_path):
    refuse(f"--config.file={tmp_path}", code=STARTUP, named=[str(tmp_path), "directory"])


def test_unreadable_config(public_directory, public_binary):
    path = os.path.join(public_directory, "config.yml")
    with open(path, "w") as file:
        file.write("log: {level: info}\n")
    os.chmod(path, 0)
    result = subprocess.run([*need_nobody(), public_binary, f"--config.file={path}",
                             "--web.listen-address=127.0.0.1:0"],
                            capture_output=True, text=True, timeout=60)
    assert_refused(result, STARTUP, path, "Permission denied")


def test_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        assert_refused(run(f"--web.listen-address={address}"), STARTUP, address, "in use")


def test_one_of_two_ports_in_use():
    """All addresses or none: the free one is not left open."""
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        addresses = ["127.0.0.1:%d" % each.getsockname()[1] for each in (free, taken)]
        free.close()
        result = run(*(f"--web.listen-address={address}" for address in addresses))
        assert_refused(result, STARTUP, addresses[1], "in use")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(addresses[0].rsplit(":")[1])))


def test_address_of_another_machine():
    # TEST-NET-1 (RFC 5737): nobody's.
    assert_refused(run("--web.listen-address=192.0.2.1:0"), STARTUP, "192.0.2.1:0")


def test_name_that_does_not_resolve():
    # RFC 6761: never a host.
    result = run("--web.listen-address=nowhere.invalid:0")
    assert_refused(result, STARTUP, "nowhere.invalid:0")


@pytest.mark.parametrize("path", ["/nonexistent", "/dev/null", "DIR"])
def test_what_is_no_proc(tmp_path, path):
    path = path.replace("DIR", str(tmp_path))
    refuse(f"--path.procfs={path}", code=STARTUP, named=[path])


def test_proc_without_a_boot_time(tmp_path):
    host = fixtures.FixtureHost("ordinary", tmp_path)
    host.path("stat").write_text("cpu  1 2 3 4\n")
    refuse(*host.flags, code=STARTUP, named=[f"{host.root}/proc/stat"])


def test_nothing_is_started_before_the_command_line_is_right(tmp_path):
    """No port is opened, no file is made: what was wrong is said at once."""
    calls = subprocess.run([BINARY, "--process.limit=many", "--web.listen-address=127.0.0.1:0"],
                           capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert_refused(calls, USAGE, "--process.limit")
    assert "listening" not in calls.stderr
    assert list(tmp_path.iterdir()) == []


def test_help():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for flag in ("--web.listen-address", "--config.file", "--group.rule", "--process.min-rss",
                 "--log.level", "--list-collectors"):
        assert flag in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_version():
    result = run("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("memleak_exporter ")
    assert result.stdout.count("\n") == 1


def test_list_of_collectors():
    result = run("--list-collectors")
    assert (result.returncode, result.stderr) == (0, "")
    names = [line.split(":")[0].split()[0] for line in result.stdout.splitlines()]
    assert {"process", "process_vm", "group", "meminfo"} <= set(names)


def test_serve_may_be_said(start_exporter):
    """`memleak_exporter serve` and `memleak_exporter` are the same."""
    start_exporter("serve")
