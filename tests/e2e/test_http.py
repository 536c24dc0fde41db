"""HTTP as clients rely on it: negotiation, codings, choices, methods, health."""

import concurrent.futures
import gzip
import http.client

import pytest

from support import web
from support.exposition import Body
from support.fixtures import FIXTURES, flags

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.fixture(scope="module")
def exporter(start_shared_exporter):
    return start_shared_exporter(*flags(FIXTURES / "ordinary"))


ACCEPT = {
    "nothing": (None, TEXT),
    "empty": ("", TEXT),
    "Prometheus 2": (web.ACCEPT_PROMETHEUS_2, OPENMETRICS),
    "Prometheus 3": (web.ACCEPT_PROMETHEUS_3, OPENMETRICS + "; escaping=allow-utf-8"),
    "Prometheus 3 with text only": (
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,"
        "*/*;q=0.4", TEXT),
    "a browser": ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
    "curl": ("*/*", TEXT),
    "OpenMetrics": ("application/openmetrics-text", OPENMETRICS),
    "OpenMetrics refused": ("application/openmetrics-text;q=0, */*", TEXT),
    "text preferred": ("application/openmetrics-text;q=0.5,text/plain;q=0.9", TEXT),
    "upper case": ("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS),
    "an unknown version": ("application/openmetrics-text;version=9.9.9", TEXT),
    "protobuf first": ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                       "encoding=delimited;q=0.8,text/plain;version=0.0.4;q=0.3", TEXT),
    "an escaping": ("application/openmetrics-text;version=1.0.0;escaping=underscores",
                    OPENMETRICS + "; escaping=underscores"),
    "an escaping that is none": ("text/plain;version=0.0.4;escaping=<script>", TEXT),
    "nonsense": (";;q=,,/;q=x,\"", TEXT),
    "a very long list": (",".join(["a/b;q=0.1"] * 400), TEXT),
}


@pytest.mark.parametrize("accept, content_type", ACCEPT.values(), ids=ACCEPT.keys())
def test_format(exporter, accept, content_type):
    answer = exporter.get(headers={} if accept is None else {"Accept": accept})
    assert answer.status == 200
    assert answer.headers["content-type"] == content_type
    Body(answer.text, openmetrics=content_type.startswith("application/"))


CODINGS = {
    "gzip": True, "gzip, deflate": True, "deflate, gzip;q=0.5": True, "*": True, "GZIP": True,
    "gzip;q=0": False, "gzip;q=0.0, *": False, "*;q=0": False, "identity": False, "deflate": False,
    "": False,
}


@pytest.mark.parametrize("coding, compressed", CODINGS.items())
def test_coding(exporter, coding, compressed):
    answer = exporter.get(headers={"Accept-Encoding": coding, "Accept": web.ACCEPT_OPENMETRICS})
    assert answer.status == 200
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert int(answer.headers["content-length"]) == len(answer.body)
    plain = gzip.decompress(answer.body) if compressed else answer.body
    assert Body(plain.decode(), openmetrics=True).has("memleak_process_info", pid="310")
    assert "accept-encoding" in answer.headers["vary"].lower()


def collected(exporter, query):
    body = exporter.scrape(path=f"/metrics?{query}")
    families = {"process": "memleak_process_threads", "group": "memleak_group_threads",
                "meminfo": "memleak_node_memory_total_bytes"}
    assert body.has("memleak_exporter_build_info"), "always served"
    return {name for name, family in families.items() if family in body.families}


CHOICES = {
    "collect[]=group": {"group"},
    "collect[]=group&collect[]=meminfo": {"group", "meminfo"},
    "collect%5B%5D=process": {"process"},
    "exclude[]=process": {"group", "meminfo"},
    "exclude[]=process&exclude[]=group": {"meminfo"},
    "something=else": {"process", "group", "meminfo"},
    "": {"process", "group", "meminfo"},
}


@pytest.mark.parametrize("query, names", CHOICES.items())
def test_choice_of_collectors(exporter, query, names):
    assert collected(exporter, query) == names


@pytest.mark.parametrize("query", [
    "collect[]=group&exclude[]=meminfo", "collect[]=nothing", "exclude[]=nothing", "collect[]=",
    "collect[]=group&collect[]=nothing", "collect[]=process_vm", "collect[]=%00",
    "collect[]=%ff%fe",
    "collect[]=<script>", "collect[]=a%0d%0ab", "collect[]=%1b%5b2J", "collect[]=" + "x" * 3000,
])
def test_choice_that_is_refused(exporter, query):
    """Both lists at once, or a name that is unknown or switched off."""
    answer = exporter.get(f"/metrics?{query}")
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("text/plain")
    # One line of harmless text, whatever was asked for.
    assert answer.text.endswith("\n") and answer.text[:-1].isprintable()


@pytest.mark.parametrize("query", ["%", "&&&", "=", "collect[]", "a" * 4000,
                                   "&".join(["x=y"] * 500)])
