"""Fixtures that end, by pid and whatever happens, everything that a test started."""

import contextlib
import os
import shutil
import signal
import tempfile

import pytest

from support.exporter import BINARY, Exporter
from support.fixtures import FixtureHost
from support.programs import Actor, Program
from support.runtimes import build_java
from support.tls import Authority
from support.web_config import SafeExporter


def pytest_configure(config):
    # A plain SIGTERM (a timeout of the caller's) must not leave programs behind.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=143))
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is not built; MEMLEAK_EXPORTER names another one", returncode=2)


@contextlib.contextmanager
def _running(kind, end):
    """A factory of `kind`s, each of which is ended by `end` when the scope is left."""
    started = []

    def start(*args, **kwargs):
        started.append(kind(*args, **kwargs))
        return started[-1]

    try:
        yield start
    except BaseException:
        for one in started:
            one.kill()
        raise
    with contextlib.ExitStack() as stack:
        for one in started:
            stack.callback(end, one)


@pytest.fixture
def start_exporter():
    """Starts an exporter; each must end cleanly on SIGTERM, without a sanitizer's report."""
    with _running(Exporter, Exporter.stop) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_exporter():
    """The same for all tests of one file."""
    with _running(Exporter, Exporter.stop) as start:
        yield start


@pytest.fixture
def start_safe_exporter():
    """One with a --web.config.file; its log must hold no secret."""
    with _running(SafeExporter, SafeExporter.stop) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_safe_exporter():
    with _running(SafeExporter, SafeExporter.stop) as start:
        yield start


@pytest.fixture
def start_program():
    with _running(Program, Program.kill) as start:
        yield start


@pytest.fixture
def start_actor():
    with _running(Actor, Actor.kill) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_actor():
    with _running(Actor, Actor.kill) as start:
        yield start


@pytest.fixture
def public_directory(tmp_path_factory):
    """A directory that every user may enter; pytest's own are closed to others."""
    path = tempfile.mkdtemp(prefix="memleak-e2e-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def public_binary(public_directory):
    """The program, and the libraries that lie beside it, where an unprivileged user can reach it."""
    shutil.copytree(BINARY.parent / "lib" / "memleak_exporter",
                    os.path.join(public_directory, "lib", "memleak_exporter"))
    return shutil.copy(BINARY, public_directory)


@pytest.fixture(scope="session")
def large_host(tmp_path_factory):
    """A body of some megabytes: more than the kernel's socket buffers take."""
    host = FixtureHost("ordinary", tmp_path_factory.mktemp("large"))
    host.add_many(500, range(1000, 4000))
    return host


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Whom the tests' clients and servers trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def foreign_authority(tmp_path_factory):
    """One that nobody trusts, of the same name."""
    return Authority(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="session")
def server_certificate(authority):
    return authority.issue()


@pytest.fixture(scope="session")
def java_class(tmp_path_factory):
    """Waiter.class and waiter.jar: print "up", then wait for the end of standard input."""
    return build_java(tmp_path_factory.mktemp("java"))
