"""Is it alive? The addresses that serve probes alone, and `memleak_exporter health`, which asks."""

import urllib.parse

import pytest

from support import web
from support.exporter import run
from support.fake_prometheus import FakePrometheus
from support.tls import client_context
from support.web_config import MARK, bcrypt, tls_section, write

PASSWORD = MARK + " open"
PROBES = "--web.health-address=127.0.0.1:0"
ELSEWHERE = ["/metrics", "/", "/api/v1/node", "/assets/page.js", "/-/", "/-/healthy/", "/-/reload"]


def health(*arguments):
    done = run("health", *arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def protected(start_shared_safe_exporter, server_certificate, authority, tmp_path_factory):
    """TLS, client certificates and a password; its second URL is the one for probes."""
    certificate = authority.issue_client()
    flag = write(tmp_path_factory.mktemp("probes") / "web.yml",
                 tls_server_config=tls_section(server_certificate, client_ca_file=authority.cert,
                                               client_auth_type="RequireAndVerifyClientCert"),
                 basic_auth_users={"ann": bcrypt(PASSWORD)})
    return start_shared_safe_exporter(flag, PROBES, urls=2, user="ann", password=PASSWORD,
                                      context=client_context(authority, certificate))


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_needs_neither_certificate_nor_password(protected, path, method):
    assert protected.urls[1].startswith("http://")
    assert web.request(protected.urls[1], path, method=method).status == 200


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nothing_else_is_there(protected, path):
    answer = web.request(protected.urls[1], path)
    assert answer.status == 404
    assert "memleak_" not in answer.text and "health" in answer.text


def test_the_other_address_is_as_safe_as_before(protected, authority):
    context = client_context(authority, authority.issue_client())
    assert web.request(protected.urls[0], "/-/healthy", context=context).status == 401
    assert protected.get("/-/healthy").status == 200
    assert protected.scrape().value("memleak_node_memory_total_bytes") > 0


def test_health_of_a_protected_exporter(protected):
    assert health("--url=" + protected.urls[1]) == (0, "healthy\n", "")


def test_health(start_exporter):
    exporter = start_exporter()
    assert health("--url", exporter.url) == (0, "healthy\n", "")
    exporter.stop()
    code, out, err = health("--url", exporter.url)
    assert (code, out) == (1, "")
    base = exporter.url.removesuffix("/metrics")
    assert err.startswith(f"memleak_exporter: {base}: ") and err.count("\n") == 1


def test_health_where_a_password_is_wanted(start_safe_exporter, tmp_path):
    flag = write(tmp_path / "web.yml", basic_auth_users={"ann": bcrypt(PASSWORD)})
    exporter = start_safe_exporter(flag, user="ann", password=PASSWORD)
    code, out, err = health("--url=" + exporter.url)
    assert (code, out) == (1, "")
    assert "password" in err and "--web.health-address" in err
    credentials = "//ann:" + urllib.parse.quote(PASSWORD) + "@"
    assert health("--url=" + exporter.url.replace("//", credentials)) == (0, "healthy\n", "")


def test_health_of_a_stalled_exporter():
    server = FakePrometheus(lambda asked: (503, b"three refreshes in a row were missed\n"))
    try:
        code, out, err = health("--url=" + server.url)
    finally:
        server.close()
    assert (code, out) == (1, "")
    assert err == (f"memleak_exporter: {server.url}: answers 503: "
                   "three refreshes in a row were missed\n")
    assert [asked["path"] for asked in server.asked] == ["/-/healthy"]


@pytest.mark.parametrize("arguments, named", [
    (["now"], '"now"'), (["--url=ftp://x"], "--url"), (["--utl=http://x"], "--utl"),
    (["--url"], "--url"),
])
def test_usage_of_health(arguments, named):
    code, out, err = health(*arguments)
    assert (code, out) == (2, "")
    assert named in err and err.count("\n") == 1


def test_a_port_of_its_own():
    port = web.free_port()
    done = run(f"--web.listen-address=127.0.0.1:{port}", f"--web.health-address=127.0.0.2:{port}")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "--web.health-address" in done.stderr


def test_from_a_file(start_exporter, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("web: {health-address: '127.0.0.1:0'}\n")
    exporter = start_exporter(f"--config.file={config}", urls=2)
    assert web.request(exporter.urls[1], "/-/ready").status == 200
    assert web.request(exporter.urls[1], "/metrics").status == 404
    assert exporter.get("/metrics").status == 200
