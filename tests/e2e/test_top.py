"""`memleak_exporter top`: in a real terminal (tmux), and what scripts get from it."""

import contextlib
import json
import os
import re
import signal
import subprocess

import pytest

from support import fixtures, web
from support.exporter import BINARY, SANITIZER_REPORT, Exporter
from support.leaks import FIRST
from support.programs import Program, copy_of, unique
from support.tmux import Tmux
from support.waiting import DEADLINE_SECONDS, wait_for
from support.web_config import MARK, bcrypt, write

FAILED, USAGE = 1, 2
MIB = 1 << 20


def top(*arguments, code=0, locale="C.UTF-8", more=None, **kwargs):
    """Without a terminal: to its end."""
    result = subprocess.run([BINARY, "top", *map(str, arguments)], capture_output=True,
                            timeout=DEADLINE_SECONDS, stdin=subprocess.DEVNULL,
                            env={"PATH": os.environ["PATH"], "LC_ALL": locale} | (more or {}),
                            **kwargs)
    assert not SANITIZER_REPORT.search(result.stderr.decode()), result.stderr
    assert result.returncode == code, result
    if code == 0:
        assert result.stderr == b""
    else:
        assert result.stdout == b""
        assert result.stderr.count(b"\n") == 1, result.stderr
        assert result.stderr.startswith(b"memleak_exporter: "), result.stderr
    return (result.stderr if code else result.stdout).decode()


@pytest.fixture
def terminal():
    """Starts `top` in a terminal."""
    with contextlib.ExitStack() as stack:
        def start(*arguments, **kwargs):
            often = () if "--interval=1h" in arguments else ("--interval=200ms",)
            pane = Tmux([BINARY, "top", *often, *arguments], **kwargs)
            stack.callback(pane.close)
            return pane
        yield start


@pytest.fixture
def host(tmp_path):
    return fixtures.FixtureHost("ordinary", tmp_path)


@pytest.fixture
def exporter(host, start_exporter):
    return start_exporter(*host.flags)


def pids(screen):
    """Of the rows of a table of processes, from the top."""
    table = screen.partition(" PID ")[2].splitlines()[1:]
    return [int(found[1]) for found in (re.match(r" *(\d+) ", line) for line in table) if found]


def known(exporter, field):
    """[(value, pid)] of the processes that have it, by the API."""
    rows = json.loads(exporter.get("/api/v1/processes").text)["processes"]
    return [(row[field], row["pid"]) for row in rows if field in row]


def selected(pane):
    """The first word of the row under the cursor, which is drawn in reverse, as the heading is."""
    reverse, rows = False, []
    for line in pane.screen(escapes=True).splitlines():
        text = ""
        for codes, words in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", line):
            for code in codes.split(";") if codes else ():
                reverse = code == "7" or reverse and code not in ("0", "27")
            text += words if reverse else ""
        rows += [text.split()[0]] if text.strip() else []
    return rows[1] if len(rows) == 2 else None


# ---- the keys ------------------------------------------------------------------------------------

def in_order(exporter, field):
    """The rows are sorted by this; equal ones stand in any order."""
    values = {pid: value for value, pid in known(exporter, field)}
    def check(screen):
        shown = [values[pid] for pid in pids(screen) if pid in values]
        return len(shown) > 3 and shown == sorted(shown, reverse=True)
    return check


def test_keys_sort(terminal, exporter):
    pane = terminal(f"--url={exporter.url}", columns=160)
    pane.until("largest RSS first", in_order(exporter, "resident_bytes"))
    for key, words, field in [("N", "highest pid first", "pid"),
                              ("D", "most descriptors first", "open_fds"),
                              ("T", "oldest first", "age_seconds"),
                              ("P", "most CPU time first", "cpu_seconds"),
                              ("F", "largest footprint first", "footprint_bytes"),
                              ("M", "largest RSS first", "resident_bytes")]:
        pane.type(key)
        ordered = in_order(exporter, field)
        pane.until(f"{words} after {key}", lambda screen: words in screen and ordered(screen))
    pane.type("NR")
    screen = pane.until("lowest pid first")
    assert pids(screen) == sorted(pids(screen))


