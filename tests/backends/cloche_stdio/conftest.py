"""Opening streams with the drivers of this package."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloche.runtime import BackendContext
from cloche.stdio import StdioDriver, StdioRequest, Streams, StreamTarget
from cloche_stdio.plugin import cloche_stdio_drivers

Open = Callable[..., Streams]


@pytest.fixture
def driver(tmp_path: Path) -> Callable[[str], StdioDriver]:
    descriptors = {each.name: each for each in cloche_stdio_drivers()}
    context = BackendContext(home=tmp_path / "home", owner="test")
    return lambda name: descriptors[name].open(context)


@pytest.fixture
def open_streams(driver: Callable[[str], StdioDriver]) -> Iterator[Open]:
    """Open by (driver, argument, append) for each stream, and close all afterwards."""
    opened: list[Streams] = []

    def open_them(name: str, merge_stderr: bool = False, **targets: object) -> Streams:
        request = StdioRequest(
            container="c",
            merge_stderr=merge_stderr,
            **{
                number: _target(name, targets[number]) if number in targets else None
                for number in ("stdin", "stdout", "stderr")
            },
        )
        streams = driver(name).open(request)
        opened.append(streams)
        return streams

    yield open_them
    for streams in opened:
        streams.close()
        for fd in streams.near:
            if fd is not None and os.path.lexists(f"/proc/self/fd/{fd}"):
                os.close(fd)


def _target(driver: str, argument: object) -> StreamTarget:
    if isinstance(argument, StreamTarget):
        return argument
    assert argument is None or isinstance(argument, int | str)
    return StreamTarget(driver=driver, argument=argument)
