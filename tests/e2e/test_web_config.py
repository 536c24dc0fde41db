"""--web.config.file at the start: what is accepted, and how everything else is refused."""

import fcntl
import os
import pty
import shutil
import subprocess
import termios

import pytest

from support import tls, web
from support.exporter import BINARY, run
from support.requirements import need_nobody
from support.tls import client_context
from support.waiting import DEADLINE_SECONDS
from support.web_config import MARK, SECRET, basic, bcrypt, tls_section, write

USAGE, STARTUP = 2, 1
LISTEN = "--web.listen-address=127.0.0.1:0"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"


@pytest.fixture
def folder(tmp_path, authority, server_certificate):
    """web.yml's folder: a certificate, its key and an authority lie beside it."""
    shutil.copyfile(server_certificate.cert, tmp_path / "server.pem")
    shutil.copyfile(server_certificate.key, tmp_path / "server.key")
    shutil.copyfile(authority.cert, tmp_path / "ca.pem")
    return tmp_path


def assert_refused(result, code, *named):
    """One line that names each of `named` and tells no secret."""
    assert result.returncode == code, result
    assert result.stdout == ""
    assert result.stderr.startswith("memleak_exporter: "), result.stderr
    assert result.stderr.endswith("\n") and result.stderr.count("\n") == 1, result.stderr
    assert result.stderr[:-1].isprintable(), result.stderr
    for words in named:
        assert words in result.stderr, result.stderr
    assert not SECRET.search(result.stderr), result.stderr


def refuse(folder, text, code, *named):
    path = folder / "web.yml"
    path.write_text(text)
    assert_refused(run(LISTEN, f"--web.config.file={path}"), code, *named)