def test_lists(terminal, exporter):
    pane = terminal(f"--url={exporter.url}", columns=120)
    pane.until(" PID ")
    pane.type("g")
    pane.until("a table of groups", lambda screen: " MEDIAN " in screen and " groups, " in screen)
    pane.keys("Enter")
    screen = pane.until("Its processes")
    assert "footprint" in screen
    pane.keys("Escape")
    pane.until(" MEDIAN ")
    pane.type("c")
    pane.until(" UNRECL ")
    pane.type("p")
    pane.until(" PID ")
    pane.type("s")
    pane.until(", suspects only")
    pane.type("s")
    pane.until("all again", lambda screen: "suspects only" not in screen)


def test_search(terminal, exporter):
    every = json.loads(exporter.get("/api/v1/processes").text)["processes"]
    name = every[0]["comm"]
    found = json.loads(exporter.get(f"/api/v1/processes?search={name}").text)["matched"]
    assert 0 < found < len(every)
    pane = terminal(f"--url={exporter.url}", columns=120)
    pane.until(" PID ")
    pane.type("/" + name)
    pane.until("what is found while it is typed",
               lambda screen: f'{found} of {len(every)} processes' in screen
               and f"Search in names (Esc clears): {name}" in screen)
    pane.keys("Enter")
    pane.until("the keys again", lambda screen: "q quit" in screen
               and f'with "{name}" in a name' in screen)
    pane.type("/")
    pane.type("nobody is called so")
    pane.until("0 of ")
    pane.keys("Escape")
    pane.until("all again", lambda screen: f"\n{len(every)} processes, " in screen)


def test_moving_and_one_process(terminal, exporter):
    pane = terminal(f"--url={exporter.url}", columns=120, rows=40)
    screen = pane.until(" PID ", lambda text: " PID " in text and len(pids(text)) > 3)
    order = pids(screen)
    wait_for("the cursor", lambda: selected(pane) == str(order[0]))
    pane.keys("Down")
    wait_for("one down", lambda: selected(pane) == str(order[1]))
    pane.keys("End")
    wait_for("the last", lambda: selected(pane) == str(order[-1]))
    pane.keys("Home")
    wait_for("the first", lambda: selected(pane) == str(order[0]))
    pane.keys("Enter")
    screen = pane.until(f", pid {order[0]}")
    # It was seen for a few seconds only: what is known of it is said, and when more will be.
    pane.until("a verdict is possible in ")
    for words in ("Now", "RSS ", "footprint ", "descriptors "):
        assert words in screen, screen
    pane.type("q")  # back, not out
    pane.until(" PID ")
    pane.type("h")
    pane.until("sort by footprint")
    pane.keys("Escape")
    pane.until(" PID ")


def test_a_process_that_ends_while_it_is_looked_at(terminal, exporter, host):
    pane = terminal(f"--url={exporter.url}", columns=120)
    screen = pane.until(" PID ", lambda text: " PID " in text and len(pids(text)) > 3)
    pane.keys("Enter")
    pane.until(f", pid {pids(screen)[0]}")
    host.remove(pids(screen)[0])
    pane.until("It is gone.")


def test_interval(terminal, exporter):
    pane = terminal(f"--url={exporter.url}")
    pane.until(" PID ")
    pane.type("d")
    pane.until("(now 200 ms)")
    pane.type("soon")
    pane.keys("Enter")
    pane.until("that is no time")
    pane.type("d")
    pane.until("Time between refreshes")
    pane.type("3600")
    pane.keys("Enter")
    pane.type("d")
    pane.until("(now 3.60M ms)")
    pane.keys("Escape")


