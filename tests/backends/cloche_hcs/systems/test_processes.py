"""Processes are created, found, released, and their exit codes are kept."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from cloche.errors import (
    BackendError,
    ClocheError,
    InvalidState,
    NotFound,
    TimedOut,
    Unavailable,
)
from cloche.exit import ExitStatus, Reason
from cloche_hcs.hresult import HResult

if TYPE_CHECKING:
    from .conftest import World

CREATED = ["HcsCreateProcess", "HcsRegisterProcessCallback"]
RELEASED = ["HcsUnregisterProcessCallback", "HcsCloseProcess"]
ASKED = ["HcsGetProcessProperties"]


def exits(world: World, code: int = 7, status: int = 0, waited: int = 0) -> None:
    world.rule("proc", "*", "exit", "", "", code, 20, status, waited)


def test_the_exit_is_asked_for_once_by_itself_and_kept(world: World) -> None:
    exits(world)
    system = world.running()
    world.forget()
    process = world.process(system)
    assert [process.exit.wait(5) for _ in range(3)] == [ExitStatus(7)] * 3
    process.close()
    assert process.exit.wait(0) == ExitStatus(7)
    assert world.calls == [*CREATED, *ASKED, *RELEASED]
    world.put_away(system)


@pytest.mark.parametrize("how", [("early",), ("duplicate",), ("late", "", 200), ("reordered",)])
def test_its_notification_may_come_in_any_way(world: World, how: tuple[object, ...]) -> None:
    world.rule("notify", "ProcessExited", "*", *how)
    system = world.running()
    process = world.process(system)
    system.end()
    assert process.exit.wait(5).code == 1067
    system.close()


def test_an_exit_that_is_never_told_is_found_out_when_the_system_ends(world: World) -> None:
    world.rule("notify", "ProcessExited", "*", "swallow")
    system = world.running()
    process = world.process(system)
    system.end()
    assert process.exit.wait(5).code == 1067
    system.close()


def test_an_exit_that_is_never_told_is_found_out_after_a_kill(world: World) -> None:
    world.rule("notify", "ProcessExited", "*", "swallow")
    system = world.running()
    process = world.process(system)
    process.terminate()
    assert process.exit.wait(5) == ExitStatus(1067, "SIGKILL", Reason.SIGNAL)
    world.put_away(system)


@pytest.mark.parametrize(
    ("status", "waited", "code"),
    [(0, 0, 7), (HResult.ERROR_BROKEN_PIPE, 0, 7), (0, 109, None), (0x80070005, 0, None)],
)
def test_a_code_that_is_not_sure_is_not_invented(
    world: World, status: int, waited: int, code: int | None
) -> None:
    exits(world, status=status, waited=waited)
    system = world.running()
    told = world.process(system).exit.wait(5)
    assert told.code == code
    assert (told.reason is Reason.LOST) == (code is None)
    world.put_away(system)


def test_codes_are_unsigned(world: World) -> None:
    exits(world, code=0xC000013A)
    system = world.running()
    assert world.process(system).exit.wait(5) == ExitStatus(0xC000013A)
    world.put_away(system)


def test_any_number_waits_while_it_is_closed_too(world: World) -> None:
    system = world.running()
    process = world.process(system)
    seen: list[ExitStatus] = []
    waiting = [
        threading.Thread(target=lambda: seen.append(process.exit.wait(10))) for _ in range(10)
    ]
    for thread in waiting:
        thread.start()
    system.end()
    system.close()
    for thread in waiting:
        thread.join()
    assert [status.code for status in seen] == [1067] * 10


def test_to_close_what_runs_unblocks_who_waits(world: World) -> None:
    system = world.running()
    process = world.process(system)
    threading.Timer(0.1, process.close).start()
    with pytest.raises(InvalidState):
        process.exit.wait(5)
    world.put_away(system)


def test_a_process_that_is_refused_is_the_error_that_it_means(world: World) -> None:
    world.rule("fault", "HcsCreateProcess", 1, HResult.ERROR_FILE_NOT_FOUND)
    system = world.running()
    world.forget()
    with pytest.raises(ClocheError) as told:
        world.process(system)
    assert vars(told.value)["code"] == HResult.ERROR_FILE_NOT_FOUND
    assert world.calls == ["HcsCreateProcess"]
    world.put_away(system)


def test_a_process_that_cannot_be_heard_is_ended_and_its_pipes_closed(world: World) -> None:
    world.rule("fault", "HcsRegisterProcessCallback", 1, HResult.ERROR_ACCESS_DENIED)
    system = world.running()
    world.forget()
    with pytest.raises(Unavailable):
        world.process(system)
    assert world.calls == [*CREATED, "HcsTerminateProcess", "HcsCloseProcess"]
    world.wait_until(systems=1, processes=0, callbacks=1, stdio=0, living=1)
    world.put_away(system)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("function", CREATED)
def test_what_a_call_makes_after_it_was_given_up_is_undone(
    world: World, function: str, moment: str
) -> None:
    world.rule("hang", function, 1, moment)
    system = world.running(timeout=0.5)
    with pytest.raises(TimedOut, match=function):
        world.process(system)
    world.release()
    system.end(patience=5, timeout=5)
    system.close()
    world.wait_until_empty()


def test_a_pipe_that_is_none_keeps_no_other_open(world: World) -> None:
    world.rule("badpipe", 1)
    system = world.running()
    process = world.process(system)
    process.close()
    world.put_away(system)


def test_pipes_that_were_handed_over_are_not_closed(world: World) -> None:
    system = world.running()
    process = world.process(system)
    pipes = process.hand_over()
    assert pipes is not None
    assert process.pipes is None
    process.close()
    world.wait_until(stdio=3)
    for end in pipes[:3]:
        assert end is not None
        world.close_handle(end)
    world.put_away(system)


def test_a_process_of_an_earlier_manager_is_opened(world: World) -> None:
    system = world.running()
    first = world.process(system)
    world.forget()
    again = system.open_process(first.pid)
    assert world.calls == ["HcsOpenProcess", "HcsRegisterProcessCallback", *ASKED]
    assert again.fresh_pipes() is None
    again.terminate()
    assert again.exit.wait(5).code == first.exit.wait(5).code == 1067
    world.put_away(system)


def test_a_process_that_ended_before_it_was_opened_tells_how(world: World) -> None:
    exits(world, code=4)
    system = world.running()
    first = world.process(system)
    first.exit.wait(5)
    assert system.open_process(first.pid).exit.wait(5) == ExitStatus(4)
    world.put_away(system)


def test_a_process_that_is_not_there_is_not_found(world: World) -> None:
    system = world.running()
    with pytest.raises(NotFound):
        system.open_process(4711)
    world.put_away(system)


def test_properties_are_a_document_or_an_error(world: World) -> None:
    system = world.running()
    process = world.process(system)
    assert process.properties()["Exited"] is False
    world.rule("procprops", "NULL")
    with pytest.raises(BackendError, match="no document"):
        process.properties()
    system.terminate()
    system.exited.wait(5)
    system.close()


def test_what_it_writes_comes_out_of_its_pipe(world: World) -> None:
    world.rule("proc", "*", "exit", b"hello".hex(), b"oh".hex(), 0, 20, 0, 0)
    system = world.running()
    process = world.process(system)
    process.exit.wait(5)
    assert process.pipes is not None
    _, stdout, stderr, _ = process.pipes
    assert stdout is not None
    assert stderr is not None
    assert (world.read(stdout), world.read(stderr)) == (b"hello", b"oh")
    world.put_away(system)


def test_many_that_wait_need_no_thread_each(world: World) -> None:
    world.rule("pace", 0)
    world.rule("proc", "*", "run", "", "", 0, 0, 0, 0)
    system = world.running()
    before = threading.active_count()
    processes = [system.create_process(json.dumps({"CommandLine": "it"})) for _ in range(200)]
    futures = [process.exit.future for process in processes]
    assert threading.active_count() - before < 20
    system.end()
    assert {future.result(10).code for future in futures} == {1067}
    system.close()
