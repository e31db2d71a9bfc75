"""podman as root, and as a normal user, each with one storage for all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from callers.podman import Podman, remove
from callers.podman import podman as set_up
from callers.tenant import tenant


@contextmanager
def place() -> Iterator[Path]:
    """A directory with a short name, for podman takes no other, that everyone may enter."""
    with tempfile.TemporaryDirectory(prefix="cloche-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="session")
def podman(busybox) -> Iterator[Podman]:
    """Root's, with places of its own, an image of the test's, and our program as its runtime."""
    if os.geteuid() != 0:
        pytest.skip("podman is tried as root, and as a user that root makes")
    with place() as where:
        made = set_up(where, busybox)
        yield made
        remove(made)


@pytest.fixture(scope="session")
def tenants(busybox) -> Iterator[Podman]:
    """A normal user's, who has subordinate ids."""
    if os.geteuid() != 0:
        pytest.skip("podman is tried as root, and as a user that root makes")
    with tenant("podman", 1) as user, place() as where:
        made = set_up(where, busybox, user=user)
        yield made
        remove(made)