def test_refresh_at_once(terminal, host, exporter):
    """An hour between refreshes, and space does not wait for it."""
    pane = terminal(f"--url={exporter.url}", "--interval=1h")
    first = pids(pane.until(" PID ", lambda text: " PID " in text and len(pids(text)) > 3))
    host.remove(first[-1])
    # The exporter itself looks again after a second.
    wait_for("the exporter's next look",
             lambda: first[-1] not in [pid for _, pid in known(exporter, "pid")])
    assert first[-1] in pids(pane.screen())
    pane.type(" ")
    pane.until("without it", lambda text: " PID " in text and first[-1] not in pids(text))


# ---- the terminal --------------------------------------------------------------------------------

def test_q_puts_the_screen_back(terminal, exporter):
    pane = terminal(f"--url={exporter.url}")
    pane.until(" PID ")
    assert "before it" not in pane.screen()
    assert pane.state("alternate_on") == "1"
    pane.type("q")
    screen = pane.until("exit code 0")
    assert "before it" in screen and " PID " not in screen
    assert (pane.state("alternate_on"), pane.state("cursor_flag")) == ("0", "1")
    # What is typed shows again.
    pane.type("typed")
    pane.until("typed")


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGHUP, 129),
                                          (signal.SIGINT, 0), (signal.SIGQUIT, 131)])
def test_signals_put_the_screen_back(terminal, exporter, number, code):
    pane = terminal(f"--url={exporter.url}")
    pane.until(" PID ")
    os.kill(pane.child(), number)
    screen = pane.until(f"exit code {code}")
    assert "before it" in screen and " PID " not in screen
    assert (pane.state("alternate_on"), pane.state("cursor_flag")) == ("0", "1")


def test_stopped_and_continued(terminal, exporter):
    pane = terminal(f"--url={exporter.url}")
    pane.until(" PID ")
    pid = pane.child()
    os.kill(pid, signal.SIGTSTP)
    pane.until("the screen as it was", lambda screen: "before it" in screen)
    assert pane.state("alternate_on") == "0"
    os.kill(pid, signal.SIGCONT)
    pane.until(" PID ")
    pane.type("q")
    pane.until("exit code 0")


def test_resize(terminal, exporter):
    pane = terminal(f"--url={exporter.url}", columns=80, rows=24)
    screen = pane.until(" PID ")
    assert " USER " not in screen
    assert max(map(len, screen.splitlines())) <= 80
    assert "q quit" in screen.splitlines()[23]
    pane.resize(160, 40)
    screen = pane.until("more columns", lambda text: " USER " in text
                        and text.splitlines()[-1].startswith("q quit") and text.count("\n") == 40)
    pane.resize(40, 8)
    pane.until("a small one", lambda text: text.count("\n") == 8 and "q quit" in text
               and " USER " not in text)
    pane.resize(80, 24)
    pane.until("as before", lambda text: text.count("\n") == 24 and len(text.splitlines()) == 24
               and "q quit" in text.splitlines()[23] and " PID " in text)
    pane.type("q")
    pane.until("exit code 0")


def test_colours_are_left_out_where_nobody_wants_them(terminal, exporter):
    def coloured(pane):
        pane.until(" PID ")
        return re.search(r"\x1b\[[\d;]*3[0-7]m", pane.screen(escapes=True)) is not None
    assert coloured(terminal(f"--url={exporter.url}", env={"NO_COLOR": None}))
    assert not coloured(terminal(f"--url={exporter.url}", env={"NO_COLOR": "1"}))


@pytest.mark.parametrize("kind", ["dumb", None])
def test_a_terminal_that_cannot_be_drawn_on_gets_a_plain_table(terminal, exporter, kind):
    pane = terminal(f"--url={exporter.url}", env={"TERM": kind}, rows=50)
    screen = pane.until("exit code 0")
    assert "before it" in screen and " PID " in screen


def test_a_terminal_of_an_unknown_kind(terminal, exporter):
    # ncurses does not free the screen that it could not set up; the program ends then.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    pane = terminal(f"--url={exporter.url}", columns=150,
                    env={"TERM": "no-such-terminal", "ASAN_OPTIONS": sanitizer})
    screen = pane.until("exit code 1")
    assert "--once prints a plain table" in screen


# ---- the exporter --------------------------------------------------------------------------------

