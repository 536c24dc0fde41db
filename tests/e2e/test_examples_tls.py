"""deploy/prometheus/tls: certificates and password as README.md makes them, the exporter started and
scraped with the shipped files. Only addresses, paths and the password's hash are the test's."""

import re
import shutil
import ssl
import stat
import subprocess

import pytest

from support import web
from support.examples import (SHIPPED, SOONER, assert_promtool_accepts, blocks_of, edit,
                              start_prometheus, up)
from support.fixtures import FIXTURES, flags
from support.requirements import need_tool
from support.waiting import wait_for
from support.web_config import basic, replace

pytestmark = pytest.mark.once

HOST = "127.0.0.1"
HASH = re.compile(r"^  prometheus: \S+$", re.M)


def run(code, directory):
    """A block of README.md, with this machine's address in place of the host's."""
    code = code.replace("worker-1.example.org", "localhost").replace("192.0.2.11", HOST)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], cwd=directory, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done
    return done.stdout


def block(heading, word):
    [code] = [code for code in blocks_of(heading) if word in code]
    return code


PASSWORD, CLIENT = "TLS and a password", "Client certificates"


class Site:
    """The administrator's folder, and what README.md installs from there below a folder that stands for /
    of both hosts."""

    def __init__(self, directory):
        self.admin, self.root = directory / "admin", directory / "root"
        self.admin.mkdir()
        self.exporter = self.root / "etc" / "memleak_exporter"
        self.prometheus = self.root / "etc" / "prometheus"
        self.secrets = self.prometheus / "secrets"
        for shipped in (SHIPPED / "tls").glob("web*.yml"):
            shutil.copy(shipped, self.admin)

    def make_authority(self):
        run(block(PASSWORD, "-keyout ca.key"), self.admin)

    def make_server_certificate(self):
        run(block(PASSWORD, "-keyout server.key"), self.admin)
        # As strict as Python is since 3.13; OpenSSL's own default forgives more.
        run("openssl verify -x509_strict -CAfile ca.pem server.pem", self.admin)

    def make_client_certificate(self):
        run(block(CLIENT, "-keyout memleak_client.key"), self.admin)
        run("openssl verify -x509_strict -CAfile ca.pem memleak_client.pem", self.admin)

    def make_password(self):
        """Puts its hash into web.yml, and returns it."""
        need_tool("htpasswd")
        line = run(block(PASSWORD, "htpasswd"), self.admin).strip()
        text = (self.admin / "web.yml").read_text()
        assert len(HASH.findall(text)) == 1
        (self.admin / "web.yml").write_text(HASH.sub("  " + line, text))
        return (self.admin / "memleak_password").read_text().strip()

    def install(self, heading, host):
        """The block that is for this host. Its users are those of packages."""
        code = block(heading, f"/etc/{host}")
        for words in ("sudo ", " -o prometheus -g prometheus", " -g memleak_exporter"):
            code = code.replace(words, "")
        run(code.replace("/etc/", f"{self.root}/etc/"), self.admin)

    def deliver_authority(self, also=""):
        replace(self.prometheus / "memleak_ca.pem", also + (self.admin / "ca.pem").read_text())

    def start_exporter(self, start, **credentials):
        return start(f"--web.config.file={self.exporter}/web.yml", host=flags(FIXTURES / "ordinary"),
                     **credentials)

    def start_prometheus(self, shipped, exporter):
        config = self.prometheus / shipped
        shutil.copy(SHIPPED / "tls" / shipped, config)
        edit(config, ("worker-1.example.org:10078", "%s:%d" % web.address_of(exporter.url)), SOONER,
             ("/etc/prometheus", str(self.prometheus)))
        assert_promtool_accepts(config)
        return start_prometheus(config)


def trusting(admin):
    return ssl.create_default_context(cafile=admin / "ca.pem")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def closing():
    started = []
    yield started.append
    for each in started:
        each.close()


