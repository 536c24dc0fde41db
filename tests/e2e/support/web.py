"""A small HTTP client: one request, one connection, nothing hidden (no redirects, no decoding)."""

import dataclasses
import http.client
import socket
import urllib.parse

# Prometheus 2.42 and 3.0 as they really ask (scrape.go).
ACCEPT_PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
ACCEPT_PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
ACCEPT_OPENMETRICS = "application/openmetrics-text;version=1.0.0"
ACCEPT_TEXT = "text/plain;version=0.0.4"


@dataclasses.dataclass
class Response:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8")


def address_of(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port


def open_connection(url, timeout=60, context=None):
    """For one request or, kept alive, many. `context` says whom an https server's client trusts."""
    if url.startswith("https:"):
        return http.client.HTTPSConnection(*address_of(url), timeout=timeout, context=context)
    return http.client.HTTPConnection(*address_of(url), timeout=timeout)


def request(url, path="/metrics", method="GET", headers=None, timeout=60, context=None):
    connection = open_connection(url, timeout, context)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, answer.read())
    finally:
        connection.close()


def connect(url, timeout=60):
    """A bare TCP connection, for clients that do not behave."""
    return socket.create_connection(address_of(url), timeout=timeout)


def free_port():
    """A port that was free a moment ago, for programs that cannot pick one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
