"""Content stores, each in a place of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from registries import images as made

from cloche.images.content import Content, Lease


@pytest.fixture
def make_content(tmp_path) -> Callable[[str], Content]:
    return lambda name: Content(str(tmp_path / name / "images"))


@pytest.fixture
def content(make_content, tmp_path) -> Content:
    """Where images come from."""
    (tmp_path / "here").mkdir()
    return make_content("here")


@pytest.fixture
def other(make_content, tmp_path) -> Content:
    """Where they go."""
    (tmp_path / "there").mkdir()
    return make_content("there")


@pytest.fixture
def lease(other) -> Iterator[Lease]:
    with other.leases.hold(reason="test") as held:
        yield held


@pytest.fixture
def image() -> made.Image:
    """Two layers, with something in them."""
    base = made.archive({"etc/os-release": b"ID=test\n", "bin/sh": "busybox"})
    top = made.archive({"data": bytes(range(256)) * 4096})
    return made.image(base, top, config={"Cmd": ["/bin/sh"], "Labels": {"a": "b"}})
