"""`memleak_exporter analyze`: recorded series, hand-made logs, and what a Prometheus has."""

import json
import random
import subprocess
import time

import pytest

from support.exporter import BINARY, SANITIZER_REPORT
from support.fake_prometheus import DrippingServer, FakePrometheus, matrix, times
from support.prometheus import Prometheus
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS

NO_LEAK, UNREADABLE, USAGE, LEAK = 0, 1, 2, 3
START = 1795183681  # 2026-11-20 14:08:01 UTC
MIB = 1 << 20
KEYS = ["file", "resource", "samples", "state", "pattern", "confidence", "leak_suspected",
        "first_suspected", "suspected", "baseline_bytes", "growth_bytes_per_second",
        "exhaustion_seconds", "window_seconds", "known_in_seconds", "reasons"]


def analyze(*arguments, code=NO_LEAK, stdin=None, locale="C.UTF-8"):
    result = subprocess.run([BINARY, "analyze", *map(str, arguments)], capture_output=True,
                            input=stdin, timeout=DEADLINE_SECONDS, text=True,
                            env={"LC_ALL": locale})
    assert not SANITIZER_REPORT.search(result.stderr), result.stderr
    assert result.returncode == code, result
    if code == NO_LEAK or code == LEAK:
        assert result.stderr == ""
    return result


