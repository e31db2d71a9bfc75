"""Listeners for filters: real programs that take the descriptor and answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cloche_linux.seccomp.tables import numbers

AGENT = str(Path(__file__).with_name("agent.py"))


def number(name: str) -> str:
    """The number of a call on this machine."""
    import os

    return str(numbers(os.uname().machine)[name])


def asking(path: object, *names: str, **more: Any) -> dict[str, Any]:
    """A policy that asks the listener at ``path`` about some calls."""
    rules = [{"names": list(names), "action": "SCMP_ACT_NOTIFY"}]
    policy = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(path), "syscalls": rules}
    return policy | more


class Agent:
    """A listener that runs."""

    def __init__(self, path: Path, process: subprocess.Popen[str]) -> None:
        self.path = path
        self.process = process

    def told(self) -> dict[str, Any]:
        """The next state that it was sent."""
        assert self.process.stdout is not None
        state: dict[str, Any] = json.loads(self.process.stdout.readline())
        return state


@contextmanager
def running(path: Path, answers: object) -> Iterator[Agent]:
    argv = [sys.executable, "-I", AGENT, str(path), json.dumps(answers)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Agent(path, process)
        finally:
            process.kill()


Listen = Callable[..., Agent]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Start a listener: ``listen(mkdir={"error": 17})``, or ``listen("silent")``."""
    with ExitStack() as stack:

        def start(manner: str | None = None, **answers: Any) -> Agent:
            table = manner or {number(name): answer for name, answer in answers.items()}
            return stack.enter_context(running(tmp_path / "agent", table))

        yield start
