"""A content store in a place of its own, and other processes that use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from registries import images as made

from cloche.images import Descriptor
from cloche.images.content import Content


@pytest.fixture
def content(tmp_path) -> Content:
    return Content(str(tmp_path / "images"))


@pytest.fixture
def blob() -> Callable[[bytes], Descriptor]:
    """Describes some bytes."""

    def describe(data: bytes, algorithm: str = "sha256") -> Descriptor:
        import hashlib

        digest = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
        return Descriptor(media_type="application/octet-stream", digest=digest, size=len(data))

    return describe


@pytest.fixture
def image() -> made.Image:
    return made.image(made.archive({"etc/os-release": b"ID=test\n"}), made.archive({"a": b"b"}))


@pytest.fixture
def other_process(content) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts another process, which has ``content``; its output is to be read line by line."""
    started = []

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        head = f"""if True:
            import sys, time
            from cloche.images import Descriptor
            from cloche.images.content import Content
            content = Content({content.layout.home!r})
        """
        process = subprocess.Popen(
            [sys.executable, "-c", head + code, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
