"""Each way to break the contract of stdio drivers is noticed by the suite."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cloche.errors import ClocheError
from cloche.stdio import StreamTarget
from cloche.testing import StdioSubject, StdioSuite, lab
from cloche.testing.stdio_desk import Desk
from cloche_stdio import file, pipe, streams
from cloche_stdio.plugin import cloche_stdio_drivers
from cloche_stdio.streams import DescriptorStreams, Opened

#: What a failing test raises. Other errors would be the mutant's own, and prove nothing.
NOTICED = (AssertionError, pytest.fail.Exception, ClocheError, OSError, TimeoutError)

Patch = pytest.MonkeyPatch
ONE = {name: module._open for name, module in (("pipe", pipe), ("file", file))}
RELEASE, CLOSE, CONNECT = (
    DescriptorStreams.release_ends,
    DescriptorStreams.close,
    DescriptorStreams.connect,
)
LEAKED: list[int] = []


class Files(StdioSubject):
    """Files in the test's directory."""

    def __init__(self, home: Path) -> None:
        super().__init__(descriptor("file"))
        self._home = home
        self._count = 0

    def source(self, data: bytes) -> StreamTarget:
        target = self.sink()
        Path(str(target.argument)).write_bytes(data)
        return target

    def sink(self) -> StreamTarget:
        self._count += 1
        return StreamTarget(driver="file", argument=str(self._home / f"file{self._count}"))

    def arrived(self, sink: StreamTarget) -> bytes:
        return Path(str(sink.argument)).read_bytes()

    def wrong(self) -> StreamTarget:
        return StreamTarget(driver="file", argument=str(self._home))


def descriptor(name: str):
    return next(each for each in cloche_stdio_drivers() if each.name == name)


class Mutant(NamedTuple):
    breaks: Callable[[Patch], None]
    driver: str
    test: str
    arguments: tuple[object, ...]


MUTANTS: list[Mutant] = []


def caught_by(driver: str, test: str, *arguments: object) -> Callable[..., Any]:
    def register(breaks: Callable[[Patch], None]) -> Callable[[Patch], None]:
        MUTANTS.append(Mutant(breaks, driver, test, arguments))
        return breaks

    return register


def replace_one(patch: Patch, driver: str, opening: Callable[..., Opened]) -> None:
    """Have single streams opened by another function, which is given the right one first."""
    module = {"pipe": pipe, "file": file}[driver]
    patch.setattr(module, "_open", lambda *args: opening(ONE[driver], *args))


@caught_by("pipe", "test_only_what_is_asked_for_is_opened", 1)
def all_three_are_opened(patch: Patch) -> None:
    def all_ends(request, open_one):
        opened = {number: open_one(number, None) for number in range(3)}
        return DescriptorStreams(opened, merge_stderr=False)

    patch.setattr(pipe, "open_streams", all_ends)


@caught_by("pipe", "test_only_what_is_asked_for_is_opened", 0)
def an_end_has_a_form_that_is_not_declared(patch: Patch) -> None:
    def opening(open_one, number, target):
        return open_one(number, target)._replace(end="/dev/null")

    replace_one(patch, "pipe", opening)
    patch.setattr(DescriptorStreams, "release_ends", lambda _: None)


@caught_by("file", "test_what_is_written_arrives", 1)
@caught_by("file", "test_what_is_written_arrives", 2)
def output_goes_nowhere(patch: Patch) -> None:
    def opening(open_one, number, target):
        return Opened(os.open(os.devnull, os.O_RDWR))

    replace_one(patch, "file", opening)


@caught_by("pipe", "test_what_is_written_arrives", 1)
@caught_by("pipe", "test_the_containers_ends_are_released")
def ends_are_not_released(patch: Patch) -> None:
    patch.setattr(DescriptorStreams, "release_ends", lambda _: None)
    patch.setattr("cloche.testing.stdio_suite._read_all", read_what_is_there)


def read_what_is_there(fd: int) -> bytes:
    """Read without waiting for an end that never comes: the suite would hang, and say so."""
    os.set_blocking(fd, False)
    pieces = [os.read(fd, 100)]
    try:
        while pieces[-1]:
            pieces.append(os.read(fd, 100))
    except BlockingIOError:
        raise AssertionError("it did not end") from None
    return b"".join(pieces)


@caught_by("file", "test_what_is_given_is_read_and_then_ends")
def input_is_empty(patch: Patch) -> None:
    output_goes_nowhere(patch)


@caught_by("file", "test_stderr_may_go_where_stdout_goes")
def merged_errors_go_nowhere(patch: Patch) -> None:
    def init(self, opened, *, merge_stderr):
        INIT(self, opened, merge_stderr=False)
        if merge_stderr:
            LEAKED.append(os.open(os.devnull, os.O_RDWR))
            self.ends = (*self.ends[:2], LEAKED[-1])

    patch.setattr(DescriptorStreams, "__init__", init)


@caught_by("file", "test_stderr_may_go_where_stdout_goes")
def merged_errors_are_opened_for_themselves(patch: Patch) -> None:
    """Two openings of one file write over each other."""

    def init(self, opened, *, merge_stderr):
        INIT(self, opened, merge_stderr=merge_stderr)
        if merge_stderr:
            LEAKED.append(os.open(f"/proc/self/fd/{self.ends[1]}", os.O_WRONLY))
            self.ends = (*self.ends[:2], LEAKED[-1])

    patch.setattr(DescriptorStreams, "__init__", init)


INIT = DescriptorStreams.__init__


