"""Registries of each kind, and clients that are not very patient."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from registries.fixtures import docker_registry, registry, upload

from cloche.images.digest import digest_of
from cloche.images.manifest import Descriptor
from cloche.images.registry.client import Registry
from cloche.images.registry.config import Patience, RegistryConfig

__all__ = ["docker_registry", "registry", "upload"]

QUICK = Patience(connect=5, stall=5, attempts=4, back_off=0.02, longest_wait=2)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home without credentials; nothing else names any."""
    for name in ("REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def connect() -> Iterator[Callable[..., Registry]]:
    """Opens registries, and closes them afterwards; options are those of the configuration."""
    with ExitStack() as stack:

        def enter(host: str, *, credentials: Any = None, **options: Any) -> Registry:
            options = {"patience": QUICK, "certificates": ()} | options
            config = RegistryConfig(**options)
            return stack.enter_context(Registry.open(host, config=config, credentials=credentials))

        yield enter


@pytest.fixture
def content() -> Callable[[bytes], tuple[Descriptor, Callable[[int], io.BytesIO]]]:
    """Makes a descriptor of some bytes, and what opens them at an offset."""

    def make(data: bytes) -> tuple[Descriptor, Callable[[int], io.BytesIO]]:
        media_type = "application/octet-stream"
        found = Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))
        return found, lambda offset: io.BytesIO(data[offset:])

    return make
