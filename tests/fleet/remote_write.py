"""Samples into a Prometheus by its remote-write protocol, many of one series at once: the only way in
that needs neither a scrape at the right moment nor text.

https://prometheus.io/docs/specs/prw/remote_write_spec/"""

import array
import http.client
import struct
import sys

from support import web

# A sample as protobuf: field 2 of 16 bytes; a double as field 1; a varint as field 2. A time in
# milliseconds has six bytes as a varint until the year 2109, so all samples are of one size.
HEAD = b"\x12\x10\x09"
BETWEEN = b"\x10"
SIZE = len(HEAD) + 8 + len(BETWEEN) + 6
VALUE_AT = len(HEAD)
TIME_AT = VALUE_AT + 8 + len(BETWEEN)

BODY_BYTES = 8 << 20


class Refused(Exception):
    """Prometheus did not take the samples."""


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def labels(pairs):
    """The encoded labels of a series; `pairs` in the order of their names."""
    out = []
    for name, value in pairs:
        name, value = name.encode(), value.encode()
        body = b"\x0a" + varint(len(name)) + name + b"\x12" + varint(len(value)) + value
        out += [b"\x0a", varint(len(body)), body]
    return b"".join(out)


class Times:
    """The times of the samples of many series, in milliseconds."""

    def __init__(self, milliseconds):
        times = b"".join(map(varint, milliseconds))
        assert len(times) == 6 * len(milliseconds), "times of another size"
        self._template = bytearray((HEAD + bytes(8) + BETWEEN + bytes(6)) * len(milliseconds))
        for i in range(6):
            self._template[TIME_AT + i::SIZE] = times[i::6]

    def samples(self, values):
        """The encoded samples of one series, from an array of doubles as long as the times are many."""
        out = bytearray(self._template)
        numbers = values.tobytes() if sys.byteorder == "little" else swapped(values)
        # A plane of all first bytes, one of all second ones: a copy in C each.
        for i in range(8):
            out[VALUE_AT + i::SIZE] = numbers[i::8]
        return bytes(out)


def swapped(values):
    copy = array.array("d", values)
    copy.byteswap()
    return copy.tobytes()


def snappy(body):
    """The format allows for text that is not compressed at all, which costs no library."""
    return varint(len(body)) + b"\xfc" + struct.pack("<I", len(body) - 1) + body


class Writer:
    """Not for threads. Close it, or leave its `with`."""

    def __init__(self, url):
        self._url = url
        self._connection = web.open_connection(url, timeout=600)
        self._waiting, self._size = [], 0
        self.written = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def add(self, series, samples):
        """`series` as of labels(), `samples` as of Times.samples()."""
        body_size = len(series) + len(samples)
        self._waiting += [b"\x0a", varint(body_size), series, samples]
        self._size += body_size
        self.written += len(samples) // SIZE
        if self._size > BODY_BYTES:
            self.flush()

    def flush(self):
        if not self._waiting:
            return
        body = snappy(b"".join(self._waiting))
        self._waiting, self._size = [], 0
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                   "X-Prometheus-Remote-Write-Version": "0.1.0"}
        try:
            self._connection.request("POST", "/api/v1/write", body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"Prometheus does not answer: {error}") from error
        if answer.status // 100 != 2:
            raise Refused(f"Prometheus refuses samples: {answer.status} {text[:300].decode()}")