def test_an_exporter_that_goes_away_and_comes_back(terminal, host, start_exporter):
    exporter = start_exporter(*host.flags)
    address = "%s:%d" % web.address_of(exporter.url)
    pane = terminal(f"--url={exporter.url}", columns=120)
    screen = pane.until(" PID ", lambda text: " PID " in text and len(pids(text)) > 3)
    exporter.stop()
    pane.until("the trouble", lambda text: "No answer since " in text and "trying again" in text
               and pids(text)[:3] == pids(screen)[:3])
    pane.type("N")  # keys are answered meanwhile, by what is known
    again = Exporter(*host.flags, listen=(address,))
    try:
        pane.until("the exporter's return", lambda text: "No answer" not in text
                   and "highest pid first" in text and len(pids(text)) > 3)
        pane.type("q")
        pane.until("exit code 0")
    finally:
        again.stop()


def test_an_exporter_that_hangs(terminal, exporter):
    """Keys go on, and nobody who quits waits for it."""
    pane = terminal(f"--url={exporter.url}")
    pane.until(" PID ")
    os.kill(exporter.pid, signal.SIGSTOP)
    try:
        pane.type("h")
        pane.until("sort by footprint")
        pane.type("h")
        pane.until("No answer since")
        pane.type("q")
        pane.until("exit code 0")
    finally:
        os.kill(exporter.pid, signal.SIGCONT)


def test_user_and_password(start_safe_exporter, tmp_path):
    """They stand in the URL, and are shown nowhere."""
    flag = write(tmp_path / "web.yml", basic_auth_users={"ann": bcrypt(MARK)})
    exporter = start_safe_exporter(flag, user="ann", password=MARK)
    address = "%s:%d" % web.address_of(exporter.url)
    text = top(f"--url=http://ann:{MARK}@{address}", "--once")
    assert f"http://{address}," in text.splitlines()[0] and MARK not in text
    said = top(f"--url=http://{address}", "--once", code=FAILED)
    assert "user and a password" in said


# ---- hostile names -------------------------------------------------------------------------------

HOSTILE = {
    "clears the screen": b"\x1b[2J\x1b[Hx",
    "sets the title": b"\x1b]0;owned\x07",
    "one byte for Esc [": b"\xc2\x9b31mred",
    "newline": b"two\nlines",
    "no UTF-8": b"\xff\xfe\xc3(",
    "wide": "日本語".encode(),
    "right to left": "\u202eabc".encode(),
    "on its neighbour": "a\u0300\u0301\u0302".encode(),
}


@pytest.fixture
def hostile(tmp_path, start_exporter):
    host = fixtures.FixtureHost("ordinary", tmp_path)
    first = min(int(path.name) for path in host.path().iterdir() if path.name.isdigit()
                and (path / "exe").is_symlink())
    for pid, comm in enumerate(HOSTILE.values(), start=3000):
        host.clone(first, pid)
        host.set_stat(pid, comm=comm[:15])
        host.write(pid, "cmdline", b"")
        host.path(pid, "exe").unlink()
        os.symlink(b"/opt/" + comm.replace(b"\n", b"|").replace(b"/", b"|"), host.path(pid, "exe"))
    return start_exporter(*host.flags)


def test_hostile_names_stay_in_their_column(terminal, hostile):
    pane = terminal(f"--url={hostile.url}", "--sort=pid", columns=100, rows=40)
    screen = pane.until("highest pid first", lambda text: 3000 in pids(text))
    rows = {int(line.split()[0]): line for line in screen.splitlines()
            if re.match(r" +30\d\d ", line)}
    assert len(rows) == len(HOSTILE), screen
    verdicts = {len(re.match(r"(.*?)in \d+[smh]", line)[1]) for line in rows.values()}
    assert len(verdicts) == 1, screen
    for pid, words in enumerate(["\\x1b[2J\\x1b[Hx", "\\x1b]0;owned\\x07", "\\xc2\\x9b31mred",
                                 "two\\n", "\ufffd\ufffd\ufffd(", "日本語", "\\xe2\\x80\\xaeabc",
                                 "a\ufffd\ufffd"], start=3000):
        assert words[:12] in rows[pid], rows[pid]
    assert pane.state("pane_title") != "owned"
    assert "memleak_exporter top" in screen.splitlines()[0]
    # And on the page of each.
    for pid in rows:
        pane.type("/%d" % pid)
        pane.keys("Enter")
        pane.until("only this one", lambda text: "\n1 of " in text and pids(text) == [pid])
        pane.keys("Enter")
        screen = pane.until(f", pid {pid}")
        assert "memleak_exporter top" in screen.splitlines()[0]
        pane.keys("Escape")
        pane.until(" PID ")
        pane.keys("Escape")
        pane.until("all again", lambda text: " in a name" not in text)
    pane.type("q")
    assert "before it" in pane.until("exit code 0")


