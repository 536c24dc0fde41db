"""What both tests run their containers with."""

import pytest

from support.containers import Podman


@pytest.fixture(scope="module")
def podman():
    podman = Podman()
    yield podman
    podman.close()
