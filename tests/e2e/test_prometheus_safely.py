"""A real Prometheus scrapes over TLS: with a password, and with a client certificate."""

import pytest

from support import web
from support.prometheus import Prometheus
from support.requirements import need_tool
from support.tls import client_context
from support.waiting import wait_for
from support.web_config import MARK, bcrypt, tls_section, write

PASSWORD = MARK + " open"


@pytest.fixture
def start_prometheus(tmp_path):
    started = []

    def start(jobs):
        started.append(Prometheus(need_tool("prometheus"), tmp_path, jobs))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_prometheus_with_password_and_with_certificate(
        start_safe_exporter, authority, foreign_authority, server_certificate, start_prometheus,
        tmp_path):
    client = authority.issue_client()
    with_password = start_safe_exporter(
        write(tmp_path / "password.yml", tls_server_config=tls_section(server_certificate),
              basic_auth_users={"prometheus": bcrypt(PASSWORD, 10)}),
        context=client_context(authority), user="prometheus", password=PASSWORD)
    with_certificate = start_safe_exporter(
        write(tmp_path / "certificate.yml", tls_server_config=tls_section(
            server_certificate, client_ca_file=authority.cert,
            client_auth_type="RequireAndVerifyClientCert",
            client_allowed_sans=["prometheus.test"])),
        context=client_context(authority, client))

    def job(exporter, **more):
        host, port = web.address_of(exporter.url)
        tls_config = {"ca_file": str(authority.cert)} | more.pop("tls_config", {})
        return f"{host}:{port}", {"scheme": "https", "tls_config": tls_config} | more

    def shows(certificate):
        return {"cert_file": str(certificate.cert), "key_file": str(certificate.key)}

    prometheus = start_prometheus({
        "password": job(with_password,
                        basic_auth={"username": "prometheus", "password": PASSWORD}),
        "certificate": job(with_certificate, tls_config=shows(client)),
        "wrong password": job(with_password,
                              basic_auth={"username": "prometheus", "password": MARK}),
        "no certificate": job(with_certificate),
        "a stranger's certificate": job(with_certificate,
                                        tls_config=shows(foreign_authority.issue_client())),
        "another name": job(with_certificate, tls_config=shows(
            authority.issue_client(sans=["DNS:other.test"]))),
        "a stranger's server": job(with_password,
                                   tls_config={"ca_file": str(foreign_authority.cert)}),
    })
    expected = {"password": 1, "certificate": 1, "wrong password": 0, "no certificate": 0,
                "a stranger's certificate": 0, "another name": 0, "a stranger's server": 0}
    wait_for("up as it should be", lambda: {
        labels["job"]: value for labels, value in prometheus.query("up")} == expected)
    for name, exporter in (("password", with_password), ("certificate", with_certificate)):
        found = prometheus.query(f'memleak_process_threads{{job="{name}",pid="310"}}')
        assert [value for _, value in found] == [64]
    assert PASSWORD not in prometheus.log()