def test_hostile_names_in_plain_output(hostile):
    for locale in ("C.UTF-8", "C"):
        text = top(f"--url={hostile.url}", "--once", "--sort=pid", "--rows=100", locale=locale)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text), text
        assert len(pids(text)) >= len(HOSTILE)
        assert text.isascii() == (locale == "C")
        for pid in range(3000, 3000 + len(HOSTILE)):
            assert pid in pids(text)
    names = {row["comm"] for row in json.loads(top(f"--url={hostile.url}", "--json"))["processes"]}
    assert "\x1b[2J\x1b[Hx" in names  # JSON escapes it


# ---- scripts -------------------------------------------------------------------------------------

def test_once(exporter):
    text = top(f"--url={exporter.url}", "--once")
    lines = text.splitlines()
    assert lines[0].startswith("memleak_exporter top - ")
    assert "http://%s:%d, " % web.address_of(exporter.url) in lines[0]
    assert lines[1].startswith("Memory: ")
    assert "Suspects: none yet; the first verdict is possible in " in text
    every = len(json.loads(exporter.get("/api/v1/processes").text)["processes"])
    assert len(pids(text)) == min(every, 20)
    assert in_order(exporter, "resident_bytes")(text)
    assert "VSZ" not in text
    text = top(f"--url={exporter.url}", "--once", "--sort=pid", "--rows=3")
    assert pids(text) == sorted((pid for _, pid in known(exporter, "pid")), reverse=True)[:3]
    # Without a terminal nothing else is possible.
    assert len(pids(top(f"--url={exporter.url}"))) == min(every, 20)


def test_json(exporter):
    said = json.loads(top(f"--url={exporter.url}", "--json"))
    assert list(said) == ["time", "node", "suspects", "processes"]
    assert said["suspects"] == []
    served = json.loads(exporter.get("/api/v1/processes").text)["processes"]
    assert [row["pid"] for row in said["processes"]] == [row["pid"] for row in served]
    assert set(said["processes"][0]) == set(served[0])
    node = json.loads(exporter.get("/api/v1/node").text)["node"]
    assert said["node"]["memory_total_bytes"] == node["memory_total_bytes"]
    assert len(json.loads(top(f"--url={exporter.url}", "--json", "--rows=2"))["processes"]) == 2


def without_times(value):
    """What two looks at an unchanged host have in common."""
    if isinstance(value, dict):
        return {name: without_times(each) for name, each in value.items()
                if not re.search(r"time$|seconds|per_second|share$|^reasons$|change|baseline", name)}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def test_the_host_itself_says_the_same(exporter, host):
    served = json.loads(top(f"--url={exporter.url}", "--json"))
    direct = json.loads(top("--direct", *host.flags, "--json"))
    assert without_times(direct) == without_times(served)
    assert len(direct["processes"]) > 3
    text = top("--direct", *host.flags, "--once")
    assert "this host itself, " in text.splitlines()[0]
    assert pids(text) == pids(top(f"--url={exporter.url}", "--once"))


