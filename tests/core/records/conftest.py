"""Records in a place of their own, and a process that can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from cloche.journal import Header
from cloche.owners import let_go, owned
from cloche.records import Records


@pytest.fixture
def run(tmp_path) -> str:
    return str(tmp_path / "run")


@pytest.fixture
def records(run) -> Records:
    return Records(run)


@pytest.fixture
def owner(run) -> Iterator[str]:
    with owned(run) as name:
        yield name
    let_go(run, lambda _: False)


@pytest.fixture
def header() -> Callable[..., Header]:
    def make(id: str = "0a1b2c3d4e5f", **facts) -> Header:
        return Header(id=id, created=12.5, runtime="fake", **facts)

    return make


@pytest.fixture
def other_process(run) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts another process, which may use ``run``, and waits until it has printed a line."""
    started = []

    def start(code: str) -> subprocess.Popen[str]:
        code = f"import sys, time\nrun = {run!r}\n{code}\ntime.sleep(600)"
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={"PATH": ""}
        )
        started.append(process)
        process.line = process.stdout.readline().strip()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
