"""Images in a registry of the tests' own, and here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from registries.fixtures import docker_registry, registry, upload
from registries.images import archive, busybox, image

__all__ = ["docker_registry", "registry", "upload"]


@pytest.fixture(scope="module")
def hello(registry, upload) -> str:
    """The name of an image in the registry; it has a shell and says hello."""
    upload(busybox(), "hello:1")
    return f"{registry}/hello:1"


@pytest.fixture(scope="module")
def labelled(registry, upload) -> str:
    """One of two layers, that says more of itself."""
    config = {
        "Entrypoint": ["/bin/echo", "entry"],
        "Cmd": ["usual"],
        "Env": ["PATH=/bin", "FROM=image"],
        "WorkingDir": "/work",
        "Labels": {"stage": "test", "empty": ""},
    }
    tools = archive({"bin/busybox": b"#!/bin/true\n"})
    upload(image(tools, archive({"data": b"x" * 2000}), config=config), "labelled:2")
    return f"{registry}/labelled:2"


@pytest.fixture
def here(cloche, hello) -> str:
    """The same image, pulled."""
    assert cloche("pull", "-q", hello).code == 0
    return hello


@pytest.fixture
def kept(cloche) -> Callable[[], list[str]]:
    """The names of the images that are here."""
    return lambda: [line.split()[0] for line in cloche("images").out.splitlines()[1:]]