def test_the_host_itself_in_a_terminal(terminal, host):
    pane = terminal("--direct", *host.flags)
    screen = pane.until(" PID ", lambda text: " PID " in text and len(pids(text)) > 3)
    assert "this host itself" in screen
    host.remove(pids(screen)[0])
    pane.until("without it", lambda text: " PID " in text and pids(text)[0] != pids(screen)[0])
    pane.type("q")
    pane.until("exit code 0")


def test_real_changes_show_in_two_looks(start_actor):
    actor = start_actor()
    rows = json.loads(top("--direct", "--json", "--rows=10000"))["processes"]
    row, = [row for row in rows if row["pid"] == actor.pid]
    assert row["change_since"] == "first-sight"
    assert row["change_seconds"] > 0
    assert re.search(r" seen \d+s ", top("--direct", "--once"))


# ---- what is wrong -------------------------------------------------------------------------------

def test_an_exporter_on_this_host_is_asked_past_a_proxy(exporter):
    assert "processes" in top(f"--url={exporter.url}", "--once", more={"http_proxy": "http://127.0.0.1:9"})


def test_nobody_there():
    port = web.free_port()
    said = top(f"--url=http://user:secret@127.0.0.1:{port}", "--once", code=FAILED)
    assert f"http://127.0.0.1:{port}: " in said and "secret" not in said


def test_an_exporter_without_its_page(host, start_exporter):
    exporter = start_exporter(*host.flags, "--no-web.ui")
    assert "--no-web.ui" in top(f"--url={exporter.url}", "--json", code=FAILED)


def test_no_exporter_at_all(exporter):
    """Another server answers in its own way."""
    url = "http://%s:%d/nothing" % web.address_of(exporter.url)
    assert top(f"--url={url}", "--once", code=FAILED).startswith(f"memleak_exporter: {url}: ")


def test_a_host_that_is_none(tmp_path):
    assert str(tmp_path) in top("--direct", f"--path.procfs={tmp_path}", "--once", code=FAILED)


@pytest.mark.parametrize("flags", [["--url=worker-a17"], ["--url=http://"], ["--sort=size"],
                                   ["--rows=0"], ["--interval=1ms"], ["--direct", "--url=http://a"],
                                   ["--path.procfs=/proc"], ["java"], ["--web.ui"]],
                         ids=" ".join)
def test_usage(flags):
    assert flags[0].split("=")[0] in top(*flags, code=USAGE)


def test_help():
    text = top("--help")
    for flag in ("--url", "--direct", "--once", "--json", "--interval", "--sort", "--rows"):
        assert flag in text
    assert max(map(len, text.splitlines())) <= 100


# ---- a leak --------------------------------------------------------------------------------------

@pytest.mark.once
@pytest.mark.xdist_group("top-leak")
def test_a_leak(terminal, start_exporter, tmp_path):
    """It becomes a suspect before one's eyes, and Enter says why."""
    name = unique("top-leak")
    path = copy_of("requests", tmp_path, name)
    exporter = start_exporter("--trend.slot=500ms", wrapper=FIRST)
    program = Program([*FIRST, path, "leak", "20", str(MIB // 10)])
    try:
        pane = terminal(f"--url={exporter.url}", columns=120, rows=45)
        pane.until(" PID ")
        pane.type("/" + name)
        pane.keys("Enter")
        suspect = f"Suspect: {name}, pid {program.pid}: memory climbs "
        pane.until(suspect, deadline=300)
        pane.until("its row", lambda text: re.search(rf"{program.pid} .* LEAK +{name}", text))
        pane.keys("Enter")
        screen = pane.until("What to run next")
        for words in ("memory: leaks (", "grew from ", "Evidence", "History", "memory, "):
            pane.until(words)
        assert re.search(r"[▁▂▃▄▅▆▇█]{5}", pane.until("History")), screen
        said = json.loads(top(f"--url={exporter.url}", "--json"))
        mine, = [row for row in said["suspects"] if row.get("pid") == program.pid]
        assert mine["leaks"] == ["memory"] and mine["next_commands"] and mine["resources"]
        assert suspect in top(f"--url={exporter.url}", "--once")
        pane.type("qq")
        pane.until("exit code 0")
    finally:
        program.kill()
