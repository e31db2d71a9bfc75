"""The set-up of a worker that reads all that another set-up's programs write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Thread

from worker import Once

__all__ = ["drained"]


@contextmanager
def drained(setup: str, params: dict[str, object]) -> Iterator[Once]:
    """Give each program a pipe for its output, and read it to the end meanwhile."""
    module, function = setup.split(":")
    with getattr(import_module(module), function)(**params) as inner:

        def once(program: str, stdout: int | None) -> dict[str, float] | None:
            if stdout is not None:
                return inner(program, stdout)
            ours, theirs = os.pipe()
            reader = Thread(target=_drain, args=(ours,))
            reader.start()
            try:
                return inner(program, theirs)
            finally:
                os.close(theirs)
                reader.join()

        yield once


def _drain(pipe: int) -> None:
    buffer = bytearray(1 << 20)
    while os.readv(pipe, [buffer]):
        pass
    os.close(pipe)