# Every key that the format has and we have not, and some that nobody has: (text, line, name).
UNKNOWN = {
    "a section": ("tls_config:\n  cert_file: x\n", 1, "tls_config"),
    "a section after right ones": (TLS + "rate_limit:\n  interval: 1s\n", 4, "rate_limit"),
    "a misspelt section": ("basic_auth_user:\n  ann: x\n", 1, "basic_auth_user"),
    "upper case": ("TLS_server_config: {}\n", 1, "TLS_server_config"),
    "with a dash": (TLS + "  min-version: TLS12\n", 4, "min-version"),
    "misspelt": (TLS + "  min_versions: TLS12\n", 4, "min_versions"),
    "curve_preferences": (TLS + "  curve_preferences: [X25519]\n", 4, "curve_preferences"),
    "prefer_server_cipher_suites": (TLS + "  prefer_server_cipher_suites: true\n", 4,
                                    "prefer_server_cipher_suites"),
    "cert": ("tls_server_config:\n  cert: inline\n", 2, "cert"),
    "key": (TLS + "  key: |\n    -----BEGIN PRIVATE KEY-----\n    " + MARK + "\n", 4, "key"),
    "client_ca": (TLS + "  client_ca: inline\n", 4, "client_ca"),
    "of the HTTP server": ("http_server_config:\n  http3: true\n", 2, "http3"),
    "a header that may not be set": (
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Server: x\n", 4, "Server"),
    "a section within another": (TLS + "  basic_auth_users: {}\n", 4, "basic_auth_users"),
    "an odd one": ("\"a\\e[2J\\nb\": 1\n", 1, ""),
}


@pytest.mark.parametrize("text, line, name", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_unknown_key(folder, text, line, name):
    refuse(folder, text, USAGE, f"{folder}/web.yml:{line}: ", name)


BAD_VALUES = {
    "no YAML": ("tls_server_config: [\n", None, ""),
    "a tab": ("tls_server_config:\n\tcert_file: x\n", 2, ""),
    "a list at the top": ("- a\n", 1, ""),
    "a word": ("off\n", 1, ""),
    "a word for a section": ("tls_server_config: yes\n", 1, "tls_server_config"),
    "given twice": (TLS + "tls_server_config: {}\n", 4, "tls_server_config"),
    "a key given twice": (TLS + "  key_file: other.key\n", 4, "key_file"),
    "no certificate": ("tls_server_config:\n  key_file: server.key\n", None, "cert_file"),
    "no key": ("tls_server_config:\n  cert_file: server.pem\n", None, "key_file"),
    "neither": ("tls_server_config:\n  min_version: TLS13\n", None, "cert_file"),
    "an empty file name": ("tls_server_config:\n  cert_file: ''\n  key_file: server.key\n", 2,
                           "cert_file"),
    "a version of SSL": (TLS + "  min_version: SSL30\n", 4, "min_version"),
    "an old version": (TLS + "  min_version: TLS10\n", 4, "TLS12"),
    "another old version": (TLS + "  max_version: TLS11\n", 4, "TLS12"),
    "a version in other words": (TLS + "  min_version: '1.2'\n", 4, "min_version"),
    "no version left": (TLS + "  min_version: TLS13\n  max_version: TLS12\n", None, "min_version"),
    "an unknown cipher": (TLS + "  cipher_suites:\n    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
                          "    - TLS_ROT13\n", 6, "TLS_ROT13"),
    "a weak cipher": (TLS + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", 4, "RC4"),
    "OpenSSL's name of a cipher": (TLS + "  cipher_suites: ['HIGH:!aNULL']\n", 4, "HIGH"),
    "an auth type": (TLS + "  client_auth_type: Always\n", 4, "client_auth_type"),
    "an authority that nobody is checked against": (TLS + "  client_ca_file: ca.pem\n", None,
                                                    "client_ca_file"),
    "no authority to check with": (TLS + "  client_auth_type: RequireAndVerifyClientCert\n", None,
                                   "client_ca_file"),
    "names that nobody is checked for": (TLS + "  client_allowed_sans: [a.test]\n", None,
                                         "client_allowed_sans"),
    "names of those who may have none": (
        TLS + "  client_auth_type: RequestClientCert\n  client_allowed_sans: [a.test]\n", None,
        "client_allowed_sans"),
    "HTTP/2, perhaps": ("http_server_config:\n  http2: perhaps\n", 2, "http2"),
    "a list of headers": ("http_server_config:\n  headers: [X-Frame-Options]\n", 2, "headers"),
    "a value of a header": ("http_server_config:\n  headers:\n    X-Frame-Options: allow\n", 3,
                            "X-Frame-Options"),
    "another value of a header": ("http_server_config:\n  headers:\n"
                                  "    X-Content-Type-Options: sniff\n", 3, "X-Content-Type"),
    "a header that ends early": ("http_server_config:\n  headers:\n"
                                 "    Strict-Transport-Security: \"a\\r\\nX-Evil: 1\"\n", 3,
                                 "Strict-Transport-Security"),
    "a header with a NUL": ("http_server_config:\n  headers:\n"
                            "    Content-Security-Policy: \"a\\0b\"\n", 3, ""),
    "a list of users": ("basic_auth_users:\n  - ann\n", None, "basic_auth_users"),
    "a user given twice": (f"basic_auth_users:\n  ann: {bcrypt(MARK)}\n  ann: {bcrypt(MARK)}\n", 3,
                           "ann"),
    "a user that no client can name": (f"basic_auth_users:\n  'a:b': {bcrypt(MARK)}\n", 2, "a:b"),
}


@pytest.mark.parametrize("text, line, named", BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_bad_value(folder, text, line, named):
    place = f"{folder}/web.yml:{line}: " if line else f"{folder}/web.yml:"
    refuse(folder, text, USAGE, place, named)


RIGHT = bcrypt(MARK)
NO_HASHES = {
    "a password": MARK,
    "nothing": "''",
    "a hash cut short": RIGHT[:-1],
    "a hash with a tail": RIGHT + "x",
    "a cost that is too low": "$2b$03$" + RIGHT[7:],
    "a cost that never ends": "$2b$31$" + RIGHT[7:],
    "a cost that is none": "$2b$xx$" + RIGHT[7:],
    "an unknown kind": "$2z$" + RIGHT[4:],
    "the broken kind": "$2x$" + RIGHT[4:],
    "an odd character": RIGHT[:-1] + "!",
    "MD5": "$1$abcdefgh$" + "x" * 22 + MARK,
    "SHA-512": "$6$abcdefgh$" + "x" * 80 + MARK,
    "htpasswd's MD5": "$apr1$abcdefgh$" + "x" * 22 + MARK,
    "a list": f"[{RIGHT}]",
}


@pytest.mark.parametrize("value", NO_HASHES.values(), ids=NO_HASHES.keys())
def test_what_is_no_bcrypt_hash(folder, value):
    """Named by its user and line; what stands there may be a password and is not repeated."""
    text = f"basic_auth_users:\n  ann: {RIGHT}\n  bob: {value}\n"
    refuse(folder, text, USAGE, f"{folder}/web.yml:3: ", "bob")


MISSING = {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem"}
WITH_CLIENTS = TLS + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"


@pytest.mark.parametrize("name", MISSING.values(), ids=MISSING.keys())
@pytest.mark.parametrize("content", [None, b"", b"garbage\n", b"\0" * 100000, "folder"],
                         ids=["missing", "empty", "garbage", "zeros", "a folder"])
def test_file_that_is_no_use(folder, name, content):
    (folder / name).unlink()
    if content == "folder":
        (folder / name).mkdir()
    elif content is not None:
        (folder / name).write_bytes(content)
    refuse(folder, WITH_CLIENTS, STARTUP, f"{folder}/{name}")


def test_key_of_another_certificate(folder, authority):
    shutil.copyfile(authority.issue().key, folder / "server.key")
    refuse(folder, TLS, STARTUP, f"{folder}/server.key")


def test_key_and_certificate_confused(folder):
    refuse(folder, "tls_server_config: {cert_file: server.key, key_file: server.pem}\n", STARTUP,
           f"{folder}/server.")


def test_broken_certificate_within(folder):
    """The frame is right, what it holds is not."""
    pem = (folder / "server.pem").read_text().splitlines()
    pem[2] = pem[2][::-1]
    (folder / "server.pem").write_text("\n".join(pem) + "\n")
    refuse(folder, TLS, STARTUP, f"{folder}/server.")


def test_encrypted_key(folder):
    """Nobody is asked for a password, even where there is a terminal to ask at."""
    tls.openssl("pkey", "-in", folder / "server.key", "-out", folder / "new.key", "-aes256",
                "-passout", f"pass:{MARK}")
    os.replace(folder / "new.key", folder / "server.key")
    (folder / "web.yml").write_text(TLS)
    ours, its = pty.openpty()
    try:
        result = subprocess.run(
            [BINARY, LISTEN, f"--web.config.file={folder}/web.yml"], stdin=its, capture_output=True,
            text=True, timeout=DEADLINE_SECONDS, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(its, termios.TIOCSCTTY, 0))
    finally:
        os.close(ours)
        os.close(its)
    assert_refused(result, STARTUP, f"{folder}/server.key")


def test_missing_file(tmp_path):
    path = tmp_path / "nothing.yml"
    assert_refused(run(LISTEN, f"--web.config.file={path}"), STARTUP, str(path), "No such file")


def test_folder(tmp_path):
    assert_refused(run(LISTEN, f"--web.config.file={tmp_path}"), STARTUP, str(tmp_path),
                   "directory")


def test_empty_name():
    assert_refused(run(LISTEN, "--web.config.file="), USAGE, "--web.config.file")


@pytest.mark.parametrize("name", ["web.yml", "server.pem", "server.key", "ca.pem"])
def test_unreadable_file(folder, public_directory, public_binary, name):
    nobody = need_nobody()
    for each in ("server.pem", "server.key", "ca.pem"):
        shutil.copy(folder / each, public_directory)
        os.chmod(os.path.join(public_directory, each), 0o644)
    path = os.path.join(public_directory, "web.yml")
    with open(path, "w") as file:
        file.write(WITH_CLIENTS)
    os.chmod(os.path.join(public_directory, name), 0)
    result = subprocess.run([*nobody, public_binary, LISTEN, f"--web.config.file={path}"],
                            capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert_refused(result, STARTUP, os.path.join(public_directory, name), "Permission denied")


def test_nothing_listens_before_all_is_right(folder):
    """Not even for a moment: the port is never served without what was asked for."""
    (folder / "server.key").write_text("garbage")
    path = folder / "web.yml"
    path.write_text(TLS)
    result = run(LISTEN, f"--web.config.file={path}")
    assert result.returncode == STARTUP and "listening" not in result.stderr


@pytest.mark.parametrize("way", ["relative", "absolute"])
def test_file_names(start_safe_exporter, folder, authority, tmp_path_factory, way):
    """Relative to the configuration, wherever the exporter is started."""
    where = tmp_path_factory.mktemp("elsewhere")
    text = WITH_CLIENTS.replace("ca.pem", "../" + folder.name + "/ca.pem")
    if way == "absolute":
        text = WITH_CLIENTS
        for name in MISSING.values():
            text = text.replace(f" {name}", f" {folder}/{name}")
    (folder / "web.yml").write_text(text)
    name = os.path.relpath(folder / "web.yml", where) if way == "relative" else folder / "web.yml"
    context = client_context(authority, authority.issue_client())
    exporter = start_safe_exporter(f"--web.config.file={name}", context=context, cwd=where)
    assert exporter.get().status == 200


def test_from_the_configuration_file(start_safe_exporter, folder, authority):
    """web.config.file is a flag like any other."""
    (folder / "web.yml").write_text(TLS)
    config = folder / "config.yml"
    config.write_text(f"web: {{config: {{file: {folder}/web.yml}}}}\n")
    exporter = start_safe_exporter(f"--config.file={config}", context=client_context(authority))
    assert exporter.url.startswith("https://")
    assert exporter.get().status == 200


HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    "X-XSS-Protection": "1; mode=block",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
}


ASKED = b"Host: x\r\nConnection: close\r\n\r\n"
ANSWERS = {
    "metrics": (b"GET /metrics HTTP/1.1\r\nAUTH" + ASKED, 200),
    "HEAD": (b"HEAD /metrics HTTP/1.1\r\nAUTH" + ASKED, 200),
    "health": (b"GET /-/healthy HTTP/1.1\r\nAUTH" + ASKED, 200),
    "the page": (b"GET / HTTP/1.1\r\nAUTH" + ASKED, 200),
    "not found": (b"GET /nothing HTTP/1.1\r\nAUTH" + ASKED, 404),
    "bad choice": (b"GET /metrics?collect[]=x HTTP/1.1\r\nAUTH" + ASKED, 400),
    "bad method": (b"POST /metrics HTTP/1.1\r\nAUTHContent-Length: 0\r\n" + ASKED, 405),
    "nobody": (b"GET /metrics HTTP/1.1\r\n" + ASKED, 401),
    "a wrong password": (b"GET / HTTP/1.1\r\nAuthorization: Basic YW5uOng=\r\n" + ASKED, 401),
    "what the HTTP library refuses": (b"TRACE /metrics HTTP/1.0\r\n\r\n", None),
    "no HTTP": (b"hello\r\n\r\n", None),
}


@pytest.mark.parametrize("tls_on", [True, False], ids=["tls", "plain"])
def test_headers_are_on_every_answer(start_safe_exporter, server_certificate, authority, tmp_path,
                                     tls_on):
    sections = {"http_server_config": {"headers": HEADERS, "http2": tls_on},
                "basic_auth_users": {"ann": bcrypt(MARK)}}
    if tls_on:
        sections["tls_server_config"] = tls_section(server_certificate)
    context = client_context(authority)
    exporter = start_safe_exporter(write(tmp_path / "web.yml", **sections), user="ann",
                                   password=MARK, context=context)
    authorization = f"Authorization: {basic('ann', MARK)}\r\n".encode()
    for why, (data, status) in ANSWERS.items():
        with (tls.connect(exporter.url, context) if tls_on
              else web.connect(exporter.url)) as connection:
            connection.sendall(data.replace(b"AUTH", authorization))
            answer = b""
            while b"\r\n\r\n" not in answer and (chunk := connection.recv(65536)):
                answer += chunk
        first, *lines = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")
        assert status in (None, int(first.split()[1])), (why, first)
        pairs = [line.lower().split(": ", 1) for line in lines]
        for name, value in HEADERS.items():
            found = [each for key, each in pairs if key == name.lower()]
            assert found == [value.lower()], (why, name)
