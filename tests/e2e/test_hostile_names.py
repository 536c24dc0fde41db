"""Names are hostile: any byte but NUL can be in a comm, a path or an argument."""

import os

import pytest

from support import kernel
from support.exporter import EXPORT_ALL
from support.programs import copy_of_actor

# This host as it is, so that nothing else may run beside it.
pytestmark = pytest.mark.host

# 15 bytes are what the kernel keeps.
COMMS = {
    "spaces": b"two words here",
    "parentheses": b"x) R 1 1 (y",
    "only parentheses": b")))(((",
    "quotes": b"say \"hi\" 'you'",
    "backslash": b"\\n\\\\\\\" \\",
    "newline": b"two\nlines\n# EOF",
    "carriage return and tab": b"a\r\nb\tc\x0b\x1b[31m",
    "invalid UTF-8": b"\xff\xfe\xc3( \xe2\x82",
    "overlong and surrogate": b"\xc0\xaf\xed\xa0\x80",
    "markup": b"<script>alert()",
    "entity": b"&lt;b&gt;</td>",
    "exposition syntax": b'a{b="c"} 1 # {',
    "a name of ours": b"(other)",
    "empty": b"",
}


def shown(raw):
    """Valid UTF-8, each invalid byte a U+FFFD."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in text)


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    return start_shared_exporter(*EXPORT_ALL)


def exported(exporter, pid, **kwargs):
    return exporter.scrape_until(f"pid {pid}", lambda body: body.of_pid(pid), **kwargs)


@pytest.mark.parametrize("openmetrics", [True, False], ids=["openmetrics", "text"])
@pytest.mark.parametrize("comm", COMMS.values(), ids=COMMS.keys())
def test_comm(exporter, start_actor, comm, openmetrics):
    actor = start_actor()
    actor.set_name(comm)
    assert kernel.Stat(actor.pid).comm == comm, "the kernel keeps what we set"
    body = exported(exporter, actor.pid, openmetrics=openmetrics)
    labels = body.labels("memleak_process_info", pid=str(actor.pid))
    # An empty label and a missing one are the same to Prometheus.
    assert labels.get("comm", "") == shown(comm)
    assert labels["group"] == "actor"


EXECUTABLES = {
    "longer than 15 bytes": b"billing-service-of-the-north",
    "spaces and parentheses": b"my service (v2)",
    "quotes and backslash": b"we\"ird\\'x",
    "newline": b"two\nlines",
    "invalid UTF-8": b"bad\xff\xc3name",
    "markup": b"<b>bold</b>".replace(b"/", b"|"),
    "a name of ours": b"(kernel)",
    "longer than a label": b"n" * 255,
}


@pytest.mark.parametrize("name", EXECUTABLES.values(), ids=EXECUTABLES.keys())
def test_executable(exporter, start_actor, tmp_path, name):
    """Without configuration a group is called by its executable's whole name."""
    path = copy_of_actor(tmp_path, os.fsdecode(name))
    actor = start_actor(path=path)
    body = exported(exporter, actor.pid)
    labels = body.labels("memleak_process_info", pid=str(actor.pid))
    group = shown(name).strip("()") if name == b"(kernel)" else shown(name)
    assert labels["group"] == group[:128]
    assert labels["exe"] == shown(os.fsencode(path))[:256]
    assert body.value("memleak_group_processes", group=labels["group"]) == 1


def test_replaced_executable(exporter, start_actor, tmp_path):
    """An upgraded package leaves processes whose executable is deleted: the name stays."""
    path = copy_of_actor(tmp_path, "upgraded-service")
    actor = start_actor(path=path)
    path.unlink()
    labels = exported(exporter, actor.pid).labels("memleak_process_info", pid=str(actor.pid))
    assert labels["group"] == "upgraded-service"
    assert labels["exe"] == str(path)


def test_log_stays_one_event_a_line(exporter, start_actor):
    """Nothing of a process's name gets into the log."""
    actor = start_actor()
    actor.set_name(b"x\nlevel=error")
    exported(exporter, actor.pid)
    for line in exporter.log().splitlines():
        assert line.startswith("ts="), line
        assert "level=error" not in line
