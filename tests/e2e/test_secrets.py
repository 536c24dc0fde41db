"""Arguments hold secrets. They are never in a scrape, on the page or in the log."""

import pytest

from support.exporter import EXPORT_ALL
from support.programs import copy_of_actor
from support.requirements import need_tool

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

SECRET = "hunter2-sk-live-51H8x"


def wait_for_input(runtime):
    """Code that waits for the end of standard input, in the language of `runtime`."""
    return {
        "python3": f"import sys; token='{SECRET}'; print('up', flush=True); sys.stdin.read()",
        "perl": f"$|=1; $t='{SECRET}'; print \"up\\n\"; <STDIN>",
        "ruby": f"t='{SECRET}'; puts 'up'; $stdout.flush; gets",
        "php": f"$t='{SECRET}'; echo \"up\\n\"; fgets(STDIN);",
        "node": f"const t='{SECRET}'; console.log('up'); process.stdin.resume()",
    }[runtime]


CODE_FLAGS = {"python3": "-c", "perl": "-e", "ruby": "-e", "php": "-r", "node": "-e"}

ARGUMENTS = {
    "an option": [f"--token={SECRET}"],
    "an option's value": ["--password", SECRET],
    "a URL": [f"postgres://user:{SECRET}@db/app"],
    "a path": [f"/run/secrets/{SECRET}"],
    "a bare word": [SECRET],
}


@pytest.fixture(scope="module")
def exporters(start_shared_exporter):
    """One without configuration and one whose rule looks at everything."""
    rule = "--group.rule=seen=(?s).*"
    return [start_shared_exporter(*EXPORT_ALL, "--collector.process_vm", "--log.level=debug"),
            start_shared_exporter(*EXPORT_ALL, rule, "--log.level=debug")]


def assert_never_shown(exporters, pid):
    for exporter in exporters:
        for openmetrics in (True, False):
            body = exporter.scrape_until(f"pid {pid}", lambda body: body.of_pid(pid),
                                         openmetrics=openmetrics)
            assert SECRET not in body.text
        for path in (f"processes/{pid}", "processes?limit=10000", "groups"):
            assert SECRET not in exporter.get(f"/api/v1/{path}").text
        assert SECRET not in exporter.log()


@pytest.mark.parametrize("runtime", CODE_FLAGS)
def test_code_on_the_command_line(exporters, start_program, runtime):
    need_tool(runtime)
    program = start_program([runtime, CODE_FLAGS[runtime], wait_for_input(runtime)])
    assert program.read_line() == "up"
    assert_never_shown(exporters, program.pid)


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_arguments_of_a_program(exporters, start_actor, tmp_path, arguments):
    actor = start_actor(*arguments, path=copy_of_actor(tmp_path, "service"))
    assert_never_shown(exporters, actor.pid)


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_arguments_of_a_script(exporters, start_program, tmp_path, arguments):
    script = tmp_path / "job.py"
    script.write_text("import sys; print('up', flush=True); sys.stdin.read()")
    program = start_program(["/usr/bin/python3", script, *arguments])
    assert program.read_line() == "up"
    assert_never_shown(exporters, program.pid)
    labels = exporters[0].scrape().labels("memleak_process_info", pid=str(program.pid))
    assert labels["group"] == "python:job.py"


def test_system_properties_of_java(exporters, start_program, java_class):
    program = start_program(["java", "-Xmx32m", f"-Dpassword={SECRET}", "-cp", java_class.parent,
                             "Waiter", f"--token={SECRET}"])
    assert program.read_line() == "up"
    assert_never_shown(exporters, program.pid)
    labels = exporters[0].scrape().labels("memleak_process_info", pid=str(program.pid))
    assert labels["group"] == "java:Waiter"


def test_environment(exporters, start_actor):
    actor = start_actor(env={"API_KEY": SECRET})
    assert_never_shown(exporters, actor.pid)


def test_rule_that_captures_what_is_no_name(start_exporter, start_actor):
    """A capture is of [A-Za-z0-9_.$/:@-] or not shown: then the next rule decides."""
    exporter = start_exporter(*EXPORT_ALL, r"--group.rule=svc-\1=--name=(.*)",
                              r"--group.rule=fallback=actor .*--name=")
    actor = start_actor("--name=a b;c", "--x")
    body = exporter.scrape_until("the actor", lambda body: body.of_pid(actor.pid))
    assert body.labels("memleak_process_info", pid=str(actor.pid))["group"] == "fallback"
