"""Groups that work without configuration, with the real runtimes; and --group.rule."""

import time

import pytest

from support.exporter import EXPORT_ALL
from support.programs import copy_of, copy_of_actor
from support.requirements import need_tool
from support.runtimes import write_scripts

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    return start_shared_exporter(*EXPORT_ALL)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    return write_scripts(tmp_path_factory.mktemp("scripts"))


def info_of(exporter, pid):
    body = exporter.scrape_until(f"pid {pid}", lambda body: body.of_pid(pid))
    return body.labels("memleak_process_info", pid=str(pid))


# How each is started (DIR is where the scripts lie), and the group and runtime to be found.
SCRIPTS = {
    "python": (["python3", "DIR/worker.py"], "python:worker.py", "python"),
    "python with options": (["python3", "-u", "-X", "dev", "-W", "ignore", "DIR/worker.py", "-m",
                             "other"], "python:worker.py", "python"),
    "node": (["node", "DIR/server.js"], "node:server.js", "node"),
    "node with options": (["node", "--max-old-space-size=64", "--require", "os", "DIR/server.js"],
                          "node:server.js", "node"),
    "ruby": (["ruby", "-W0", "DIR/sidekiq.rb"], "ruby:sidekiq.rb", "ruby"),
    "perl": (["perl", "-w", "DIR/report.pl"], "perl:report.pl", "perl"),
    "php": (["php", "-d", "memory_limit=64M", "DIR/queue.php"], "php:queue.php", "php"),
}


@pytest.mark.parametrize("command, group, runtime", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_script(exporter, start_program, scripts, command, group, runtime):
    # The distribution's python3, wherever the tests' own comes from.
    tool = "/usr/bin/python3" if command[0] == "python3" else need_tool(command[0])
    arguments = [word.replace("DIR", str(scripts)) for word in command[1:]]
    program = start_program([tool, *arguments])
    assert program.read_line() == "up"
    info = info_of(exporter, program.pid)
    assert (info["group"], info["runtime"]) == (group, runtime)


def test_script_with_an_interpreter_line(exporter, start_program, scripts):
    """Started by its own name, as from a service file: the kernel puts the interpreter first."""
    script = scripts / "janitor"
    script.write_text("#!/usr/bin/python3 -u\nprint('up')\nimport sys; sys.stdin.read()\n")
    script.chmod(0o755)
    program = start_program([script, "--daily"])
    assert program.read_line() == "up"
    assert info_of(exporter, program.pid)["group"] == "python:janitor"


def test_python_module(exporter, start_program, scripts):
    package = scripts / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "mailer.py").write_text((scripts / "worker.py").read_text())
    program = start_program(["/usr/bin/python3", "-m", "shop.mailer", "--queue", "x"], cwd=scripts)
    assert program.read_line() == "up"
    assert info_of(exporter, program.pid)["group"] == "python:shop.mailer"


def test_python_http_server(exporter, start_program):
    program = start_program(["/usr/bin/python3", "-m", "http.server", "0", "--bind", "127.0.0.1"])
    assert info_of(exporter, program.pid)["group"] == "python:http.server"


JAVA = {
    "main class": ["-cp", "DIR", "Waiter", "-jar", "other.jar"],
    "jar": ["-jar", "DIR/waiter.jar", "Other"],
    "options before the class": ["-XX:+UseSerialGC", "-Dname=value", "-ea", "--class-path", "DIR",
                                 "Waiter"],
}


@pytest.mark.parametrize("arguments", JAVA.values(), ids=JAVA.keys())
def test_java(exporter, start_program, java_class, arguments):
    words = [word.replace("DIR", str(java_class.parent)) for word in arguments]
    program = start_program(["java", "-Xmx32m", *words])
    assert program.read_line() == "up"
    info = info_of(exporter, program.pid)
    assert info["group"] == ("java:waiter.jar" if "-jar" == arguments[0] else "java:Waiter")
    assert info["runtime"] == "java"


def test_java_with_a_class_path_longer_than_a_page(exporter, start_program, java_class):
    """The main class stands behind it: 4 KB would not do."""
    libraries = [f"/opt/app/lib/library-{i}.jar" for i in range(900)]
    path = ":".join([str(java_class.parent), *libraries])
    assert len(path) > 20_000
    program = start_program(["java", "-Xmx32m", "-cp", path, "Waiter"])
    assert program.read_line() == "up"
    assert info_of(exporter, program.pid)["group"] == "java:Waiter"


