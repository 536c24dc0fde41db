"""Clients that take their time, and what they find out about the server meanwhile."""

import os
import re
import socket

from support import web

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n"


def open_sockets(pid):
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            continue
    return count


def slow_connection(url):
    """A connection that takes a few KB and then no more until it is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    connection.connect(web.address_of(url))
    return connection


def read_response(connection, received):
    """The rest of a response of which `received` is the beginning: (status, body)."""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4096)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
    while len(body) < length and (chunk := connection.recv(1 << 20)):
        body += chunk
    return int(head.split()[1]), body