@caught_by("pipe", "test_the_containers_ends_are_released")
def the_callers_ends_are_released_too(patch: Patch) -> None:
    def release(self):
        RELEASE(self)
        streams.close_all(fd for fd in self.near if fd is not None)

    patch.setattr(DescriptorStreams, "release_ends", release)


@caught_by("pipe", "test_close_releases_what_remains")
def close_takes_the_callers_ends(patch: Patch) -> None:
    the_callers_ends_are_released_too(patch)


@caught_by("pipe", "test_close_releases_what_remains")
def close_forgets_what_was_not_released(patch: Patch) -> None:
    def release_later(self):
        LEAKED.extend(self._held)

    patch.setattr(DescriptorStreams, "close", release_later)


@caught_by("pipe", "test_close_releases_what_remains")
def a_second_close_is_an_error(patch: Patch) -> None:
    def close(self):
        streams.close_all(self._held)

    patch.setattr(DescriptorStreams, "close", close)


@caught_by("pipe", "test_nothing_is_kept")
def a_descriptor_is_kept(patch: Patch) -> None:
    def close(self):
        LEAKED.append(os.dup(0))
        CLOSE(self)

    patch.setattr(DescriptorStreams, "close", close)


@caught_by("pipe", "test_no_program_inherits_them")
def ends_are_inherited(patch: Patch) -> None:
    def opening(open_one, number, target):
        opened = open_one(number, target)
        os.set_inheritable(opened.end, True)
        return opened

    replace_one(patch, "pipe", opening)


@caught_by("pipe", "test_no_program_inherits_them")
def the_callers_ends_are_inherited(patch: Patch) -> None:
    def opening(open_one, number, target):
        opened = open_one(number, target)
        os.set_inheritable(opened.near, True)
        return opened

    replace_one(patch, "pipe", opening)


@caught_by("file", "test_the_container_gets_ends_that_block")
def ends_do_not_block(patch: Patch) -> None:
    def opening(open_one, number, target):
        opened = open_one(number, target)
        os.set_blocking(opened.end, False)
        return opened

    replace_one(patch, "file", opening)


@caught_by("pipe", "test_nothing_is_on_its_way_without_a_relay")
def each_opening_starts_a_thread(patch: Patch) -> None:
    def init(self, opened, *, merge_stderr):
        INIT(self, opened, merge_stderr=merge_stderr)
        threading.Timer(1, lambda: None).start()

    patch.setattr(DescriptorStreams, "__init__", init)


@caught_by("file", "test_pipes_of_a_runtime_are_connected")
def a_runtimes_output_goes_nowhere(patch: Patch) -> None:
    def connect(self, pipes, relay):
        self.ends = (self.ends[0], os.open(os.devnull, os.O_WRONLY), None)
        LEAKED.append(self.ends[1])
        CONNECT(self, pipes, relay)

    patch.setattr(DescriptorStreams, "connect", connect)


@caught_by("file", "test_pipes_of_a_runtime_are_connected")
def a_runtime_reads_nothing(patch: Patch) -> None:
    def connect(self, pipes, relay):
        os.close(pipes.stdin)
        CONNECT(self, pipes._replace(stdin=None), relay)

    patch.setattr(DescriptorStreams, "connect", connect)


@caught_by("file", "test_pipes_of_a_runtime_are_connected")
def nobody_says_when_all_has_arrived(patch: Patch) -> None:
    patch.setattr(DescriptorStreams, "drained", lambda _: None)


@caught_by("pipe", "test_to_close_connected_streams_stops_the_relay")
def the_relay_goes_on(patch: Patch) -> None:
    patch.setattr(DescriptorStreams, "close", RELEASE)
    patch.setattr("cloche.testing.stdio_suite._read_all", read_what_is_there)


@caught_by("file", "test_what_cannot_be_opened_leaves_nothing", 1)
@caught_by("file", "test_what_cannot_be_opened_leaves_nothing", 2)
def a_failure_keeps_what_was_opened_before(patch: Patch) -> None:
    def keep(descriptors):
        LEAKED.extend(descriptors)

    patch.setattr(streams, "close_all", keep)


@caught_by("file", "test_what_cannot_be_opened_leaves_nothing", 0)
def what_cannot_be_opened_is_nothing(patch: Patch) -> None:
    def opening(open_one, number, target):
        try:
            return open_one(number, target)
        except ClocheError:
            return Opened(os.open(os.devnull, os.O_RDWR))

    replace_one(patch, "file", opening)


def fails(mutant: Mutant, desk: Desk) -> bool:
    try:
        getattr(StdioSuite(), mutant.test)(desk, *mutant.arguments)
    except NOTICED:
        return True
    return False


@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.breaks.__name__}-{mutant.test}"
)
def test_the_suite_notices(monkeypatch: Patch, tmp_path, mutant: Mutant) -> None:
    monkeypatch.setattr(lab, "PATIENCE", 0.3)
    subject = Files(tmp_path) if mutant.driver == "file" else StdioSubject(descriptor("pipe"))
    desk = Desk(subject, tmp_path)
    with monkeypatch.context() as patch:
        mutant.breaks(patch)
        assert fails(mutant, desk)
    clear_up(desk)


def clear_up(desk: Desk) -> None:
    """What mutants left in a state that nobody foresees is closed one by one."""
    while LEAKED:
        close_if_open(LEAKED.pop())
    for program in desk._programs:
        program.stdin.close()
        program.stdout.close()
    for opened in desk._opened:
        ends = [end for end in (*opened._held, *opened.near) if isinstance(end, int)]
        opened._held = set()
        opened.close()
        for fd in ends:
            close_if_open(fd)


def close_if_open(fd: int) -> None:
    if os.path.lexists(f"/proc/self/fd/{fd}"):
        os.close(fd)