def test_executables_are_told_apart_beyond_15_bytes(exporter, start_actor, tmp_path):
    actors = {name: start_actor(path=copy_of_actor(tmp_path, name))
              for name in ("payment-gateway-eu", "payment-gateway-us")}
    for name, actor in actors.items():
        info = info_of(exporter, actor.pid)
        assert info["comm"] == "payment-gateway"
        assert (info["group"], info["runtime"]) == (name, "native")


def test_go(exporter, start_program, tmp_path):
    program = start_program([copy_of("looks_like_go", tmp_path, "gopher")])
    info = info_of(exporter, program.pid)
    assert (info["group"], info["runtime"]) == ("gopher", "go")


def test_rewritten_title(exporter, start_program, tmp_path):
    """As nginx and postgres do: the executable counts, not what argv[0] says."""
    path = copy_of_actor(tmp_path, "webserver")
    program = start_program(["webserver: worker process (idle)"], executable=path)
    assert program.read_line() == "ready"
    assert info_of(exporter, program.pid)["group"] == "webserver"


RULES = (
    r"--group.rule=shard-\1=--shard=(\d+)",
    r"--group.rule=\1/\2=/([a-z]+)-tool .*--env=(\w+)",
    r"--group.rule=path:\1=(/[a-z/]*/quiet-tool) ",
    r"--group.rule=anchored=^\S+ \S+ last$",
    r"--group.rule=never=no process has this on its command line",
)
RULED = {
    "one capture": ("quiet-tool", ["--shard=17"], "shard-17"),
    "two captures": ("quiet-tool", ["--env=prod"], "quiet/prod"),
    "first match wins": ("quiet-tool", ["--env=prod", "--shard=3"], "shard-3"),
    "anchors": ("loud-tool", ["last"], "anchored"),
    "no match": ("loud-tool", ["--else"], "loud-tool"),
}


@pytest.fixture(scope="module")
def ruled_exporter(start_shared_exporter):
    return start_shared_exporter(*EXPORT_ALL, *RULES)


@pytest.mark.parametrize("name, arguments, group", RULED.values(), ids=RULED.keys())
def test_rule(ruled_exporter, start_actor, tmp_path, name, arguments, group):
    actor = start_actor(*arguments, path=copy_of_actor(tmp_path, name))
    assert info_of(ruled_exporter, actor.pid)["group"] == group


def test_rule_goes_before_the_script(start_exporter, start_program, scripts):
    exporter = start_exporter(*EXPORT_ALL, "--group.rule=mail=worker\\.py --queue mail$")
    command = ["/usr/bin/python3", scripts / "worker.py", "--queue"]
    mail, sms = start_program([*command, "mail"]), start_program([*command, "sms"])
    assert info_of(exporter, mail.pid)["group"] == "mail"
    assert info_of(exporter, mail.pid)["runtime"] == "python"
    assert info_of(exporter, sms.pid)["group"] == "python:worker.py"


ADVERSARIAL = ("(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "(x+x+)+y", "a{1,900}b$")


def test_long_command_lines_against_any_rule(start_exporter, start_actor, tmp_path):
    """32 KB of what makes a backtracking engine run for ages, against all patterns at once."""
    rules = [f"--group.rule=rule{i}={regex}" for i, regex in enumerate(ADVERSARIAL)]
    exporter = start_exporter(*EXPORT_ALL, *rules)
    path = copy_of_actor(tmp_path, "long-winded")
    actors = [start_actor(*["a" * 127] * 255 + ["!"], path=path) for _ in range(20)]
    slowest = 0
    for actor in actors:
        start = time.monotonic()
        body = exporter.scrape()
        slowest = max(slowest, time.monotonic() - start)
        if not body.of_pid(actor.pid):
            exporter.scrape_until("the long-winded", lambda body: body.of_pid(actor.pid))
    # Rules are matched on a helper thread: not even a slow one would slow a scrape down.
    assert slowest < 5
    body = exporter.scrape()
    assert body.value("memleak_slow_reads_stuck") == 0
    # Of the command line the rules see the first 4 KB: a path, blanks and 31 times 127 a and a
    # blank, and so on; the first pattern matches its end.
    groups = {body.labels("memleak_process_info", pid=str(actor.pid))["group"] for actor in actors}
    assert groups == {"rule0"}
