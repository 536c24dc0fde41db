"""TLS from --web.config.file: handshakes, versions, ciphers, and that HTTP behind it is the same."""

import concurrent.futures
import gzip
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from support import tls, web
from support.exporter import BINARY
from support.exposition import Body
from support.requirements import need_tool
from support.slow_clients import REQUEST, open_sockets, read_response, slow_connection
from support.tls import Authority, client_context, s_client
from support.waiting import wait_for
from support.web_config import secure, write

VERSIONS = {"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"}
# Debian's openssl offers them only when it is told that any strength will do.
OLD = {"1.0": ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
       "1.1": ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")}
# civetweb's workers beyond --web.max-requests (README, "slow clients").
SPARE_WORKERS = 176


@pytest.fixture(scope="session")
def context(authority):
    return client_context(authority)


@pytest.fixture
def start(start_safe_exporter, server_certificate, context, tmp_path):
    """Starts an exporter with this tls_server_config beside its certificate."""
    def with_tls(*arguments, certificate=server_certificate, config=None, **kwargs):
        flag = secure(tmp_path / "web.yml", certificate, **(config or {}))
        return start_safe_exporter(flag, *arguments, **({"context": context} | kwargs))
    return with_tls


@pytest.fixture(scope="module")
def exporter(start_shared_safe_exporter, server_certificate, context, tmp_path_factory):
    """The commonest configuration, for every test that does not change it."""
    path = tmp_path_factory.mktemp("tls") / "web.yml"
    return start_shared_safe_exporter(secure(path, server_certificate), context=context)


def curl(exporter, *arguments, url=None):
    return subprocess.run([need_tool("curl"), "-sS", *arguments, url or exporter.url],
                          capture_output=True, text=True, timeout=60)


def test_the_log_names_an_https_url(exporter):
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/metrics", exporter.url)


def test_curl(exporter, authority):
    result = curl(exporter, "--cacert", authority.cert)
    assert result.returncode == 0, result
    assert Body(result.stdout, openmetrics=False).has("memleak_process_info", pid="310")


def test_curl_that_does_not_know_the_authority(exporter):
    result = curl(exporter)
    assert result.returncode == 60, result


def test_wrong_server_name(exporter, authority):
    port = web.address_of(exporter.url)[1]
    for name, code in (("localhost", 0), ("other.test", 60)):
        result = curl(exporter, "--cacert", authority.cert, "--resolve", f"{name}:{port}:127.0.0.1",
                      url=f"https://{name}:{port}/metrics")
        assert result.returncode == code, result


def test_curl_that_would_like_http_2(exporter, authority):
    """We have HTTP/1.1 only, and say so in the handshake or not at all."""
    result = curl(exporter, "--cacert", authority.cert, "--http2", "-o", "/dev/null", "-w",
                  "%{http_version} %{http_code}")
    assert (result.returncode, result.stdout) == (0, "1.1 200"), result


def test_application_protocol(exporter, authority):
    context = client_context(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with tls.connect(exporter.url, context) as connection:
        assert connection.selected_alpn_protocol() in (None, "http/1.1")


@pytest.mark.parametrize("option, version", VERSIONS.items())
def test_version(exporter, authority, option, version):
    handshake = s_client(exporter.url, authority, option)
    assert handshake.ok and handshake.status == 200, handshake.text
    assert handshake.version == version


@pytest.mark.parametrize("arguments", OLD.values(), ids=OLD.keys())
def test_old_version(exporter, authority, arguments):
    """It is the server that refuses, not the client that does not offer."""
    handshake = s_client(exporter.url, authority, *arguments)
    assert not handshake.ok and handshake.status is None
    assert "alert protocol version" in handshake.text, handshake.text


@pytest.mark.parametrize("config, refused, served", [
    ({"min_version": "TLS13"}, "-tls1_2", "-tls1_3"),
    ({"max_version": "TLS12"}, "-tls1_3", "-tls1_2"),
    ({"min_version": "TLS12", "max_version": "TLS12"}, "-tls1_3", "-tls1_2"),
    ({"min_version": "TLS13", "max_version": "TLS13"}, "-tls1_2", "-tls1_3"),
], ids=["min 1.3", "max 1.2", "only 1.2", "only 1.3"])
def test_versions_that_are_configured(start, authority, config, refused, served):
    exporter = start(config=config)
    handshake = s_client(exporter.url, authority, refused)
    assert not handshake.ok and "alert protocol version" in handshake.text, handshake.text
    handshake = s_client(exporter.url, authority, served)
    assert handshake.ok and handshake.status == 200, handshake.text


# Names as Go spells them, and as OpenSSL does.
SUITES = {
    "ec": {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
           "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
           "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305"},
    "rsa": {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305"},
}


@pytest.mark.parametrize("key", SUITES)
def test_cipher_suites(start, authority, key):
    """Only what is listed up to 1.2; 1.3 has its own, as in Go."""
    for name, cipher in SUITES[key].items():
        exporter = start(config={"cipher_suites": [name]}, certificate=authority.issue(key=key))
        handshake = s_client(exporter.url, authority, "-tls1_2")
        assert handshake.ok and handshake.cipher == cipher, handshake.text
        others = ":".join(other for other in SUITES[key].values() if other != cipher)
        handshake = s_client(exporter.url, authority, "-tls1_2", "-cipher", others)
        assert not handshake.ok and "alert handshake failure" in handshake.text, handshake.text
        assert s_client(exporter.url, authority, "-tls1_3").ok
        exporter.stop()


def test_weak_ciphers_are_not_offered(exporter, authority):
    for weak in ("aNULL", "eNULL", "RC4", "3DES", "MD5", "kRSA", "CBC", "AES128-SHA"):
        # Where this openssl does not even know them, there is nothing to refuse.
        known = subprocess.run([need_tool("openssl"), "ciphers", f"{weak}:@SECLEVEL=0"],
                               capture_output=True, text=True, timeout=60)
        if known.returncode != 0 or weak in ("CBC", "MD5"):
            continue
        handshake = s_client(exporter.url, authority, "-tls1_2", "-cipher", f"{weak}:@SECLEVEL=0")
        assert not handshake.ok, (weak, handshake.text)


def test_certificate_with_an_intermediate(start, authority, tmp_path):
    """A cert_file is a chain; whoever knows only its root is content."""
    between = Authority(tmp_path / "between", "Between", issuer=authority)
    made = between.issue()
    chain = tls.Certificate(tmp_path / "chain.pem", made.key)
    chain.cert.write_text(made.cert.read_text() + between.cert.read_text())
    exporter = start(certificate=chain)
    assert exporter.get().status == 200


@pytest.mark.parametrize("form", ["-traditional", ""])
def test_forms_of_keys(start, authority, tmp_path, form):
    """PKCS #8, and the older form of RSA keys."""
    made = authority.issue(key="rsa")
    key = tmp_path / "form.key"
    tls.openssl("rsa", *filter(None, [form]), "-in", made.key, "-out", key)
    assert ("BEGIN RSA" in key.read_text()) == bool(form)
    exporter = start(certificate=tls.Certificate(made.cert, key))
    assert exporter.get().status == 200


def test_http_is_the_same_behind_it(exporter):
    body = exporter.scrape()
    assert body.has("memleak_process_info", pid="310")
    answer = exporter.get(headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert Body(gzip.decompress(answer.body).decode(), openmetrics=False).has("memleak_process_info")
    assert exporter.get("/").status == 200
    assert exporter.get("/nothing").status == 404
    assert exporter.get(method="POST").status == 405
    head = exporter.get(method="HEAD")
    assert (head.status, head.body) == (200, b"")


def kept_alive(exporter, context, requests=3):
    """How many of `requests` on one connection the server left it open after."""
    connection = web.open_connection(exporter.url, context=context)
    try:
        for i in range(requests):
            connection.request("GET", "/-/ready")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            if connection.sock is None:
                return i
        return requests
    finally:
        connection.close()


def test_kept_alive_connection(exporter, context):
    assert kept_alive(exporter, context) == 3


def test_many_at_once(exporter):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        bodies = list(pool.map(lambda i: exporter.scrape(openmetrics=i % 2 == 0), range(60)))
    assert {body.value("memleak_process_threads", pid="310") for body in bodies} == {64}


def test_large_body(start, large_host, context):
    """Several megabytes, read by one who takes his time."""
    exporter = start("--process.limit=100000", "--process.min-age=0s", host=large_host.flags)
    with context.wrap_socket(slow_connection(exporter.url), server_hostname="127.0.0.1") as client:
        client.sendall(REQUEST)
        status, body = read_response(client, client.recv(100))
    assert status == 200
    assert Body(body.decode(), openmetrics=True).has("memleak_process_info", pid="3999")


def test_stop_while_a_response_is_being_sent(start, large_host, context):
    """SIGTERM: the running scrape is finished, whole; then the program ends with 0."""
    exporter = start("--process.limit=100000", "--process.min-age=0s", host=large_host.flags)
    with context.wrap_socket(slow_connection(exporter.url), server_hostname="127.0.0.1") as client:
        client.sendall(REQUEST)
        received = client.recv(100)
        exporter.process.send_signal(signal.SIGTERM)
        wait_for("the signal to be noticed", lambda: "stopping" in exporter.log())
        status, body = read_response(client, received)
    assert status == 200
    assert Body(body.decode(), openmetrics=True).has("memleak_process_info", pid="3999")
    exporter.stop()


def test_stop_during_handshakes_and_with_idle_connections(start, context):
    exporter = start()
    with web.connect(exporter.url) as silent, tls.connect(exporter.url, context) as idle:
        assert silent.fileno() >= 0 and idle.version()
        exporter.stop()


def test_two_listen_addresses(start):
    exporter = start(listen=("127.0.0.1:0", "localhost:0"))
    assert len(set(exporter.urls)) == 2
    for url in exporter.urls:
        assert url.startswith("https://")
        assert exporter.get(url=url).status == 200


def test_ipv6(start):
    """Where the HTTP library or the kernel has none, it is refused by a clear error."""
    try:
        exporter = start(listen=("[::1]:0",))
    except AssertionError as refused:
        code, line = str(refused).split("\n", 1)
        assert code == "exporter ended with 1:"
        assert line.startswith("memleak_exporter: ") and "[::1]:0" in line
        assert line.endswith("\n") and line.count("\n") == 1
        return
    assert exporter.url.startswith("https://[::1]:")
    assert exporter.get().status == 200


def test_plain_http_to_the_tls_port(exporter):
    """No page, no hang; who comes next is served."""
    with web.connect(exporter.url) as connection:
        answer = b""
        try:
            connection.sendall(REQUEST)
            while chunk := connection.recv(65536):
                answer += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert b" 200 " not in answer and b"memleak" not in answer
    assert exporter.get().status == 200


GARBAGE = {
    "nothing": b"",
    "half a record header": b"\x16\x03",
    "a record that is too long": b"\x16\x03\x01\xff\xff" + b"x" * 70000,
    "an empty record": b"\x16\x03\x01\x00\x00" * 100,
    "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "SSL 2": b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + b"\x01\x00\x80" * 12,
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage(exporter, data):
    with web.connect(exporter.url) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
        except OSError as error:
            assert error.errno == 107, error  # not connected any more
    assert exporter.get("/-/healthy").status == 200


def test_a_request_cut_short(exporter, context):
    """An end without TLS's own goodbye in the middle of a request."""
    for _ in range(20):
        connection = tls.connect(exporter.url, context)
        connection.sendall(REQUEST[:30])
        socket.socket(fileno=connection.detach()).close()
    assert exporter.get().status == 200


def test_failed_handshakes_are_not_counted_as_connections(start, context):
    """Where many connections are open, each is closed after its response. 1,000 handshakes that
    failed are not open connections, and do not make up for open ones either."""
    exporter = start("--web.max-requests=1")
    before = open_sockets(exporter.pid)

    def closes_where_many_are_open():
        half = (SPARE_WORKERS + 1) // 2
        idle = [tls.connect(exporter.url, context) for _ in range(half + 5)]
        try:
            # Idle ones are closed after five seconds: on a busy machine this takes another try.
            return kept_alive(exporter, context) == 0
        finally:
            for connection in idle:
                connection.close()
            wait_for("the sockets to be closed", lambda: open_sockets(exporter.pid) <= before)

    def fail(i):
        with web.connect(exporter.url) as connection:
            try:
                connection.sendall((b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                                    b"\x15\x03\x01\x00\x02\x02\x50")[i % 4])
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1000):
                    pass
            except OSError:
                pass  # cut off: it shall fail

    assert kept_alive(exporter, context) == 3
    wait_for("connections to be closed", closes_where_many_are_open)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(1000)))
    wait_for("the sockets to be closed", lambda: open_sockets(exporter.pid) <= before)
    assert kept_alive(exporter, context) == 3
    wait_for("connections to be closed again", closes_where_many_are_open)
    wait_for("connections to be kept alive", lambda: kept_alive(exporter, context) == 3)


def test_sessions_that_are_resumed(exporter, authority):
    """Browsers come back with the session they had."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client_context(authority, version=version)
        session = None
        for _ in range(3):
            with tls.connect(exporter.url, context, session=session) as connection:
                connection.sendall(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
                session = connection.session


def test_the_program_finds_its_libraries_from_anywhere(start, tmp_path, authority):
    """Started by a relative path and through a link, in another directory."""
    where = tmp_path / "elsewhere"
    where.mkdir()
    link = where / "link"
    link.symlink_to(BINARY)
    for binary in (os.path.relpath(BINARY, where), link, pathlib.Path("link")):
        binary = binary if "/" in str(binary) else f"./{binary}"
        exporter = start(binary=binary, cwd=where)
        assert s_client(exporter.url, authority).status == 200
        exporter.stop()


def test_a_copy_of_the_program(start, public_binary):
    """It may be moved together with the libraries that lie beside it."""
    assert start(binary=public_binary).get().status == 200


def test_a_copy_without_its_libraries(start, start_exporter, public_directory):
    """Serves whoever wants no TLS; else one clear line, also where Debian's OpenSSL for developers
    has libraries of these names, which will not do."""
    alone = shutil.copy(BINARY, public_directory)
    assert start_exporter(binary=alone).get().status == 200
    with pytest.raises(AssertionError) as refused:
        start(binary=alone)
    code, text = str(refused.value).split("\n", 1)
    assert code == "exporter ended with 1:", refused.value
    assert text.startswith("memleak_exporter: cannot serve TLS: ") and text.count("\n") == 1, text


def test_an_installed_program(start, tmp_path):
    """Where `cmake --install` puts it, in bin/ and lib/; and moved from there."""
    prefix = tmp_path / "prefix"
    subprocess.run([need_tool("cmake"), "--install", BINARY.parent, "--prefix", prefix], check=True,
                   capture_output=True, timeout=60)
    moved = prefix.rename(tmp_path / "moved")
    assert start(binary=moved / "bin" / "memleak_exporter").get().status == 200


def test_without_tls_nothing_changes(start_safe_exporter, tmp_path):
    """A file without tls_server_config, even an empty one: plain HTTP."""
    for sections in ({}, {"http_server_config": {"http2": False}}, {"basic_auth_users": {}}):
        exporter = start_safe_exporter(write(tmp_path / "web.yml", **sections))
        assert exporter.url.startswith("http://")
        assert exporter.get().status == 200
        exporter.stop()
    (tmp_path / "web.yml").write_text("# nothing yet\n")
    exporter = start_safe_exporter(f"--web.config.file={tmp_path}/web.yml")
    assert exporter.get().status == 200