def objects(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def write_csv(path, rows, header="timestamp,value"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def climbing(minutes=3000, per_minute=MIB // 10, start=START):
    return [(start + i * 60, 300 * MIB + i * per_minute) for i in range(minutes)]


@pytest.fixture
def climb(tmp_path):
    return write_csv(tmp_path / "climb.csv", climbing())


@pytest.fixture
def flat(tmp_path):
    return write_csv(tmp_path / "flat.csv", climbing(per_minute=0))


# ---- what is found -------------------------------------------------------------------------------

def test_plain_arithmetic_of_bytes_and_of_the_kb_of_ps(tmp_path):
    """The same numbers: those of ps are KiB."""
    csv = write_csv(tmp_path / "rss.csv",
                    [(START + i * 60, 400_000_000 + i * 200_000_000 // 60) for i in range(61)])
    text = analyze("--limit", "8000MB", csv).stdout
    assert "400 MB to 600 MB in 60 min, 3.33 MB/min" in text
    assert "is reached in 37.0 h" in text

    log = tmp_path / "rss.log"
    log.write_text("".join(
        f"2026-11-20 {14 + i // 60}:{i % 60:02}:01 RSS: {kb} KB ({kb // 1024} MB)\n"
        for i in range(61) for kb in [400_000 + i * 200_000 // 60]))
    text = analyze("--limit=8000MB", log).stdout
    assert "410 MB to 614 MB in 60 min, 3.41 MB/min" in text
    assert "is reached in 36.1 h" in text


def test_a_leak_in_words(climb):
    lines = analyze(climb, "--limit=1GiB", code=LEAK).stdout.splitlines()
    assert lines[0].startswith(f"{climb}: leaking memory (likely): climbs 6.00 MiB/h since 2026-11-2")
    assert ", at its limit in " in lines[0]
    assert any(line.startswith("  grew from ") for line in lines)
    assert any(line.startswith("  a leak was suspected from ") and line.endswith(" to the end")
               for line in lines)
    assert "▁" in "".join(lines) and "█" in "".join(lines)
    assert lines[-1].startswith("  plain arithmetic: 315 MB to 629 MB in 50.0 h, 6.29 MB/h; ")


def test_the_plot_is_ascii_where_the_locale_is(climb):
    for locale in ("C", "POSIX", "en_US.ISO-8859-1", ""):
        assert analyze(climb, code=LEAK, locale=locale).stdout.isascii()


def test_no_leak_in_words(flat):
    lines = analyze(flat).stdout.splitlines()
    assert lines[0] == f"{flat}: not leaking: does not grow"
    assert "no limit is known" in lines[-1]


def test_json_of_several_files(climb, flat):
    leaking, steady = objects(analyze("--format=json", climb, flat, code=LEAK))
    assert list(leaking) == list(steady) == KEYS
    assert leaking["file"] == str(climb) and leaking["samples"] == 3000
    assert leaking["leak_suspected"] and leaking["state"] == "leaking"
    assert leaking["suspected"] == [[leaking["first_suspected"], START + 2999 * 60]]
    assert leaking["confidence"] == "likely" and leaking["resource"] == "memory"
    assert abs(leaking["growth_bytes_per_second"] - MIB / 600) < MIB / 6000
    assert not steady["leak_suspected"] and steady["state"] == "steady"
    assert steady["confidence"] is None and steady["first_suspected"] is None
    assert steady["suspected"] == [] and steady["exhaustion_seconds"] is None


def test_the_timeline_agrees_with_the_summary(climb):
    *moments, summary = objects(analyze("--format=json", "--timeline", climb, code=LEAK))
    assert [moment["timestamp"] for moment in moments] == [time for time, _ in climbing()]
    assert all(list(moment) == ["timestamp", "state", "leak_suspected", "growth_bytes_per_second",
                                "exhaustion_seconds"] for moment in moments)
    suspected = [moment["timestamp"] for moment in moments if moment["leak_suspected"]]
    assert [[suspected[0], suspected[-1]]] == summary["suspected"]
    assert all(moment["leak_suspected"] == (moment["state"] == "leaking") for moment in moments)


def test_descriptors(tmp_path):
    """As the values, and beside them."""
    fds = write_csv(tmp_path / "fds.csv", [(START + i * 60, 40 + i) for i in range(3000)])
    found = objects(analyze("--resource=fds", "--limit=10000", "--format=json", fds, code=LEAK))[0]
    assert found["resource"] == "fds" and found["exhaustion_seconds"] > 0
    text = analyze("--resource=fds", "--limit=10000", fds, code=LEAK).stdout
    assert "leaking descriptors" in text and "40 to 3,039 in 50.0 h, 1.00 descriptors/min" in text

    both = write_csv(tmp_path / "both.csv",
                     [(START + i * 60, 300 * MIB + i * 3472, 40 + i) for i in range(3000)],
                     header="timestamp,value,fds")
    found = objects(analyze("--format=json", both, code=LEAK))[0]
    assert found["resource"] == "fds" and found["state"] == "leaking"
    reasons = " ".join(found["reasons"])
    assert "descriptors climbed from " in reasons and "memory " in reasons


def test_the_slot_scales_everything(tmp_path):
    """The same climb in a sixtieth of the time."""
    csv = write_csv(tmp_path / "fast.csv", [(START + i, 300 * MIB + i * MIB // 10)
                                            for i in range(3000)])
    fast = objects(analyze("--format=json", "--trend.slot=1s", csv, code=LEAK))[0]
    slow = objects(analyze("--format=json", write_csv(tmp_path / "slow.csv", climbing()),
                           code=LEAK))[0]
    assert fast["first_suspected"] - START == (slow["first_suspected"] - START) / 60
    assert not objects(analyze("--format=json", csv))[0]["leak_suspected"]


def test_one_sample_and_few(tmp_path):
    for rows in ([(START, 5e8)], [(START + i, 5e8 + i * 1e6) for i in range(480)]):
        csv = write_csv(tmp_path / "few.csv", rows)
        text = analyze(csv).stdout
        assert text.startswith(f"{csv}: unknown: record "), text
        assert "plain arithmetic: " in text
        found = objects(analyze("--format=json", csv))[0]
        assert found["state"] == "unknown" and found["known_in_seconds"] > 0


def test_standard_input(climb):
    assert objects(analyze("--format=json", "-", stdin=climb.read_text(), code=LEAK))[0]["file"] == "-"


def test_a_million_lines(tmp_path):
    path = tmp_path / "million.csv"
    noise = random.Random(7)
    with open(path, "w") as file:
        file.write("timestamp,value\n")
        file.writelines(f"{START + i * 60},{300 * MIB + noise.randrange(MIB)}\n"
                        for i in range(1_000_000))
    assert objects(analyze("--format=json", path))[0]["samples"] == 1_000_000


# ---- logs by hand --------------------------------------------------------------------------------

def test_logs_of_ps_by_a_shell(tmp_path):
    """As people write them, with this machine's own date and ps."""
    script = r"""
    for i in 1 2 3; do echo "$(date): $(ps -o rss= -p $$) KB"; done >"$1/a.log"
    for i in 1 2 3; do
      RSS=$(ps -o rss= -p $$); echo "$(date '+%Y-%m-%d %H:%M:%S') RSS: $RSS KB ($((RSS/1024)) MB)"
    done >"$1/b.log"
    for i in 1 2 3; do ps -o rss= -p $$; done >"$1/c.log"
    """
    for locale in ("C", "C.UTF-8", "en_US.UTF-8"):
        subprocess.run(["bash", "-c", script, "bash", tmp_path], check=True, env={
            "LC_ALL": locale, "PATH": "/usr/bin:/bin"}, stderr=subprocess.DEVNULL)
        for name, flags in (("a.log", []), ("b.log", []), ("c.log", ["--interval=60s"])):
            found = objects(analyze("--format=json", *flags, tmp_path / name))[0]
            assert found["samples"] == 3, (locale, (tmp_path / name).read_text())


def test_an_empty_number_ends_a_life(tmp_path):
    log = tmp_path / "gone.log"
    log.write_text("2026-11-20 14:08:01 RSS: 500000 KB (488 MB)\n"
                   "2026-11-20 14:09:01 RSS:  KB (0 MB)\n"
                   "2026-11-20 14:10:01 RSS: 100000 KB (97 MB)\n"
                   "2026-11-20 14:11:01 RSS: 200000 KB (195 MB)\n")
    text = analyze(log).stdout
    assert "102 MB to 205 MB in 60 s since its last start" in text
    assert " 97.7 MiB to 488 MiB, " in text  # the least is no 0
    assert objects(analyze("--format=json", log))[0]["samples"] == 3


def test_bare_numbers_need_an_interval(tmp_path):
    log = tmp_path / "bare.log"
    log.write_text("100000\n200000\n")
    assert "--interval" in analyze(log, code=UNREADABLE).stderr
    assert "102 MB to 205 MB in 60 s," in analyze("--interval=60s", log).stdout


# ---- bad input -----------------------------------------------------------------------------------

BAD = {
    "empty file": ("", None, "the file is empty"),
    "blank lines": ("\n\n", None, "the file is empty"),
    "header only": ("timestamp,value\n", None, "no sample"),
    "missing column": ("time,value\n1,2\n", 1, 'no column "timestamp"'),
    "missing value column": ("timestamp,rss\n1,2\n", 1, 'no column "value"'),
    "no header": ("100,5\n160,6\n", 1, 'no column "timestamp"'),
    "text in a number": ("timestamp,value\n1,2\n60,abc\n", 3, '"abc" is not a number'),
    "NaN": ("timestamp,value\n1,2\n60,NaN\n", 3, '"NaN" is not a number'),
    "infinity": ("timestamp,value\n1,2\n60,-Inf\n", 3, '"-Inf" is not a number'),
    "a unit": ("timestamp,value\n1,2MB\n", 2, '"2MB" is not a number'),
    "time that goes back": ("timestamp,value\n60,2\n1,2\n", 3, "time goes back"),
    "no time": ("timestamp,value\nnow,2\n", 2, '"now" is not a time'),
    "milliseconds": ("timestamp,value\n1795183681000,2\n", 2, "Unix seconds"),
    "cut off": ("timestamp,value\n60,2\n120\n", 3, "has 1 of the header's 2 fields"),
    "prose": ("Dear Sir or Madam\n", 1, "is not understood"),
    "a program": ("\x7fELF\x02\x01\x01" + "\x00" * 100, 1, "is not understood"),
    "no line ends": ("\x00" * 300_000, 1, "too long"),
    "a broken log": ("2026-11-20 14:08:01 RSS: 5 KB (0 MB)\nerror: no such process\n", 2,
                     "is not understood"),
    "another language": ("Fr 20. Nov 14:08:01 UTC 2026: 5 KB\n", 1, "is not a time"),
}


@pytest.mark.parametrize("content, line, words", BAD.values(), ids=BAD)
def test_bad_input_is_named_by_file_and_line(tmp_path, content, line, words):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    result = analyze(path, code=UNREADABLE)
    where = f"{path}:{line}" if line else str(path)
    assert result.stderr.startswith(f"memleak_exporter: {where}: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_files_that_cannot_be_read(tmp_path):
    missing = tmp_path / "missing.csv"
    for path, why in ((missing, "No such file"), (tmp_path, "Is a directory")):
        result = analyze(path, code=UNREADABLE)
        assert result.stderr.startswith(f"memleak_exporter: {path}: cannot be read: {why}")


def test_one_bad_file_hides_no_other(tmp_path, climb, flat):
    bad = tmp_path / "bad.csv"
    bad.write_text("timestamp,value\n1,x\n")
    result = analyze("--format=json", bad, climb, flat, code=UNREADABLE)
    assert [found["file"] for found in objects(result)] == [str(climb), str(flat)]
    assert result.stderr.startswith(f"memleak_exporter: {bad}:2: ")


def test_hostile_names_and_contents_stay_on_their_line(tmp_path):
    path = tmp_path / "a\x1b[31m\nb.csv"
    path.write_text("timestamp,value\n1,\x1b[2J\n")
    result = analyze(path, code=UNREADABLE)
    assert "\x1b" not in result.stderr and result.stderr.count("\n") == 1
    write_csv(path, climbing(10))
    text = analyze(path).stdout
    assert "\x1b" not in text and "a\\x1b[31m\\nb.csv: unknown" in text


def test_usage_errors():
    for arguments in ([], ["--format=xml", "-"], ["--limit=lots", "-"], ["--nothing"],
                      ["--query=x", "-"], ["--prometheus=http://localhost"], ["--timeline", "-"],
                      ["--prometheus=localhost:9090", "--query=up"], ["--web.ui", "-"]):
        result = analyze(*arguments, code=USAGE)
        assert result.stdout == "" and result.stderr.count("\n") == 1, result
        assert result.stderr.startswith("memleak_exporter: ")


def test_findings_that_cannot_be_written(flat):
    """A full disk must not look like "no leak"."""
    with open("/dev/full", "w") as full:
        result = subprocess.run([BINARY, "analyze", flat], stdout=full, stderr=subprocess.PIPE,
                                text=True, timeout=DEADLINE_SECONDS)
    assert result.returncode == UNREADABLE
    assert result.stderr.startswith("memleak_exporter: cannot write to standard output: No space")


def test_help():
    result = analyze("--help")
    assert "--prometheus=URL" in result.stdout and "Exit status" in result.stdout


# ---- a backtest ----------------------------------------------------------------------------------

@pytest.fixture
def fake():
    fakes = []

    def start(answer):
        fakes.append(FakePrometheus(answer))
        return fakes[-1]

    yield start
    for each in fakes:
        each.close()


def backtest(url, *arguments, code=NO_LEAK, query="rss"):
    return analyze("--prometheus", url, "--query", query, *arguments, code=code)


def two_pods(parameters):
    """One that leaks, one that does not, with what Prometheus writes where there is nothing."""
    first = time.time() - 7 * 86400
    growing = [(t, "NaN" if i % 50 == 7 else int(300 * MIB + (t - first) * MIB / 600))
               for i, t in enumerate(times(parameters)) if i % 100 > 3]
    still = [(t, "+Inf" if i == 5 else 300 * MIB) for i, t in enumerate(times(parameters))]
    return 200, matrix(({"__name__": "rss", "pod": "a"}, growing), ({"__name__": "rss", "pod": "b"},
                                                                  still))


def test_backtest_in_words(fake):
    prometheus = fake(two_pods)
    lines = backtest(prometheus.url, "--limit=2GiB", code=LEAK).stdout.splitlines()
    assert lines[0].startswith('rss{pod="a"}: leaking memory (likely): climbs 6.0')
    assert any(line.startswith("  would have alerted from 20") for line in lines)
    second = lines.index('rss{pod="b"}: not leaking: does not grow')
    assert lines[second + 1].startswith("  would not have alerted; plain arithmetic: 315 MB to 315 MB ")
    assert lines[-1] == "2 series: 1 would have alerted, 1 would not, 0 are too short to tell"


def test_backtest_as_json(fake):
    found = objects(backtest(fake(two_pods).url, "--format=json", code=LEAK))
    assert [(each["file"], each["leak_suspected"]) for each in found] == [
        ('rss{pod="a"}', True), ('rss{pod="b"}', False)]
    *moments, last = objects(backtest(fake(two_pods).url, "--format=json", "--timeline", code=LEAK))
    assert len(moments) == found[0]["samples"] + found[1]["samples"] + 1
    assert list(last) == KEYS


def test_backtest_asks_in_chunks_that_meet(fake):
    prometheus = fake(two_pods)
    backtest(prometheus.url + "/prefix/", "--since=30d", "--step=30s", code=LEAK,
             query='rss{pod=~"a|b"} + 0')
    asked = [moment for parameters in prometheus.asked for moment in times(parameters)]
    assert all(len(times(parameters)) <= 11_000 for parameters in prometheus.asked)
    assert len(prometheus.asked) > 1
    assert len(asked) == 30 * 2880 + 1
    assert all(abs(b - a - 30) < 0.01 for a, b in zip(asked, asked[1:]))
    assert abs(asked[-1] - time.time()) < DEADLINE_SECONDS
    for parameters in prometheus.asked:
        assert parameters["query"] == 'rss{pod=~"a|b"} + 0' and float(parameters["step"]) == 30
        assert parameters["path"] == "/prefix/api/v1/query_range"
    assert prometheus.authorization == [None] * len(prometheus.asked)


def test_backtest_asks_for_less_at_once_where_it_is_too_much(fake):
    def answer(parameters):
        if len(times(parameters)) > 300:
            return 422, {"status": "error", "errorType": "execution", "error":
                         "query processing would load too many samples into memory in query execution"}
        return two_pods(parameters)
    assert "2 series: 1 would have alerted" in backtest(fake(answer).url, code=LEAK).stdout


def test_a_long_query_goes_into_the_body(fake):
    prometheus = fake(two_pods)
    query = " or ".join(f'rss{{pod="{i}"}}' for i in range(400))
    backtest(prometheus.url, "--since=1h", query=query, code=NO_LEAK)
    assert prometheus.asked[0]["method"] == "POST" and prometheus.asked[0]["query"] == query


def test_user_and_password_are_sent_and_never_shown(fake):
    def answer(parameters):
        return (401, b"Unauthorized") if parameters["query"] == "no" else two_pods(parameters)
    prometheus = fake(answer)
    url = prometheus.url.replace("http://", "http://me:s%40cret@")
    backtest(url, code=LEAK)
    assert set(prometheus.authorization) == {"Basic bWU6c0BjcmV0"}
    result = backtest(url, query="no", code=UNREADABLE)
    assert result.stderr.startswith(f"memleak_exporter: {prometheus.url}: answered with status 401")
    assert "cret" not in result.stderr and "me:" not in result.stderr


WRONG = {
    "error": (422, {"status": "error", "errorType": "bad_data", "error": "parse\n error at 1"},
              "Prometheus says: bad_data: parse\\n error at 1"),
    "status 500": (500, b"oops\x1b[31m", 'answered with status 500: "oops\\x1b[31m"'),
    "status 500 with nothing": (500, b"", "answered with status 500: nothing"),
    "a web page": (200, b"<html>hello</html>", 'no answer of a Prometheus: "<html>hello</html>"'),
    "nothing": (200, b"", "no answer of a Prometheus: nothing"),
    "half of it": (200, json.dumps(matrix(({}, [(1, 2)]))).encode()[:-5], "no answer of a Prometheus"),
    "other JSON": (200, {"hello": "world"}, "no answer of a Prometheus"),
    "no series": (200, matrix(), "the query found nothing in the last 7.00 d"),
    "a redirect to a file": (302, b"file:///etc/passwd", "file"),
    "a redirect to elsewhere": (302, b"https://localhost:1/", "https"),
}


@pytest.mark.parametrize("status, body, words", WRONG.values(), ids=WRONG)
def test_what_prometheus_says_is_told(fake, status, body, words):
    prometheus = fake(lambda parameters: (status, body))
    result = backtest(prometheus.url, code=UNREADABLE)
    assert result.stderr.startswith(f"memleak_exporter: {prometheus.url}: ")
    assert words in result.stderr and result.stderr.count("\n") == 1, result.stderr
    assert "root:" not in result.stdout + result.stderr


def test_a_prometheus_that_is_down(fake):
    prometheus = fake(two_pods)
    prometheus.close()
    result = backtest(prometheus.url.replace("//", "//me:secret@"), code=UNREADABLE)
    assert result.stderr.startswith(f"memleak_exporter: {prometheus.url}: ")
    assert "connect" in result.stderr and "secret" not in result.stderr


def test_a_prometheus_that_does_not_answer(fake):
    def answer(parameters):
        prometheus.released.wait()
        return b""
    prometheus = fake(answer)
    result = backtest(prometheus.url, "--timeout=1s", code=UNREADABLE)
    assert result.stderr == f"memleak_exporter: {prometheus.url}: no answer within 1 s\n"


def test_a_prometheus_that_drips():
    """A byte now and then is no answer either."""
    server = DrippingServer()
    try:
        assert "no answer within 1 s" in backtest(server.url, "--timeout=1s", code=UNREADABLE).stderr
    finally:
        server.close()


def test_backtest_against_a_real_prometheus(tmp_path):
    """Three days of two pods, put into its storage before it starts."""
    binary, promtool = need_tool("prometheus"), need_tool("promtool")
    now = int(time.time()) // 60 * 60
    samples = []
    for pod, per_minute in (("leaks", MIB // 10), ("is_fine", 0)):
        samples += [f'rss_bytes{{pod="{pod}"}} {300 * MIB + i * per_minute} {now - (4320 - i) * 60}'
                    for i in range(4320)]
    (tmp_path / "rss.om").write_text("\n".join(
        ["# TYPE rss_bytes gauge", "# UNIT rss_bytes bytes", *samples, "# EOF", ""]))
    subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", tmp_path / "rss.om",
                    tmp_path / "data"], check=True, capture_output=True, timeout=DEADLINE_SECONDS)
    prometheus = Prometheus(binary, tmp_path, {})
    try:
        lines = backtest(prometheus.url, "--limit=2GiB", "--since=4d", query="rss_bytes",
                         code=LEAK).stdout.splitlines()
        assert lines[0].startswith('rss_bytes{pod="leaks"}: leaking memory (likely): climbs 6.00 MiB/h')
        assert lines[-1] == "2 series: 1 would have alerted, 1 would not, 0 are too short to tell"
        # What it says of a bad query, and of one that finds nothing.
        said = backtest(prometheus.url, query="rss_bytes{", code=UNREADABLE).stderr
        assert "Prometheus says: bad_data: " in said and "parse error" in said
        assert "found nothing" in backtest(prometheus.url, query="nothing", code=UNREADABLE).stderr
    finally:
        prometheus.close()
