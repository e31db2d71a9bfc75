"""Set-ups of workers that embed Cloche."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from worker import Once

import cloche

__all__ = ["executed", "phases", "run", "threads"]

Programs = Mapping[str, Sequence[str]]


@contextmanager
def run(programs: Programs, options: cloche.RunOptions, heap: int = 0) -> Iterator[Once]:
    """``cloche.run`` for each program, from a process with a heap of so many touched MiB."""
    ballast = [os.urandom(1 << 20) for _ in range(heap)]

    def once(program: str, stdout: int | None) -> None:
        _check(cloche.run(programs[program], stdout=stdout, **options))

    yield once
    del ballast


@contextmanager
def executed(programs: Programs, options: cloche.RunOptions) -> Iterator[Once]:
    """``Container.run`` in a container that idles."""
    with cloche.start(idle=True, **options) as container:

        def once(program: str, stdout: int | None) -> None:
            _check(container.run(programs[program], stdout=stdout))

        yield once


@contextmanager
def phases(programs: Programs, options: cloche.RunOptions) -> Iterator[Once]:
    """A container step by step, each with its seconds."""

    def once(program: str, stdout: int | None) -> dict[str, float]:
        begin = time.perf_counter()
        container = cloche.start(programs[program], keep=True, stdout=stdout, **options)
        started = time.perf_counter()
        code = container.wait()
        ended = time.perf_counter()
        container.remove()
        removed = time.perf_counter()
        if code:
            raise RuntimeError(f"{program} ended with {code}")
        return {"start": started - begin, "wait": ended - started, "remove": removed - ended}

    yield once


@contextmanager
def threads(
    programs: Programs, options: cloche.RunOptions, workers: int, each: int
) -> Iterator[Once]:
    """``cloche.run`` in so many threads at once, ``each`` times in each of them."""

    def repeat(program: str, stdout: int | None) -> None:
        for _ in range(each):
            _check(cloche.run(programs[program], stdout=stdout, **options))

    with ThreadPoolExecutor(workers) as pool:

        def once(program: str, stdout: int | None) -> None:
            for done in [pool.submit(repeat, program, stdout) for _ in range(workers)]:
                done.result()

        yield once


def _check(result: cloche.Result[bytes]) -> None:
    if result.returncode:
        raise RuntimeError(f"{result.args} ended with {result.returncode}")