def becomes(prometheus, value):
    return wait_for(f"up to be {value}", lambda: list(up(prometheus).values()) == [value])


def scrapes_go_on(prometheus):
    """Whether the next ones succeed, over connections of their own where the files are new."""
    def count():
        [(_, value)] = prometheus.query('count_over_time(up[1h])')
        return value
    before = count()
    wait_for("more scrapes", lambda: count() >= before + 3)
    return prometheus.query("min_over_time(up[2s])")[0][1] == 1


def last_error(prometheus):
    return web.request(prometheus.url, "/api/v1/targets").text


def status(exporter, admin, password):
    """Of a scrape with this password; None where the certificate is not of the authority."""
    headers = {"Authorization": basic("prometheus", password)} if password else {}
    try:
        return web.request(exporter.url, headers=headers, context=trusting(admin)).status
    except ssl.SSLError:
        return None


def test_password(start_safe_exporter, site, closing):
    """As README.md has it, from the authority to the rotation of everything."""
    site.make_authority()
    site.make_server_certificate()
    password = site.make_password()
    site.install(PASSWORD, "memleak_exporter")
    site.install(PASSWORD, "prometheus")
    for path, mode in ((site.exporter / "server.key", 0o640), (site.exporter / "web.yml", 0o640),
                       (site.secrets, 0o700), (site.secrets / "memleak_password", 0o400)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    exporter = site.start_exporter(start_safe_exporter, context=trusting(site.admin),
                                   user="prometheus", password=password)
    assert status(exporter, site.admin, None) == 401
    prometheus = site.start_prometheus("prometheus.yml", exporter)
    closing(prometheus)
    becomes(prometheus, 1)
    wait_for("a process", lambda: prometheus.query('memleak_process_threads{pid="310"}'))

    # Somebody else's password.
    replace(site.secrets / "memleak_password", "not this one\n")
    becomes(prometheus, 0)
    assert "401 Unauthorized" in last_error(prometheus)
    assert status(exporter, site.admin, password) == 200
    site.install(PASSWORD, "prometheus")
    becomes(prometheus, 1)

    # A new password: first for the exporter, then for Prometheus.
    password = site.make_password()
    site.install(PASSWORD, "memleak_exporter")
    becomes(prometheus, 0)
    site.install(PASSWORD, "prometheus")
    becomes(prometheus, 1)

    # An authority that did not sign the exporter's certificate.
    known = (site.admin / "ca.pem").read_text()
    site.make_authority()
    site.deliver_authority()
    becomes(prometheus, 0)
    assert "certificate signed by unknown authority" in last_error(prometheus)
    # It comes: Prometheus knows both, the exporter gets a certificate of the new one, the old one goes.
    site.deliver_authority(known)
    becomes(prometheus, 1)
    site.make_server_certificate()
    site.install(PASSWORD, "memleak_exporter")
    wait_for("the new certificate", lambda: status(exporter, site.admin, password) == 200)
    site.deliver_authority()
    assert scrapes_go_on(prometheus)


def test_client_certificate(start_safe_exporter, site, closing):
    site.make_authority()
    site.make_server_certificate()
    site.make_client_certificate()
    site.install(CLIENT, "memleak_exporter")
    site.install(CLIENT, "prometheus")
    ours = trusting(site.admin)
    ours.load_cert_chain(site.admin / "memleak_client.pem", site.admin / "memleak_client.key")
    exporter = site.start_exporter(start_safe_exporter, context=ours)
    prometheus = site.start_prometheus("prometheus_client_certificates.yml", exporter)
    closing(prometheus)
    becomes(prometheus, 1)

    # A server's certificate of the same authority is no client's.
    replace(site.prometheus / "memleak_client.pem", (site.admin / "server.pem").read_bytes())
    replace(site.secrets / "memleak_client.key", (site.admin / "server.key").read_bytes())
    becomes(prometheus, 0)
    assert exporter.get().status == 200
    site.install(CLIENT, "prometheus")
    becomes(prometheus, 1)