def test_odd_queries(exporter, query):
    assert exporter.get(f"/metrics?{query}").status in (200, 400)


@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy", "/-/ready"])
def test_head(exporter, path):
    get, head = exporter.get(path), exporter.get(path, method="HEAD")
    assert (get.status, head.status) == (200, 200)
    assert head.body == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/nothing", "/metrics/", "/metricsx", "/api/v1/nothing",
                                  "/../etc/passwd", "/%2e%2e/etc/passwd", "/favicon.ico", "/-/"])
def test_not_found(exporter, path):
    assert exporter.get(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_method_not_allowed(exporter, method):
    answer = exporter.get("/metrics", method=method)
    assert answer.status == 405
    assert {each.strip() for each in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


def test_health(exporter):
    assert exporter.get("/-/healthy").status == 200
    assert exporter.get("/-/ready").status == 200


def test_page(exporter):
    """What is in it, tests/browser looks at."""
    answer = exporter.get("/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_page_switched_off(start_exporter):
    exporter = start_exporter("--no-web.ui", *flags(FIXTURES / "ordinary"))
    assert exporter.get("/").status == 404
    assert exporter.get("/metrics").status == 200
    assert exporter.get("/-/healthy").status == 200


def test_another_telemetry_path(start_exporter):
    exporter = start_exporter("--web.telemetry-path=/a/b", *flags(FIXTURES / "ordinary"))
    assert exporter.get("/a/b").status == 200
    assert exporter.get("/metrics").status == 404
    assert exporter.url.endswith("/a/b"), "the log names what to open"


def test_kept_alive_connection(exporter):
    connection = http.client.HTTPConnection(*web.address_of(exporter.url), timeout=60)
    try:
        for path, status in (("/metrics", 200), ("/nothing", 404), ("/metrics?collect[]=x", 400),
                             ("/-/ready", 200), ("/metrics", 200)):
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == status
            assert len(body) == int(answer.headers["content-length"])
        assert connection.sock is not None, "still the same connection"
    finally:
        connection.close()


LONG = b"x" * 65536
CLOSE = b"Connection: close\r\n\r\n"
REFUSED = {400, 404, 405, 413, 414, 431, 501, 505}
# What is sent, and which statuses are right. Who is refused may also be cut off without a word.
RAW = {
    "HTTP/1.0": (b"GET /metrics HTTP/1.0\r\n\r\n", {200}),
    "a body that does not come": (b"GET /metrics HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", {200}),
    "no Host": (b"GET /metrics HTTP/1.1\r\n" + CLOSE, {200} | REFUSED),
    "a header without a colon": (b"GET /metrics HTTP/1.1\r\nx\r\n" + CLOSE, {200} | REFUSED),
    "a header of 64 KB": (b"GET /metrics HTTP/1.1\r\nX: " + LONG + b"\r\n" + CLOSE, REFUSED),
    "a path of 64 KB": (b"GET /" + LONG + b" HTTP/1.1\r\n" + CLOSE, REFUSED),
    "a method that the HTTP library refuses": (b"TRACE /metrics HTTP/1.0\r\n\r\n", REFUSED),
    "another version": (b"GET /metrics HTTP/9.9\r\n" + CLOSE, REFUSED),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", REFUSED),
}


@pytest.mark.parametrize("raw, statuses", RAW.values(), ids=RAW.keys())
def test_raw_request(exporter, raw, statuses):
    answer = b""
    with web.connect(exporter.url) as connection:
        try:
            connection.sendall(raw)
            while chunk := connection.recv(65536):
                answer += chunk
        except (ConnectionResetError, BrokenPipeError):
            assert 200 not in statuses
    if answer or statuses == {200}:
        assert int(answer.split(b" ", 2)[1]) in statuses, answer[:200]
    # Whoever comes next is served.
    assert exporter.get("/metrics").status == 200


def test_many_at_once(exporter):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        bodies = list(pool.map(lambda i: exporter.scrape(openmetrics=i % 2 == 0), range(60)))
    assert {body.value("memleak_process_threads", pid="310") for body in bodies} == {64}


def test_two_listen_addresses(start_exporter):
    exporter = start_exporter(*flags(FIXTURES / "ordinary"), listen=("127.0.0.1:0", "localhost:0"))
    first, second = exporter.urls
    assert first != second
    for url in exporter.urls:
        assert exporter.get(url=url).status == 200


def test_ipv6(start_exporter):
    """Where the HTTP library or the kernel has none, it is refused by a clear error."""
    try:
        exporter = start_exporter(*flags(FIXTURES / "ordinary"), listen=("[::1]:0",))
    except AssertionError as refused:
        code, line = str(refused).split("\n", 1)
        assert code == "exporter ended with 1:"
        assert line.startswith("memleak_exporter: ") and "[::1]:0" in line
        assert line.endswith("\n") and line.count("\n") == 1
        return
    assert exporter.url.startswith("http://[::1]:")
    assert exporter.get().status == 200
