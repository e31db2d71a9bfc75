"""Each way to break the contract of runtimes is noticed by the suite.

A mutant breaks one sentence of the contract in the fake; the test it names must fail then. That the
same tests pass with the fake as it is, is what `test_fake_conformance.py` shows.
"""

from __future__ import annotations

import dataclasses
import os
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from closing import all_closed

from cloche.errors import ClocheError, CommandFailed, InvalidState, NotFound, TimedOut
from cloche.exit import Exit, ExitStatus
from cloche.runtime import Capability, Lifetime, State, Status
from cloche.stats import Stats
from cloche.testing import (
    RuntimeSubject,
    RuntimeSuite,
    fake_runtime,
    fake_tasks,
    fake_world,
    lab,
    lab_streams,
)
from cloche.testing.fake_runtime import FakeContainer, FakeProcess, FakeRuntime
from cloche.testing.fake_service import ServiceContainer
from cloche.testing.fake_subject import fake_subject
from cloche.testing.fake_tasks import Task
from cloche.testing.fake_world import Box
from cloche.testing.lab import Lab
from cloche.testing.lab_streams import LabStreams

LESS_PATIENCE = 1.5
#: What a failing test raises. Other errors would be the mutant's own, and prove nothing.
NOTICED = (AssertionError, pytest.fail.Exception, ClocheError, TimeoutError, OSError, termios.error)


