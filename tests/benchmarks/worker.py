"""A process that does one thing over and over, and says how long each took.

It is told what by ``module:function`` and that function's parameters in JSON. The function is a
context manager: what it does around the yield is not timed, and what it yields is called with the
name of a program and a descriptor for the program's output. Requests and answers are lines on
descriptors of their own; the standard streams belong to what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

__all__ = ["Once", "Worker", "worker"]

#: Runs a program, its output to a descriptor or nowhere; may return figures of its own.
Once = Callable[[str, int | None], dict[str, float] | None]


class Worker:
    """Such a process, as the one that asks sees it."""

    def __init__(self, process: subprocess.Popen[bytes], requests: int, answers: int) -> None:
        self._process = process
        self._requests = os.fdopen(requests, "w")
        self._answers = os.fdopen(answers)

    def begin(self, program: str, times: int) -> None:
        """Let it run ``program`` so many times, and do not wait."""
        print(json.dumps({"program": program, "times": times}), file=self._requests, flush=True)

    def end(self) -> list[dict[str, float]]:
        """Wait for what was begun: seconds (``total``) and other figures of each time."""
        return json.loads(self._answer())

    def measure(self, program: str = "true", times: int = 1) -> list[dict[str, float]]:
        self.begin(program, times)
        return self.end()

    def output(self, program: str) -> str:
        """What a program prints."""
        print(json.dumps({"output": program}), file=self._requests, flush=True)
        return str(json.loads(self._answer()))

    def close(self) -> None:
        """Ask it to end, and wait: what it has set up goes away with it."""
        self._requests.close()
        self._answers.close()
        if self._process.wait(60):
            raise RuntimeError(f"a worker ended with {self._process.returncode}")

    def _answer(self) -> str:
        if line := self._answers.readline():
            return line
        raise RuntimeError(f"a worker ended with {self._process.wait(60)}; its message is above")


@contextmanager
def worker(setup: str, params: dict[str, object], prefix: Sequence[str] = ()) -> Iterator[Worker]:
    """Start a worker; ``prefix`` is a command that executes the rest of its arguments."""
    requests, answers = os.pipe(), os.pipe()
    ends = (requests[0], answers[1])
    command = [sys.executable, __file__, *map(str, ends), setup, json.dumps(params)]
    process = subprocess.Popen(
        [*prefix, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=ends,
    )
    for end in ends:
        os.close(end)
    made = Worker(process, requests[1], answers[0])
    try:
        yield made
    except BaseException:
        process.terminate()
        process.wait(60)
        raise
    made.close()


def _main(questions: int, replies: int, setup: str, params: str) -> None:
    for end in (questions, replies):
        os.set_inheritable(end, False)
    module, function = setup.split(":")
    with (
        os.fdopen(questions) as requests,
        os.fdopen(replies, "w") as answers,
        getattr(import_module(module), function)(**json.loads(params)) as once,
    ):
        for line in requests:
            print(json.dumps(_answered(once, **json.loads(line))), file=answers, flush=True)


def _answered(
    once: Once, program: str = "", times: int = 0, output: str = ""
) -> str | list[dict[str, float]]:
    if output:
        return _output(once, output)
    return [_timed(once, program) for _ in range(times)]


def _timed(once: Once, program: str) -> dict[str, float]:
    begin = time.perf_counter()
    figures = once(program, None)
    return {"total": time.perf_counter() - begin} | (figures or {})


def _output(once: Once, program: str) -> str:
    with os.fdopen(os.memfd_create("output"), "w+b") as file:
        once(program, file.fileno())
        file.seek(0)
        return file.read().decode()


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
