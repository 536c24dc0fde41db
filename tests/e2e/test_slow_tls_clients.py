"""Clients that are slow on purpose do not hold up who scrapes over TLS."""

import os
import socket
import ssl
import threading
import time

import pytest

from support import kernel, tls, web
from support.slow_clients import REQUEST, open_sockets, slow_connection
from support.tls import client_context
from support.waiting import wait_for
from support.web_config import secure

CLIENTS = 200


def client_hello():
    """The beginning of a handshake as this Python's clients send it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def is_open(connection):
    """Whether the server has left it open. Looked at below TLS: a goodbye is an end, too."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as raw:
            raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class SlowClients:
    """Connections on each of which `data` is sent, a byte a second; whoever is cut off comes
    again."""

    def __init__(self, connect, data):
        self._connect, self._data = connect, data
        self._stop = threading.Event()
        self._clients = [[connect(), 0] for _ in range(CLIENTS)]
        self.cut_off = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(1):
            for client in self._clients:
                if self._stop.is_set():
                    return
                connection, sent = client
                try:
                    connection.send(self._data[sent:sent + 1])
                    client[1] = min(sent + 1, len(self._data) - 2)
                except OSError:
                    connection.close()
                    self.cut_off += 1
                    client[:] = [self._connect(), 0]

    def still_open(self):
        return sum(is_open(connection) for connection, _ in self._clients)

    def close(self):
        self._stop.set()
        self._thread.join()
        for connection, _ in self._clients:
            connection.close()


@pytest.fixture
def exporter(start_safe_exporter, server_certificate, authority, tmp_path):
    return start_safe_exporter(secure(tmp_path / "web.yml", server_certificate),
                               context=client_context(authority))


def connect_before_the_handshake(exporter, authority):
    return web.connect(exporter.url)


def connect_behind_the_handshake(exporter, authority):
    """A session of TLS 1.2: one of 1.3 begins with tickets that nobody reads here."""
    context = client_context(authority, version=ssl.TLSVersion.TLSv1_2)
    return tls.connect(exporter.url, context)


WAYS = {
    "in the handshake": (connect_before_the_handshake, client_hello()),
    "in a request": (connect_behind_the_handshake,
                     b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 1000),
}


@pytest.mark.parametrize("connect, data", WAYS.values(), ids=WAYS.keys())
def test_a_byte_a_second(exporter, authority, connect, data):
    before = open_sockets(exporter.pid)
    slow = SlowClients(lambda: connect(exporter, authority), data)
    try:
        wait_for("the slow clients", lambda: open_sockets(exporter.pid) >= CLIENTS)
        for _ in range(3):
            start = time.monotonic()
            exporter.scrape()
            seconds, others = time.monotonic() - start, slow.still_open()
            print(f"a scrape beside {others} slow clients took {seconds:.3f} s")
            # Not after them: they were not cut off first to make room.
            assert others > CLIENTS / 2
        # They are cut off one day, come again, and still nobody waits for them.
        wait_for("slow clients to be cut off", lambda: slow.cut_off > CLIENTS // 2)
        exporter.scrape()
    finally:
        slow.close()
    wait_for("the sockets to be closed", lambda: open_sockets(exporter.pid) <= before)
    exporter.scrape()


def test_readers_that_stop(start_safe_exporter, server_certificate, authority, large_host,
                           tmp_path):
    """They take the beginning of a large response and no more: cut off, and waited for idly."""
    context = client_context(authority)
    exporter = start_safe_exporter(
        secure(tmp_path / "web.yml", server_certificate), "--process.limit=100000",
        "--process.min-age=0s", "--scrape.min-interval=15s", context=context,
        host=large_host.flags)
    before = open_sockets(exporter.pid)
    clients = []
    for _ in range(10):
        clients.append(context.wrap_socket(slow_connection(exporter.url),
                                           server_hostname="127.0.0.1"))
        clients[-1].sendall(REQUEST)
        assert clients[-1].recv(100)
    cpu, start = kernel.Stat(exporter.pid).cpu_seconds, time.monotonic()
    wait_for("the readers to be cut off", lambda: open_sockets(exporter.pid) <= before)
    cpu, seconds = kernel.Stat(exporter.pid).cpu_seconds - cpu, time.monotonic() - start
    print(f"{len(clients)} stalled responses used {cpu:.2f} s of CPU in {seconds:.1f} s")
    # One that was polled for without a pause would use all of a processor.
    assert cpu < seconds / 2
    for client in clients:
        client.close()
    exporter.scrape()
