"""Leaks descriptors: connections that the other side has closed already, children that nobody waits for,
and files that are deleted but open, of which it opens more and more. Prints "ready" once it holds some,
ends with its standard input."""

import os
import select
import socket
import subprocess
import sys
import tempfile

held = []


def accept_and_forget(server):
    client = socket.create_connection(server.getsockname())
    held.append(server.accept()[0])
    client.close()


def write_and_delete():
    descriptor, path = tempfile.mkstemp(prefix="report-")
    os.unlink(path)
    held.append(descriptor)


with socket.create_server(("127.0.0.1", 0)) as listener:
    for _ in range(40):
        accept_and_forget(listener)
for _ in range(10):
    held.append(subprocess.Popen(["true"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL))
for _ in range(20):
    write_and_delete()
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    write_and_delete()
