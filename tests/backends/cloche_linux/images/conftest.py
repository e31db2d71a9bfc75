"""A registry for each module of tests, and an engine whose images are its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registries.fixtures import docker_registry, registry, upload

from cloche import Engine

__all__ = ["docker_registry", "registry", "upload"]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the engine keeps everything."""
    return tmp_path / "state"


@pytest.fixture
def engine(state: Path) -> Iterator[Engine]:
    with Engine(root=state, runtime="linux") as engine:
        yield engine
        for container in engine.list(all=True):
            container.remove(force=True)
