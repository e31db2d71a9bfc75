"""Set-ups of workers that bring images: from nothing each time, which is not timed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from worker import Once

import cloche

__all__ = ["commands", "loads", "pulls"]


@contextmanager
def loads(state: str, archive: str) -> Iterator[Once]:
    """Read an archive and unpack its image, with all digests checked."""
    from cloche.images.using import unpack_for_use

    def load(engine: cloche.Engine) -> None:
        (image,) = engine.images.load(archive)
        unpack_for_use(engine.workshop, image)

    with _anew(state, load) as once:
        yield once


@contextmanager
def pulls(state: str, reference: str) -> Iterator[Once]:
    """Pull an image, which unpacks it."""
    with _anew(state, lambda engine: engine.images.pull(reference)) as once:
        yield once


@contextmanager
def _anew(state: str, action) -> Iterator[Once]:
    def once(program: str, stdout: int | None) -> dict[str, float]:
        shutil.rmtree(state, ignore_errors=True)
        begin = time.perf_counter()
        with cloche.Engine(root=state) as engine:
            action(engine)
        return {"total": time.perf_counter() - begin}

    try:
        yield once
    finally:
        shutil.rmtree(state, ignore_errors=True)


@contextmanager
def commands(
    command: Sequence[str], before: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Once]:
    """Run a command, after another that is not timed and takes away what the last has left."""
    env = os.environ | environment

    def once(program: str, stdout: int | None) -> dict[str, float]:
        subprocess.run(before, env=env, check=True, capture_output=True)
        begin = time.perf_counter()
        subprocess.run(command, env=env, check=True, capture_output=True)
        return {"total": time.perf_counter() - begin}

    try:
        yield once
    finally:
        subprocess.run(before, env=env, check=True, capture_output=True)
