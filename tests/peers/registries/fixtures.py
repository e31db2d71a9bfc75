"""The fixtures; a conftest.py imports those it wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from registries.images import Image, put
from registries.server import DockerRegistry


@pytest.fixture(scope="module")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A plain registry that asks for no password, empty when a module of tests begins."""
    with DockerRegistry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture(scope="module")
def registry(docker_registry: DockerRegistry) -> str:
    """Its ``HOST:PORT``."""
    return docker_registry.host


@pytest.fixture(scope="module")
def upload(docker_registry: DockerRegistry) -> Callable[[Image, str], str]:
    """Puts an image into it under ``REPOSITORY[:TAG]``, and says the digest."""
    return lambda image, name: put(docker_registry.url, name, image)
