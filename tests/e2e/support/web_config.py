"""--web.config.file: written, replaced under a running exporter, and the passwords it names."""

import base64
import ctypes
import json
import os
import pathlib
import re
import string

from support import web
from support.exporter import Exporter
from support.fixtures import FIXTURES, flags

# The module `crypt` is gone from newer Pythons; the library below it is in every Debian.
_libcrypt = ctypes.CDLL("libcrypt.so.1")
_libcrypt.crypt.restype = ctypes.c_char_p
_libcrypt.crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)

# The cheapest that bcrypt has: 2^4 rounds.
CHEAP = 4
BCRYPT_ALPHABET = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits


# Every password of these tests holds this word.
MARK = "Sesame"
SECRET = re.compile(MARK + r"|\$2[abxy]\$\d\d\$[./\w]{10}|PRIVATE KEY|Basic [\w+/]{8}")


def assert_no_secret(text):
    assert not SECRET.search(text), text


def bcrypt(password, cost=CHEAP, prefix="2b"):
    # The 22nd character holds two bits of the salt: only some are canonical.
    salt = "".join(BCRYPT_ALPHABET[each % 64] for each in os.urandom(21)) + "e"
    setting = f"${prefix}${cost:02}${salt}"
    made = _libcrypt.crypt(password.encode(), setting.encode())
    assert made and made.startswith(b"$2") and len(made) == 60, (setting, made)
    return made.decode()


def basic(user, password):
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Client:
    """Whom an exporter's requests come from; see Exporter(client=...)."""

    def __init__(self, context=None, user=None, password=None):
        self.context = context
        self.authorization = {"Authorization": basic(user, password)} if user is not None else {}

    def __call__(self, url, path="/metrics", method="GET", headers=None, timeout=60):
        return web.request(url, path, method, self.authorization | (headers or {}), timeout,
                           self.context)


def tls_section(certificate, **more):
    return {"cert_file": str(certificate.cert), "key_file": str(certificate.key)} | {
        key: str(value) if isinstance(value, pathlib.Path) else value
        for key, value in more.items()}


def replace(path, content):
    """Replaces a file at once, as editors and configuration management do."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.replace(new, path)


def write(path, **sections):
    """A web configuration file; returns the flag that names it. JSON is YAML."""
    replace(path, json.dumps(sections, indent=1))
    return f"--web.config.file={path}"


def secure(path, certificate, **more):
    """The commonest: TLS with this certificate, and whatever else its section holds."""
    return write(path, tls_server_config=tls_section(certificate, **more))


class SafeExporter(Exporter):
    """On a host that stays the same, at its most talkative, with nothing to be ashamed of."""

    def __init__(self, *arguments, context=None, user=None, password=None, host=None, **kwargs):
        # What a test gives counts: it comes last.
        super().__init__("--log.level=debug", *(host or flags(FIXTURES / "ordinary")), *arguments,
                         client=Client(context, user, password), **kwargs)

    def stop(self, *arguments):
        if not self.stopped:
            assert_no_secret(self.log())
        super().stop(*arguments)
