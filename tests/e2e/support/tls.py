"""Certificates of every kind, made with the openssl tool, and TLS clients that use them."""

import dataclasses
import datetime
import pathlib
import re
import ssl
import subprocess

from support import web
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS

SERVER_NAMES = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")

# `openssl ca` rather than `openssl x509`: it alone takes any dates, in every release.
CA_CONFIG = """
[ca]
default_ca = here
[here]
database = {directory}/index.txt
new_certs_dir = {directory}
rand_serial = yes
unique_subject = no
default_md = sha256
copy_extensions = copy
email_in_dn = no
policy = any
[any]
commonName = optional
organizationName = optional
[req]
distinguished_name = name
string_mask = utf8only
utf8 = yes
[name]
[server]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = serverAuth
[client]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = clientAuth
[authority]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
"""

KEYS = {"ec": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "rsa": ("-newkey", "rsa:2048")}


def openssl(*arguments, **kwargs):
    result = subprocess.run([need_tool("openssl"), *arguments], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=DEADLINE_SECONDS, **kwargs)
    assert result.returncode == 0, result
    return result.stdout


@dataclasses.dataclass
class Certificate:
    cert: pathlib.Path
    key: pathlib.Path

    @property
    def der(self):
        """Of the leaf: what a client sees of its peer."""
        return ssl.PEM_cert_to_DER_cert(first_certificate(self.cert.read_text()))


def first_certificate(pem):
    return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", pem, re.S)[0]


class Authority:
    """A certificate authority; its own certificate is `cert`."""

    def __init__(self, directory, name="Test authority", issuer=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "index.txt").touch()
        self._config = self.directory / "ca.cnf"
        self._config.write_text(CA_CONFIG.format(directory=self.directory))
        self._count = 0
        if issuer:
            own = issuer.issue(name, sans=(), kind="authority")
            self.cert, self._key = own.cert, own.key
        else:
            self.cert, self._key = self.directory / "ca.pem", self.directory / "ca.key"
            openssl("req", "-x509", "-config", self._config, "-extensions", "authority", *KEYS["ec"],
                    "-nodes", "-keyout", self._key, "-out", self.cert, "-subj", f"/CN={name}",
                    "-days", "2")

    def issue(self, name="server", sans=SERVER_NAMES, kind="server", key="ec", subject=None,
              days=(-1, 2)):
        """A new certificate and its key, valid for `days` from and to now."""
        self._count += 1
        stem = self.directory / f"{self._count}-{kind}"
        request = stem.with_suffix(".csr")
        made = Certificate(stem.with_suffix(".pem"), stem.with_suffix(".key"))
        names = ["-addext", "subjectAltName=" + ",".join(sans)] if sans else []
        openssl("req", "-new", "-config", self._config, *KEYS[key], "-nodes", "-keyout", made.key,
                "-out", request, "-subj", subject or f"/CN={name}", *names)
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = ((now + datetime.timedelta(days=day)).strftime("%Y%m%d%H%M%SZ")
                      for day in days)
        openssl("ca", "-batch", "-notext", "-config", self._config, "-extensions", kind,
                "-cert", self.cert, "-keyfile", self._key, "-in", request, "-out", made.cert,
                "-startdate", start, "-enddate", end)
        return made

    def issue_client(self, name="client", sans=("DNS:prometheus.test",), **kwargs):
        return self.issue(name, sans, kind="client", **kwargs)


def client_context(authority, certificate=None, version=None):
    """A client that trusts `authority`, shows `certificate` and speaks any or one version."""
    context = ssl.create_default_context(cafile=authority.cert)
    if certificate:
        context.load_cert_chain(certificate.cert, certificate.key)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def connect(url, context, session=None, timeout=DEADLINE_SECONDS):
    """A connection behind its handshake. A TLS 1.3 server refuses a client only afterwards."""
    connection = web.connect(url, timeout)
    try:
        return context.wrap_socket(connection, server_hostname=web.address_of(url)[0],
                                   session=session)
    except BaseException:
        connection.close()
        raise


def served_certificate(url, context):
    """What the server shows now, in DER."""
    with connect(url, context) as connection:
        return connection.getpeercert(binary_form=True)


@dataclasses.dataclass
class Handshake:
    """What `openssl s_client` saw."""
    ok: bool
    version: str
    cipher: str
    status: int  # of an HTTP request over it, if there was one
    text: str


def s_client(url, authority, *arguments):
    """A handshake and a request by `openssl s_client`, which can be made to offer anything."""
    host, port = web.address_of(url)
    result = subprocess.run(
        [need_tool("openssl"), "s_client", "-connect", f"{host}:{port}", "-CAfile", authority.cert,
         "-verify_return_error", "-ign_eof", *arguments],
        input="GET /-/ready HTTP/1.0\r\n\r\n", capture_output=True, text=True,
        timeout=DEADLINE_SECONDS)
    text = result.stdout + result.stderr
    agreed = re.search(r"^New, (\S+), Cipher is (\S+)$", text, re.M)
    status = re.search(r"^HTTP/1\.1 (\d+)", text, re.M)
    version = re.search(r"^ *Protocol *: (\S+)$", text, re.M)
    cipher = agreed[2] if agreed and agreed[2] != "(NONE)" else None
    return Handshake(ok=result.returncode == 0 and cipher is not None,
                     version=(version or agreed)[1] if cipher else None, cipher=cipher,
                     status=int(status[1]) if status else None, text=text)
