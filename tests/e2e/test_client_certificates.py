"""Client certificates: who must show one, whose are believed, and whose names are allowed."""

import http.client
import ssl

import pytest

from support import tls, web
from support.tls import Authority, client_context, s_client
from support.waiting import wait_for
from support.web_config import replace, secure

VERIFY = "RequireAndVerifyClientCert"
TLS_VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
# With TLS 1.3 a client learns what became of its certificate when it reads.
REFUSALS = (ssl.SSLError, ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)


@pytest.fixture(scope="session")
def right(authority):
    return authority.issue_client()


@pytest.fixture(scope="session")
def foreign(foreign_authority):
    return foreign_authority.issue_client()


@pytest.fixture
def start(start_safe_exporter, server_certificate, authority, right, tmp_path):
    """An exporter that wants client certificates of `authority`; `right` is shown at its start."""
    def with_clients(auth_type=VERIFY, ca=authority.cert, certificate=right, **config):
        flag = secure(tmp_path / "web.yml", server_certificate, client_auth_type=auth_type,
                      **({"client_ca_file": ca} if ca else {}), **config)
        return start_safe_exporter(flag, context=client_context(authority, certificate))
    return with_clients


def ask(exporter, context):
    """The status that a client gets, or "refused" when the handshake is."""
    try:
        return web.request(exporter.url, "/-/ready", context=context).status
    except ssl.SSLCertVerificationError:
        raise  # that would be the client's own refusal
    except REFUSALS:
        return "refused"


def test_curl(start, authority, right, foreign):
    """As people try it."""
    exporter = start()
    assert s_client(exporter.url, authority, "-cert", right.cert, "-key", right.key).status == 200
    for arguments in ((), ("-cert", foreign.cert, "-key", foreign.key)):
        for version in ("-tls1_2", "-tls1_3"):
            handshake = s_client(exporter.url, authority, version, *arguments)
            assert handshake.status is None
            assert "alert" in handshake.text, handshake.text


VERIFYING = ("VerifyClientCertIfGiven", VERIFY)
# client_auth_type: what becomes of a client without a certificate, with one of another authority,
# and with the right one (crypto/tls, ClientAuthType).
AUTH_TYPES = {
    "NoClientCert": (200, 200, 200),
    "RequestClientCert": (200, 200, 200),
    "RequireAnyClientCert": ("refused", 200, 200),
    "RequireClientCert": ("refused", 200, 200),
    "VerifyClientCertIfGiven": (200, "refused", 200),
    VERIFY: ("refused", "refused", 200),
}


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_auth_type(start, authority, right, foreign, auth_type):
    # An authority that nobody is checked against is an error.
    exporter = start(auth_type, ca=authority.cert if auth_type in VERIFYING else None)
    for certificate, expected in zip((None, foreign, right), AUTH_TYPES[auth_type]):
        for version in TLS_VERSIONS:
            found = ask(exporter, client_context(authority, certificate, version))
            assert found == expected, (certificate, version)


def test_a_file_of_two_authorities(start, authority, foreign_authority, right, foreign, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text(foreign_authority.cert.read_text() + authority.cert.read_text())
    exporter = start(ca=both)
    for certificate in (right, foreign):
        assert ask(exporter, client_context(authority, certificate)) == 200
    assert ask(exporter, client_context(authority)) == "refused"


def test_a_chain_that_the_client_sends(start, authority, tmp_path):
    between = Authority(tmp_path / "between", "Between", issuer=authority)
    made = between.issue_client()
    chain = tls.Certificate(tmp_path / "chain.pem", made.key)
    chain.cert.write_text(made.cert.read_text() + between.cert.read_text())
    exporter = start()
    assert ask(exporter, client_context(authority, chain)) == 200
    assert ask(exporter, client_context(authority, made)) == "refused"


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)], ids=["expired", "not valid yet"])
def test_dates(start, authority, days):
    exporter = start()
    outside = authority.issue_client(days=days)
    assert ask(exporter, client_context(authority, outside)) == "refused"


def test_a_server_certificate_is_no_client_certificate(start, authority):
    """Or any server of the same authority could scrape (RFC 5280, extended key usage)."""
    exporter = start()
    assert ask(exporter, client_context(authority, authority.issue())) == "refused"


def test_a_certificate_with_another_key(start, authority, right):
    """Its own key is what proves whose it is; openssl does not even send it otherwise."""
    exporter = start()
    other = authority.issue_client()
    handshake = s_client(exporter.url, authority, "-cert", right.cert, "-key", other.key)
    assert handshake.status is None


def test_odd_subjects(start, authority):
    """Whatever an authority signed; none of it is a way into the program or its log."""
    exporter = start()
    for subject in ("/O=" + "/O=".join(["x" * 60] * 40) + "/CN=long", "/CN=a b\\\"c=%s%n{}",
                    "/CN=zwölf", "/CN=" + "\\n".join("ab")):
        odd = authority.issue_client(subject=subject)
        assert ask(exporter, client_context(authority, odd)) == 200, subject