class Breaker:
    """Breaks the fake, and mends it again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._leaked: list[int] = []
        self.children: list[int] = []
        self.subject: RuntimeSubject = fake_subject()

    def replace(self, owner: object, name: str, broken: object) -> None:
        self._monkeypatch.setattr(owner, name, broken)

    def wrap(self, owner: object, name: str) -> Callable[[Callable[..., Any]], None]:
        """Replace a function by one that is given the original first."""
        original = getattr(owner, name)

        def replace(broken: Callable[..., Any]) -> None:
            self.replace(owner, name, lambda *args, **kw: broken(original, *args, **kw))

        return replace

    def lose(self, capability: Capability) -> None:
        """Claim less than can be done."""
        runtime = dataclasses.replace(
            self.subject.runtime, capabilities=self.subject.runtime.capabilities - {capability}
        )
        self.subject = dataclasses.replace(self.subject, runtime=runtime)

    def leak(self, fd: int = 0) -> int:
        """Duplicate a descriptor that is forgotten, until the test ends."""
        self._leaked.append(os.dup(fd))
        return self._leaked[-1]

    def mend(self) -> None:
        for child in self.children:
            os.waitpid(child, 0)
        self.children.clear()
        for fd in self._leaked:
            os.close(fd)
        self._leaked.clear()
        self._monkeypatch.undo()


class Mutant(NamedTuple):
    breaks: Callable[[Breaker], None]
    test: str
    arguments: tuple[object, ...]


MUTANTS: list[Mutant] = []


def caught_by(test: str, *arguments: object) -> Callable[[Callable[[Breaker], None]], Any]:
    def register(breaks: Callable[[Breaker], None]) -> Callable[[Breaker], None]:
        MUTANTS.append(Mutant(breaks, test, arguments))
        return breaks

    return register


# Making


@caught_by("test_accepts_names_forms_of_root_that_are_declared")
def accepts_names_a_form_that_is_not_declared(breaker: Breaker) -> None:
    breaker.replace(FakeRuntime, "accepts", lambda *_: ("image",))


@caught_by("test_accepts_makes_nothing")
def accepts_writes_a_file(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "accepts")
    def accepts(original, self, request):
        (request.state / "note").write_text("")
        return original(self, request)


@caught_by("test_accepts_makes_nothing")
def accepts_keeps_a_descriptor(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "accepts")
    def accepts(original, self, request):
        breaker.leak()
        return original(self, request)


@caught_by("test_accepts_refuses_what_names_no_command")
def accepts_refuses_nothing(breaker: Breaker) -> None:
    breaker.replace(FakeRuntime, "accepts", lambda *_: ("path",))


@caught_by("test_create_waits_for_start")
def create_starts(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "create")
    def create(original, self, request, root, streams):
        container = original(self, request, root, streams)
        container.start(streams)
        return container


@caught_by("test_create_waits_for_start")
def create_runs_the_program_but_does_not_say_so(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "create")
    def create(original, self, request, root, streams):
        container = original(self, request, root, streams)
        container._box.run(container._box.init, container._box.process)
        return container


@caught_by("test_start_does_not_wait_for_the_end")
def start_waits_for_the_end(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "start")
    def start(original, self, *args):
        original(self, *args)
        time.sleep(0.2)
        self.terminate()
        self.init.exit.wait(5)


@caught_by("test_start_happens_once")
def a_second_start_is_ignored(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "start")
    def start(original, self, *args):
        if not self._box.started:
            original(self, *args)


@caught_by("test_start_happens_once")
def what_has_ended_may_be_started(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "start")
    def start(original, self, *args):
        if self.state() is not State.STOPPED:
            original(self, *args)


def _change_code(breaker: Breaker, wrong: int | None) -> None:
    @breaker.wrap(Box, "run")
    def run(original, self, *args):
        try:
            original(self, *args)
        except CommandFailed as error:
            if wrong is None:
                return
            error.exit_code = wrong
            raise


@caught_by("test_a_missing_program_is_127")
def a_missing_program_is_126(breaker: Breaker) -> None:
    _change_code(breaker, 126)


@caught_by("test_a_missing_program_is_127")
def a_missing_program_is_an_exit_code_only(breaker: Breaker) -> None:
    _change_code(breaker, None)


@caught_by("test_an_unrunnable_program_is_126")
def an_unrunnable_program_is_127(breaker: Breaker) -> None:
    _change_code(breaker, 127)


@caught_by("test_a_missing_program_is_127")
def a_container_that_could_not_start_runs(breaker: Breaker) -> None:
    breaker.replace(Task, "fail", lambda *_: None)


@caught_by("test_an_error_leaves_nothing")
def a_failed_create_keeps_a_descriptor(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "create")
    def create(original, *args):
        breaker.leak()
        return original(*args)


@caught_by("test_an_error_leaves_nothing")
def a_failed_create_leaves_an_entry(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "create")
    def create(original, self, request, root, streams):
        try:
            return original(self, request, root, streams)
        except OSError:
            spare = LabStreams()
            original(self, request, root, spare)._box.init.signal(9)
            spare.close()
            raise


@caught_by("test_the_streams_stay_the_callers")
def create_closes_an_end(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "create")
    def create(original, self, request, root, streams):
        container = original(self, request, root, streams)
        streams.release_ends()
        return container


@caught_by("test_the_streams_stay_the_callers")
def start_closes_an_end(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "start")
    def start(original, self, streams, *args):
        original(self, streams, *args)
        streams.release_ends()


@caught_by("test_verbs_may_be_called_on_threads_that_end")
def the_end_of_the_starting_thread_is_the_containers(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "start")
    def start(original, self, *args):
        original(self, *args)
        starting = threading.current_thread()
        threading.Thread(target=lambda: (starting.join(), self.terminate())).start()


@caught_by("test_many_may_be_made_at_once")
def containers_that_are_made_at_once_share_their_streams(breaker: Breaker) -> None:
    last: list[Any] = []

    @breaker.wrap(FakeRuntime, "create")
    def create(original, self, request, root, streams):
        last.append(streams)
        time.sleep(0.1)
        return original(self, request, root, last[-1])


@caught_by("test_another_process_may_be_started")
def another_process_is_ignored(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "start")
    def start(original, self, streams, process=None):
        original(self, streams)


@caught_by("test_another_process_is_refused_where_it_cannot_be")
def another_process_is_ignored_without_the_capability(breaker: Breaker) -> None:
    breaker.lose(Capability.LATE_PROCESS)


# Endings


class Exiting(Exit):
    """An ending that is told by another, wrongly."""

    __slots__ = ("told",)

    def __init__(self, truth: Exit) -> None:
        super().__init__()
        self.told = truth

    def poll(self):
        return self.told.poll()

    def wait(self, timeout=None):
        return self.told.wait(timeout)

    @property
    def future(self):
        return self.told.future


def _tell(breaker: Breaker, kind: type[Exiting]) -> None:
    @breaker.wrap(FakeProcess, "__init__")
    def init(original, self, *args):
        original(self, *args)
        self.exit = kind(self.exit)


@caught_by("test_the_exit_code_is_the_programs", 42)
def every_code_is_zero(breaker: Breaker) -> None:
    breaker.replace(fake_tasks, "_code", lambda program, call: 0)


@caught_by("test_the_exit_code_is_the_programs", 255)
def codes_have_seven_bits(breaker: Breaker) -> None:
    @breaker.wrap(fake_tasks, "_code")
    def code(original, program, call):
        return original(program, call) & 0x7F


@caught_by("test_an_exit_may_be_read_any_number_of_times")
def an_exit_is_read_once(breaker: Breaker) -> None:
    class Forgetful(Exiting):
        def wait(self, timeout=None):
            status = super().wait(timeout)
            self.told = Exit()
            self.told.resolve(ExitStatus.lost())
            return status

    _tell(breaker, Forgetful)


@caught_by("test_an_exit_is_known_after_the_container_is_gone")
def an_exit_goes_with_its_process(breaker: Breaker) -> None:
    _tell(breaker, Exiting)

    @breaker.wrap(FakeProcess, "close")
    def close(original, self):
        original(self)
        self.exit.told = Exit()


@caught_by("test_waiting_in_vain_ends_nothing")
def a_wait_that_times_out_kills(breaker: Breaker) -> None:
    @breaker.wrap(FakeProcess, "__init__")
    def init(original, self, *args):
        original(self, *args)
        process = self

        class Impatient(Exiting):
            def wait(self, timeout=None):
                try:
                    return super().wait(timeout)
                except TimedOut:
                    process.kill(9)
                    time.sleep(0.1)
                    raise

        self.exit = Impatient(self.exit)


@caught_by("test_waiting_in_vain_ends_nothing")
def a_wait_takes_longer_than_asked_for(breaker: Breaker) -> None:
    class Slow(Exiting):
        def wait(self, timeout=None):
            return super().wait(None if timeout is None else timeout + 1)

    _tell(breaker, Slow)


@caught_by("test_sigkill_always_works")
def sigkill_may_be_refused(breaker: Breaker) -> None:
    @breaker.wrap(Task, "signal")
    def signal(original, self, number):
        original(self, 15 if number == 9 else number)


@caught_by("test_sigkill_always_works")
def a_signal_is_told_as_a_code(breaker: Breaker) -> None:
    breaker.replace(ExitStatus, "killed", lambda signal, *_: ExitStatus(128 + signal))


@caught_by("test_a_signal_that_is_not_handled_ends_the_program")
def signals_do_nothing_by_default(breaker: Breaker) -> None:
    """As for a first process that nobody stands in for: pid_namespaces(7)."""

    @breaker.wrap(Task, "signal")
    def signal(original, self, number):
        if number == 9:
            original(self, number)


@caught_by("test_a_signal_that_is_not_handled_ends_the_program")
def every_signal_kills_like_sigkill(breaker: Breaker) -> None:
    @breaker.wrap(Task, "signal")
    def signal(original, self, number):
        original(self, 9)


@caught_by("test_kill_does_not_wait")
def to_kill_what_has_ended_is_an_error(breaker: Breaker) -> None:
    @breaker.wrap(FakeProcess, "kill")
    def kill(original, self, number):
        if self.exit.poll() is not None:
            raise InvalidState("it has ended")
        original(self, number)


@caught_by("test_shutdown_asks")
def shutdown_forces(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "shutdown", FakeContainer.terminate)


@caught_by("test_shutdown_ends_who_does_not_refuse")
def shutdown_does_nothing(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "shutdown", lambda _: None)


@caught_by("test_terminate_forces")
def terminate_asks(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "terminate", FakeContainer.shutdown)


@caught_by("test_what_was_never_started_can_be_ended")
def what_was_not_started_can_not_be_ended(breaker: Breaker) -> None:
    @breaker.wrap(Task, "signal")
    def signal(original, self, number):
        if self._started:
            original(self, number)


@caught_by("test_what_was_never_started_can_be_ended")
def what_was_not_started_stays_created(breaker: Breaker) -> None:
    @breaker.wrap(Box, "state")
    def state(original, self):
        return original(self) if self.started else State.CREATED


@caught_by("test_it_is_running_and_then_stopped")
def what_was_started_runs_for_ever(breaker: Breaker) -> None:
    @breaker.wrap(Box, "state")
    def state(original, self):
        return State.RUNNING if self.started else original(self)


# Executing


@caught_by("test_a_further_process_has_streams_and_an_end_of_its_own")
def what_is_executed_writes_nowhere(breaker: Breaker) -> None:
    @breaker.wrap(Box, "add")
    def add(original, self, id, streams):
        if id != self.id:
            streams = LabStreams()
            streams.hang_up(0)
        return original(self, id, streams)


@caught_by("test_a_further_process_has_streams_and_an_end_of_its_own")
def the_end_of_what_is_executed_is_the_containers(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "exec")
    def execute(original, self, *args):
        process, container = original(self, *args), self

        class Fatal(Exiting):
            def wait(self, timeout=None):
                status = super().wait(timeout)
                container._box.end()
                return status

        process.exit = Fatal(process.exit)
        return process


@caught_by("test_its_input_is_its_own")
def what_is_executed_reads_nothing(breaker: Breaker) -> None:
    @breaker.wrap(Box, "add")
    def add(original, self, id, streams):
        if id != self.id:
            os.dup2(os.open(os.devnull, os.O_RDONLY), streams.ends[0])
        return original(self, id, streams)


@caught_by("test_several_run_at_once_and_are_killed_one_by_one")
def to_kill_one_is_to_kill_all(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "exec")
    def execute(original, self, *args):
        process = original(self, *args)
        process.kill = lambda number: self.terminate()
        return process


@caught_by("test_the_end_of_the_first_process_is_the_end_of_all")
def others_outlive_the_first_process(breaker: Breaker) -> None:
    breaker.replace(Box, "_end_others", lambda _: None)


@caught_by("test_a_missing_program_is_127_and_the_container_runs_on")
def to_execute_what_is_missing_ends_the_container(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "exec")
    def execute(original, self, *args):
        try:
            return original(self, *args)
        except CommandFailed:
            self.terminate()
            self.init.exit.wait(5)
            raise


@caught_by("test_an_unrunnable_program_is_126_and_the_container_runs_on")
def to_execute_what_cannot_run_is_an_exit_code_only(breaker: Breaker) -> None:
    _change_code(breaker, None)


@caught_by("test_a_stopped_container_executes_nothing")
@caught_by("test_a_container_that_waits_executes_nothing")
@caught_by("test_a_paused_container_executes_nothing")
def anything_executes(breaker: Breaker) -> None:
    @breaker.wrap(Box, "require")
    def require(original, self, operation, state):
        if operation != "exec":
            original(self, operation, state)


@caught_by("test_an_idle_container_waits_for_what_is_executed")
def an_idle_container_ends_at_once(breaker: Breaker) -> None:
    breaker.replace(fake_world, "_wait_for_ever", lambda call: 0)


@caught_by("test_an_idle_container_ends_when_asked_to")
def an_idle_container_refuses_to_end(breaker: Breaker) -> None:
    @breaker.wrap(fake_world, "_wait_for_ever")
    def wait(original, call):
        call.trap(15, lambda: None)
        original(call)


# Abilities


@caught_by("test_what_is_not_claimed_is_not_supported")
def what_is_not_claimed_works_nevertheless(breaker: Breaker) -> None:
    breaker.lose(Capability.EXEC)


@caught_by("test_what_is_not_claimed_is_not_supported")
def what_is_not_claimed_does_nothing(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "update", lambda *_: None)


@caught_by("test_paused_processes_stand_still_and_go_on")
def what_is_paused_runs_on(breaker: Breaker) -> None:
    breaker.replace(Task, "pause", lambda _: None)
    breaker.replace(Task, "stands_still", lambda *_: True)


@caught_by("test_paused_processes_stand_still_and_go_on")
def what_is_resumed_stands_still(breaker: Breaker) -> None:
    breaker.replace(Task, "resume", lambda _: None)


@caught_by("test_what_is_paused_can_be_killed")
@caught_by("test_what_is_paused_can_be_deleted")
def what_is_paused_cannot_be_killed(breaker: Breaker) -> None:
    """As on version 1 of control groups, unless it is thawed."""

    @breaker.wrap(Task, "signal")
    def signal(original, self, number):
        if not self._paused:
            original(self, number)


@caught_by("test_what_has_stopped_is_neither_paused_nor_resumed")
def what_has_stopped_may_be_paused(breaker: Breaker) -> None:
    breaker.replace(Box, "require", lambda *_: None)


@caught_by("test_measurements_are_numbers_or_unknown")
def nothing_is_measured(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "stats", lambda _: Stats())


@caught_by("test_measurements_are_numbers_or_unknown")
def less_than_nothing_is_measured(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "stats", lambda _: Stats(pids=1, memory_usage=-1))


@caught_by("test_a_terminal_has_the_size_that_was_asked_for")
@caught_by("test_a_terminal_may_be_resized")
@caught_by("test_an_executed_process_may_have_a_terminal")
def terminals_have_no_size(breaker: Breaker) -> None:
    breaker.replace(termios, "tcsetwinsize", lambda *_: None)


@caught_by("test_a_terminal_may_be_resized")
def to_resize_does_nothing(breaker: Breaker) -> None:
    breaker.replace(FakeProcess, "resize", lambda *_: None)


@caught_by("test_a_terminal_is_resized_whatever_became_of_its_ends")
def to_resize_uses_an_end_that_was_given_away(breaker: Breaker) -> None:
    def resize(self, width, height):
        termios.tcsetwinsize(self.pipes.stdin, (height, width))

    breaker.replace(FakeProcess, "resize", resize)


@caught_by("test_a_terminals_output_ends_with_its_last_process")
def a_terminal_is_held_open(breaker: Breaker) -> None:
    @breaker.wrap(fake_world, "_bound")
    def bound(original, streams):
        descriptors, pipes = original(streams)
        breaker.leak(descriptors[0])
        return descriptors, pipes


@caught_by("test_a_process_without_terminal_has_no_size")
def everything_can_be_resized(breaker: Breaker) -> None:
    breaker.replace(FakeProcess, "resize", lambda *_: None)


@caught_by("test_files_are_there_before_anything_runs")
def files_are_forgotten(breaker: Breaker) -> None:
    breaker.replace(fake_runtime, "write_files", lambda *_: None)


# Connecting


@caught_by("test_output_and_errors_are_apart")
def output_and_errors_change_places(breaker: Breaker) -> None:
    @breaker.wrap(fake_world, "_copies")
    def copies(original, stdin, stdout, stderr):
        return original(stdin, stderr, stdout)


@caught_by("test_output_and_errors_are_apart")
def an_end_of_output_is_kept(breaker: Breaker) -> None:
    @breaker.wrap(fake_world, "_copies")
    def copies(original, *ends):
        breaker.leak(ends[1])
        return original(*ends)


@caught_by("test_input_arrives_and_ends")
def input_is_empty(breaker: Breaker) -> None:
    @breaker.wrap(fake_world, "_copies")
    def copies(original, stdin, stdout, stderr):
        return original(breaker.leak(os.open(os.devnull, os.O_RDONLY)), stdout, stderr)


@caught_by("test_one_end_may_serve_two_streams")
def one_end_serves_one_stream(breaker: Breaker) -> None:
    @breaker.wrap(fake_world, "_copies")
    def copies(original, stdin, stdout, stderr):
        nowhere = breaker.leak(os.open(os.devnull, os.O_WRONLY))
        return original(stdin, stdout, nowhere if stderr == stdout else stderr)


@caught_by("test_nothing_is_lost")
def what_does_not_fit_is_lost(breaker: Breaker) -> None:
    @breaker.wrap(fake_tasks._Stream, "write")
    def write(original, self, data):
        original(self, data)
        return len(memoryview(data))


@caught_by("test_who_stops_reading_is_noticed")
def a_broken_pipe_is_ignored(breaker: Breaker) -> None:
    @breaker.wrap(fake_tasks._Stream, "write")
    def write(original, self, data):
        try:
            return original(self, data)
        except BrokenPipeError:
            return len(memoryview(data))


# Removing


@caught_by("test_what_runs_is_ended_by_delete")
def delete_ends_nothing(breaker: Breaker) -> None:
    breaker.replace(Box, "end", lambda _: None)


@caught_by("test_what_runs_is_ended_by_delete")
def delete_does_not_wait(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        threading.Timer(0.3, self._box.end).start()


@caught_by("test_delete_is_repeatable_at_any_moment", "ended")
def a_second_delete_is_an_error(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        if self._box.id not in self._world.boxes:
            raise NotFound("it was deleted")
        original(self)


@caught_by("test_delete_is_repeatable_at_any_moment", "made")
def what_was_not_started_cannot_be_deleted(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        if self.state() is State.CREATED:
            raise InvalidState("it was not started")
        original(self)


@caught_by("test_delete_is_repeatable_at_any_moment", "failed")
def what_could_not_start_cannot_be_deleted(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        if (status := self.init.exit.poll()) is not None and status.code == 127:
            raise InvalidState("it could not start")
        original(self)


@caught_by("test_delete_is_repeatable_at_any_moment", "runs")
def what_is_deleted_can_be_found(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "delete", lambda self: self._box.end())


@caught_by("test_close_is_repeatable_and_raises_nothing")
def a_second_close_is_an_error(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "close")
    def close(original, self):
        if self.__dict__.setdefault("closed", False):
            raise InvalidState("it was closed")
        self.__dict__["closed"] = True


@caught_by("test_what_never_was_is_not_found")
def anything_is_found(breaker: Breaker) -> None:
    breaker.replace(FakeRuntime, "load", lambda *_: None)


@caught_by("test_what_is_known_of_it_is_small_json")
def what_is_known_of_it_is_large(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "info", {"id": "x" * (1 << 16)})


@caught_by("test_what_is_known_of_it_is_small_json")
def what_is_known_of_it_changes_as_json(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "info", {"pids": (1, 2)})


@caught_by("test_another_finds_it_by_what_was_noted")
def what_is_found_never_ends(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "load")
    def load(original, *args):
        found = original(*args)
        found.init.exit = Exit()
        return found


@caught_by("test_another_finds_it_by_what_was_noted")
def what_is_found_cannot_be_ended(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "load")
    def load(original, *args):
        found = original(*args)
        found.terminate = lambda: None
        return found


@caught_by("test_another_finds_it_by_what_was_noted")
def another_finds_nothing(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "load")
    def load(original, self, *args):
        if self.__dict__.get("made"):
            return original(self, *args)
        raise NotFound("made by another")


@caught_by("test_another_finds_what_waits_for_its_start")
def only_what_runs_is_found(breaker: Breaker) -> None:
    @breaker.wrap(FakeRuntime, "load")
    def load(original, self, *args):
        found = original(self, *args)
        if found.state() is State.CREATED:
            raise NotFound("nothing runs")
        return found


@caught_by("test_another_finds_what_waits_for_its_start")
def what_is_found_is_not_deleted_before_it_runs(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        if self._box.started:
            original(self)


@caught_by("test_to_ask_for_the_errand_makes_nothing")
def the_errand_is_the_container_itself(breaker: Breaker) -> None:
    breaker.subject = fake_subject(service=True)

    breaker.replace(ServiceContainer, "errand", lambda self: self._box.request)


@caught_by("test_to_ask_for_the_errand_makes_nothing")
def the_errand_keeps_a_descriptor(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "errand", lambda self: breaker.leak() and None)


@caught_by("test_streams_that_nobody_wants_need_no_pipe")
def there_are_pipes_for_all_streams(breaker: Breaker) -> None:
    breaker.subject = fake_subject(service=True)

    @breaker.wrap(ServiceContainer, "start")
    def start(original, self, streams, *args):
        streams.wanted = (True, True, True)
        original(self, streams, *args)


@caught_by("test_to_release_a_handle_ends_nothing")
def to_release_a_handle_ends_the_container(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "close", lambda self: self._box.end())


@caught_by("test_an_executed_process_is_found_by_what_was_noted")
def the_first_process_is_found_in_place_of_another(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "open", lambda self, *_: self.init)


@caught_by("test_it_may_be_deleted_by_another_handle")
def a_handle_does_not_see_what_others_did(breaker: Breaker) -> None:
    breaker.replace(FakeContainer, "state", lambda self: State.RUNNING)


@caught_by("test_what_is_listed_is_true")
def all_that_is_listed_runs(breaker: Breaker) -> None:
    breaker.replace(
        FakeRuntime,
        "list",
        lambda self: [Status(id=each, state=State.RUNNING) for each in self._world.boxes],
    )


@caught_by("test_what_is_listed_is_true")
def what_is_gone_is_listed(breaker: Breaker) -> None:
    seen: dict[str, Status] = {}

    @breaker.wrap(FakeRuntime, "list")
    def listed(original, self):
        seen.update({status.id: status for status in original(self)})
        return list(seen.values())


@caught_by("test_what_is_listed_is_true")
def those_that_outlive_us_are_not_listed(breaker: Breaker) -> None:
    breaker.subject = dataclasses.replace(
        breaker.subject,
        lifetime=Lifetime.DETACHED,
        runtime=dataclasses.replace(
            breaker.subject.runtime,
            capabilities=breaker.subject.runtime.capabilities | {Capability.OUTLIVES},
        ),
    )
    breaker.replace(FakeRuntime, "list", lambda _: ())


@caught_by("test_a_whole_life_leaves_nothing")
def each_life_leaves_a_descriptor(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        breaker.leak()
        original(self)


@caught_by("test_a_whole_life_leaves_nothing")
def each_life_leaves_a_thread(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        threading.Timer(4 * LESS_PATIENCE, lambda: None).start()
        original(self)


@caught_by("test_a_whole_life_leaves_nothing")
def each_life_leaves_a_child(breaker: Breaker) -> None:
    @breaker.wrap(FakeContainer, "delete")
    def delete(original, self):
        breaker.children.append(os.posix_spawn("/bin/true", ["true"], {}))
        original(self)


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Breaker]:
    breaker = Breaker(monkeypatch)
    yield breaker
    breaker.mend()


@pytest.fixture(autouse=True)
def _less_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    from cloche.testing import (
        runtime_abilities,
        runtime_connecting,
        runtime_endings,
        runtime_executing,
        runtime_making,
        runtime_removing,
    )

    for module in (
        lab,
        lab_streams,
        runtime_abilities,
        runtime_connecting,
        runtime_endings,
        runtime_executing,
        runtime_making,
        runtime_removing,
    ):
        monkeypatch.setattr(module, "PATIENCE", LESS_PATIENCE)


@pytest.fixture(autouse=True)
def _streams_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Those that a broken test has forgotten, too."""
    yield from all_closed(LabStreams, monkeypatch)


def fails(breaker: Breaker, mutant: Mutant, tmp_path: Any) -> bool:
    """Run one test of the suite against what is broken; what it leaves is taken away mended."""
    bench = Lab(breaker.subject, tmp_path)
    try:
        getattr(RuntimeSuite(), mutant.test)(bench, *mutant.arguments)
    except NOTICED:
        return True
    finally:
        breaker.mend()
        for box in list(bench.runtime._world.boxes.values()):
            for task in box._tasks.values():
                task.resume()
        bench.close()
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.breaks.__name__)
def test_the_suite_notices(breaker: Breaker, tmp_path, mutant: Mutant) -> None:
    mutant.breaks(breaker)
    assert fails(breaker, mutant, tmp_path)
