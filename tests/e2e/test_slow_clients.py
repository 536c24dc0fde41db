"""Clients that are slow, silent or gone hold up nobody; and how the program stops."""

import concurrent.futures
import http.client
import signal
import socket
import time

import pytest

from support import web
from support.exposition import Body
from support.fixtures import FIXTURES, flags
from support.slow_clients import REQUEST, open_sockets, read_response, slow_connection
from support.waiting import wait_for


def start_large(start_exporter, host, *arguments):
    return start_exporter(*host.flags, "--process.limit=100000", "--process.min-age=0s", *arguments)


def test_slow_and_silent_clients_are_cut_off_while_scrapes_go_on(start_exporter, large_host):
    exporter = start_large(start_exporter, large_host)
    before = open_sockets(exporter.pid)
    clients = []
    for data in (b"", b"G", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: "):
        for _ in range(30):
            clients.append(web.connect(exporter.url))
            clients[-1].sendall(data)
    for _ in range(10):
        clients.append(slow_connection(exporter.url))
        clients[-1].sendall(REQUEST)
    wait_for("the connections", lambda: open_sockets(exporter.pid) > before)

    start = time.monotonic()
    body = exporter.scrape()
    assert body.has("memleak_process_info", pid="3999")
    assert exporter.get("/-/healthy").status == 200
    # Not after them, but beside them. Sanitizers take their time, hence the bound.
    assert time.monotonic() - start < 15

    wait_for("the clients to be cut off", lambda: open_sockets(exporter.pid) <= before)
    for client in clients:
        client.close()
    exporter.scrape()


def test_clients_that_vanish(start_exporter, large_host):
    """In the middle of a response, again and again; no descriptor stays behind."""
    exporter = start_large(start_exporter, large_host)
    before = open_sockets(exporter.pid)
    for _ in range(20):
        with slow_connection(exporter.url) as client:
            client.sendall(REQUEST)
            client.recv(100)
            # A reset instead of an orderly end.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for("the sockets to be closed", lambda: open_sockets(exporter.pid) <= before)
    exporter.scrape()


def test_more_requests_than_allowed(start_exporter, large_host):
    """503 beyond --web.max-requests; health is answered whatever the load."""
    exporter = start_large(start_exporter, large_host, "--web.max-requests=2")
    busy = [slow_connection(exporter.url) for _ in range(2)]
    for connection in busy:
        connection.sendall(REQUEST)
    # Both are being answered, and stay so until they are read.
    received = [connection.recv(100) for connection in busy]
    answer = exporter.get()
    assert answer.status == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert exporter.get("/-/healthy").status == 200
    assert exporter.get("/-/ready").status == 200
    for connection, beginning in zip(busy, received):
        status, body = read_response(connection, beginning)
        assert status == 200 and body.endswith(b"# EOF\n")
        connection.close()
    wait_for("a free place", lambda: exporter.get().status == 200)


def test_stop_while_a_response_is_being_sent(start_exporter, large_host):
    """SIGTERM: the running scrape is finished, whole; then the program ends with 0."""
    exporter = start_large(start_exporter, large_host)
    with slow_connection(exporter.url) as client:
        client.sendall(REQUEST)
        received = client.recv(100)
        exporter.process.send_signal(signal.SIGTERM)
        wait_for("the signal to be noticed", lambda: "stopping" in exporter.log())
        status, body = read_response(client, received)
    assert status == 200
    parsed = Body(body.decode(), openmetrics=True)
    assert parsed.has("memleak_process_info", pid="3999")
    exporter.stop()


def test_stop_under_load(start_exporter, large_host):
    """Whoever gets a 200 gets a whole body; others are refused, none is cut short."""
    exporter = start_large(start_exporter, large_host, "--scrape.min-interval=0s")

    def ask(_):
        try:
            return exporter.get(headers={"Accept": web.ACCEPT_OPENMETRICS})
        except (ConnectionRefusedError, ConnectionResetError, BrokenPipeError,
                http.client.RemoteDisconnected):
            return None  # it came after the end
        # http.client.IncompleteRead fails the test.

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        first = pool.submit(ask, 0)
        others = [pool.submit(ask, i) for i in range(1, 40)]
        first.result()
        exporter.process.send_signal(signal.SIGTERM)
        answers = [future.result() for future in others]
    exporter.stop()
    assert first.result().status == 200
    for answer in filter(None, answers):
        assert answer.status in (200, 503)
        if answer.status == 200:
            assert answer.body.endswith(b"# EOF\n")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_stop(start_exporter, signal_number):
    exporter = start_exporter(*flags(FIXTURES / "ordinary"))
    start = time.monotonic()
    exporter.stop(signal_number)
    assert time.monotonic() - start < 10


def test_stop_twice(start_exporter):
    exporter = start_exporter(*flags(FIXTURES / "ordinary"))
    exporter.process.send_signal(signal.SIGTERM)
    try:
        exporter.process.send_signal(signal.SIGTERM)
    except ProcessLookupError:
        pass
    exporter.stop()


def test_stop_with_idle_connections(start_exporter):
    """A kept-alive connection of a Prometheus does not hold up the end."""
    exporter = start_exporter(*flags(FIXTURES / "ordinary"))
    connection = http.client.HTTPConnection(*web.address_of(exporter.url), timeout=60)
    connection.request("GET", "/-/ready")
    connection.getresponse().read()
    start = time.monotonic()
    exporter.stop()
    assert time.monotonic() - start < 15
    connection.close()