SANS = {
    "DNS": ("prometheus.test", ["DNS:prometheus.test"]),
    "one of several": ("b.test", ["DNS:a.test", "DNS:b.test", "DNS:c.test"]),
    "IP": ("192.0.2.7", ["IP:192.0.2.7"]),
    "IPv6": ("2001:db8::1", ["IP:2001:db8:0::1"]),
    "e-mail": ("ops@example.test", ["email:ops@example.test"]),
    "URI": ("spiffe://example.test/prometheus", ["URI:spiffe://example.test/prometheus"]),
}


@pytest.mark.parametrize("allowed, sans", SANS.values(), ids=SANS.keys())
def test_allowed_names(start, authority, allowed, sans):
    named = authority.issue_client(sans=sans)
    exporter = start(certificate=named, client_allowed_sans=["other.test", allowed])
    for version in TLS_VERSIONS:
        assert ask(exporter, client_context(authority, named, version)) == 200


def test_names_that_are_not_allowed(start, authority, right, foreign_authority):
    """Exact matches count, and nothing but subject alternative names does."""
    exporter = start(client_allowed_sans=["prometheus.test", "*.wild.test", "10.0.0.1"])
    refused = {
        "another name": authority.issue_client(sans=["DNS:other.test"]),
        "a longer name": authority.issue_client(sans=["DNS:prometheus.test.evil.test"]),
        "a subdomain": authority.issue_client(sans=["DNS:a.prometheus.test"]),
        "a part of it": authority.issue_client(sans=["DNS:prometheus"]),
        "no wildcards here": authority.issue_client(sans=["DNS:a.wild.test"]),
        "the common name only": authority.issue_client(name="prometheus.test", sans=()),
        "a name where an address is": authority.issue_client(sans=["IP:10.0.0.2"]),
        "the right name, another authority": foreign_authority.issue_client(),
    }
    for why, certificate in refused.items():
        for version in TLS_VERSIONS:
            assert ask(exporter, client_context(authority, certificate, version)) == "refused", why
    assert ask(exporter, client_context(authority)) == "refused"
    assert ask(exporter, client_context(authority, right)) == 200


def with_session(exporter, context, session=None):
    """("refused", None), or (the status, the session to come back with)."""
    try:
        with tls.connect(exporter.url, context, session=session) as connection:
            connection.sendall(b"GET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while chunk := connection.recv(4096):
                answer += chunk
            return (int(answer.split()[1]) if answer else "refused"), connection.session
    except REFUSALS:
        return "refused", None


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_a_session_that_is_resumed(start, authority, right, version):
    exporter = start()
    context, session = client_context(authority, right, version), None
    for _ in range(3):
        status, session = with_session(exporter, context, session)
        assert status == 200


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_a_session_does_not_outlive_what_admitted_it(start, authority, foreign_authority,
                                                     server_certificate, right, tmp_path, version):
    """An authority that is no longer trusted, a name that is no longer allowed."""
    path = tmp_path / "web.yml"
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.cert.read_bytes())
    exporter = start(ca=ca)
    context = client_context(authority, right, version)
    status, session = with_session(exporter, context)
    assert status == 200
    secure(path, server_certificate, client_auth_type=VERIFY, client_ca_file=ca,
           client_allowed_sans=["other.test"])
    fresh = client_context(authority, right, version)
    wait_for("the name to be refused", lambda: ask(exporter, fresh) == "refused")
    assert with_session(exporter, context, session)[0] == "refused"

    secure(path, server_certificate, client_auth_type=VERIFY, client_ca_file=ca)
    wait_for("the name to be allowed again", lambda: ask(exporter, fresh) == 200)
    status, session = with_session(exporter, context)
    assert status == 200
    replace(ca, foreign_authority.cert.read_bytes())
    wait_for("the authority to be forgotten", lambda: ask(exporter, fresh) == "refused")
    assert with_session(exporter, context, session)[0] == "refused"


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_a_session_from_before_certificates_were_asked_for(start_safe_exporter, authority, right,
                                                           server_certificate, tmp_path, version):
    path = tmp_path / "web.yml"
    context = client_context(authority, version=version)
    exporter = start_safe_exporter(secure(path, server_certificate), context=context)
    status, session = with_session(exporter, context)
    assert status == 200
    secure(path, server_certificate, client_auth_type=VERIFY, client_ca_file=authority.cert)
    fresh = client_context(authority, version=version)
    wait_for("certificates to be asked for", lambda: ask(exporter, fresh) == "refused")
    assert with_session(exporter, context, session)[0] == "refused"
    assert ask(exporter, client_context(authority, right)) == 200


def test_refusals_do_not_wear_it_out(start, authority, right):
    exporter = start()
    for _ in range(100):
        assert ask(exporter, client_context(authority)) == "refused"
    assert ask(exporter, client_context(authority, right)) == 200
    # Clients can provoke them as often as they like: nothing of it is above debug.
    assert "level=error" not in exporter.log() and "level=warn" not in exporter.log()
