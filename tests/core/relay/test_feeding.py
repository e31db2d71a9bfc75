"""The end of an input that is relayed is told to its process, by a thread that may block."""

from __future__ import annotations

import os
import threading
import time

from cloche.errors import BackendError
from cloche.exit import Exit
from cloche.feeding import relay_for
from cloche.pipes import from_relay, to_relay
from cloche.relay import shared_relay
from cloche.runtime import RuntimeProcess
from cloche.stdio import Pipes


class Deaf(RuntimeProcess):
    """A process of a runtime that does not hold inputs."""

    def __init__(self, stdin: int) -> None:
        self.id, self.pid, self.exit = "p", None, Exit()
        self.pipes = Pipes(stdin, None, None)

    def kill(self, signal: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Told(Deaf):
    def __init__(self, stdin: int, problem: Exception | None = None) -> None:
        super().__init__(stdin)
        self.problem = problem
        self.closed_by: list[str] = []

    def close_stdin(self) -> None:
        self.closed_by.append(threading.current_thread().name)
        if self.problem is not None:
            raise self.problem


def comes_true(condition) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_what_went_in_is_there_before_the_end_is_told():
    reading, stdin = from_relay()
    source, writing = to_relay()
    process = Told(stdin)
    done = relay_for(process)().copy(source, stdin)
    os.write(writing, b"hello")
    assert os.read(reading, 10) == b"hello"
    assert process.closed_by == []
    os.close(writing)
    done.result(5)
    assert comes_true(lambda: process.closed_by == ["cloche-close-stdin"])
    assert os.read(reading, 10) == b""
    os.close(reading)


def test_the_input_ends_only_when_the_runtime_has_heard_of_it():
    """A process that ends with its input is there when its service is told."""
    reading, stdin = from_relay()
    source, writing = to_relay()
    process, heard = Told(stdin), threading.Event()
    process.close_stdin = heard.wait  # type: ignore[method-assign]
    rest: list[bytes] = []
    reader = threading.Thread(target=lambda: rest.append(os.read(reading, 10)))
    reader.start()
    os.close(writing)
    relay_for(process)().copy(source, stdin).result(5)
    time.sleep(0.05)
    assert rest == []
    heard.set()
    reader.join(5)
    assert rest == [b""]
    os.close(reading)


def test_the_end_of_an_output_is_not_told():
    reading, target = from_relay()
    source, writing = to_relay()
    process = Told(stdin=-1)
    os.close(writing)
    relay_for(process)().copy(source, target).result(5)
    time.sleep(0.05)
    assert process.closed_by == []
    os.close(reading)


def test_what_is_cancelled_has_not_ended():
    reading, stdin = from_relay()
    source, writing = to_relay()
    process = Told(stdin)
    assert relay_for(process)().copy(source, stdin).cancel()
    assert os.read(reading, 10) == b""
    time.sleep(0.05)
    assert process.closed_by == []
    os.close(reading)
    os.close(writing)


def test_a_process_that_is_gone_is_no_trouble():
    reading, stdin = from_relay()
    source, writing = to_relay()
    process = Told(stdin, BackendError("the service is lost"))
    os.close(writing)
    relay_for(process)().copy(source, stdin).result(5)
    assert comes_true(lambda: process.closed_by != [])
    os.close(reading)


def test_who_can_do_nothing_about_it_is_not_told():
    assert relay_for(Deaf(stdin=-1)) is shared_relay
