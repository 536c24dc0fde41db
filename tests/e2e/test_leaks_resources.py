"""Verdicts on real programs that leak what is no memory of their own: descriptors, and shared
memory; each beside an innocent one that resembles it."""

import pytest

from support.leaks import MIB, Plan

pytest_plugins = ("support.leak_fixtures",)
pytestmark = pytest.mark.xdist_group("leaks")

# Up and down in more than half a minute, twice.
TRAFFIC = "8:4-4,12:4-40,4:40-40,10:40-8,12:8-44,10:44-8,1000:8-8"

SUBJECTS = {
    "sockets never closed": Plan("sockets", ("leak", 4)),
    "connection pool": Plan("sockets", ("pool", TRAFFIC)),
    "memfd leak": Plan("memfds", (4, MIB // 2)),
    "memfd ring": Plan("memfds", (8, MIB, 24)),
}


def test_sockets_never_closed(subject):
    subject("sockets never closed").is_found("fd_leak")


def test_a_connection_pool(subject):
    """As many connections as there is traffic."""
    pool = subject("connection pool")
    pool.never_suspected()
    (_, rows), = pool.of("group")
    assert max(values["open_fds"] for _, values in rows) > 40


def test_memfd_leak(subject):
    """Mappings of memory files whose descriptors are closed; the footprint stays as it is, too."""
    subject("memfd leak").is_found("shmem_leak")


def test_a_memfd_ring(subject):
    subject("memfd ring").never_suspected()
