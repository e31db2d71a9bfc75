"""What is asked of a system waits for its own completion, and says what became of it."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cloche.errors import (
    BackendError,
    ClocheError,
    InvalidState,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche.exit import ExitStatus
from cloche_hcs.hresult import HResult
from cloche_hcs.properties import PropertyType

if TYPE_CHECKING:
    from .conftest import World

SHUTDOWN, TERMINATE = "HcsShutdownComputeSystem", "HcsTerminateComputeSystem"


def test_start_waits_for_its_completion(world: World) -> None:
    world.rule("notify", "SystemStartCompleted", "*", "late", "", 200)
    system = world.create()
    before = time.monotonic()
    system.start()
    assert time.monotonic() - before > 0.19
    world.put_away(system)


@pytest.mark.parametrize("how", ["early", "duplicate"])
def test_completions_may_come_early_or_twice(world: World, how: str) -> None:
    for operation in ("Start", "Pause", "Resume"):
        world.rule("notify", f"System{operation}Completed", "*", how)
    system = world.running()
    system.pause()
    system.resume()
    world.put_away(system)


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "save"])
def test_each_operation_has_its_own_call(world: World, verb: str) -> None:
    system = world.create()
    if verb != "start":
        system.start()
    if verb == "resume":
        system.pause()
    getattr(system, verb)()
    assert world.calls[-1] == f"Hcs{verb.title()}ComputeSystem"
    assert world.last(world.calls[-1])["options"] == ""
    world.put_away(system)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (("fault", "HcsStartComputeSystem", 1, "0xC0370102"), Unavailable),
        (("fault", "HcsStartComputeSystem", 1, "0xC0370101"), ClocheError),
        (("notify", "SystemStartCompleted", "*", "0xC0370105"), InvalidState),
        (("start_exits", "box"), BackendError),
        (("notify", "SystemStartCompleted", "*", "swallow"), TimedOut),
        (("hang", "HcsStartComputeSystem", 1), TimedOut),
        (("disconnect", "HcsStartComputeSystem", 1), BackendError),
    ],
)
def test_a_start_that_fails_says_how_and_the_system_can_be_ended(
    world: World, rule: tuple[object, ...], error: type[ClocheError]
) -> None:
    world.rule(*rule)
    system = world.create(timeout=0.5)
    before = time.monotonic()
    with pytest.raises(error):
        system.start()
    assert time.monotonic() - before < 5
    world.release()
    world.restore()
    system.end(patience=5, timeout=5)
    system.close()
    world.wait_until_empty()


def test_a_result_document_tells_more_than_its_code(world: World) -> None:
    document = json.dumps({"Error": 5, "ErrorEvents": [{"Message": "the disk is asleep"}]})
    world.rule("fault", "HcsStartComputeSystem", 1, HResult.ERROR_ACCESS_DENIED)
    world.rule("result", "HcsStartComputeSystem", 1, document)
    system = world.create()
    with pytest.raises(Unavailable, match="the disk is asleep"):
        system.start()
    world.put_away(system)


def test_to_end_shuts_down_and_waits(world: World) -> None:
    system = world.running()
    world.forget()
    system.end()
    assert world.calls == [SHUTDOWN]
    assert system.over
    assert system.exited.wait(0) == ExitStatus(None)
    assert system.exit_status == 0
    system.close()


@pytest.mark.parametrize("code", ["0xC0370105", "0x8007007F", "0x80070005"])
def test_a_shutdown_that_is_refused_is_followed_by_terminate(world: World, code: str) -> None:
    world.rule("fault", SHUTDOWN, "*", code)
    system = world.running()
    world.forget()
    system.end()
    assert world.calls == [SHUTDOWN, TERMINATE]
    system.close()


def test_what_was_never_started_is_terminated(world: World) -> None:
    system = world.create()
    world.forget()
    with pytest.raises(InvalidState):
        system.shutdown()
    system.end()
    assert world.calls == [SHUTDOWN, SHUTDOWN, TERMINATE]
    system.close()


@pytest.mark.parametrize("code", ["0xC0370110", "0x80370110", "0xC037010E", "0x80070490"])
@pytest.mark.parametrize("verb", ["shutdown", "terminate", "end"])
def test_what_has_stopped_is_no_error(world: World, verb: str, code: str) -> None:
    system = world.running()
    system.end()
    for function in (SHUTDOWN, TERMINATE):
        world.rule("fault", function, "*", code)
    world.forget()
    getattr(system, verb)()
    assert world.calls == [TERMINATE if verb == "terminate" else SHUTDOWN]
    system.close()


@pytest.mark.parametrize("verb", ["shutdown", "terminate"])
def test_proc_not_found_never_means_that_it_has_stopped(world: World, verb: str) -> None:
    for function in (SHUTDOWN, TERMINATE):
        world.rule("fault", function, 1, HResult.ERROR_PROC_NOT_FOUND)
    system = world.running()
    with pytest.raises(BackendError):
        getattr(system, verb)()
    assert not system.over
    system.end()
    system.close()


def test_an_exit_that_is_never_told_is_found_out(world: World) -> None:
    world.rule("notify", "SystemExited", "*", "swallow")
    system = world.running()
    system.end(patience=0.3, timeout=0.3)
    assert system.over
    assert system.exited.wait(5) == ExitStatus(None)
    system.close()


def test_a_system_that_does_not_end_is_an_error_in_time(world: World) -> None:
    for function in (SHUTDOWN, TERMINATE):
        world.rule("hang", function, "*", "before")
    system = world.running()
    before = time.monotonic()
    with pytest.raises(TimedOut):
        system.end(patience=0.3, timeout=0.3)
    assert time.monotonic() - before < 5
    world.release()
    system.end()
    system.close()
    world.wait_until_empty()


@pytest.mark.parametrize("status", [0xC0370106, 0xC0370107])
def test_a_crash_is_an_exit_with_a_status(world: World, status: int) -> None:
    system = world.running()
    world.notify("box", 1, status)
    assert system.exited.wait(5) == ExitStatus(None)
    assert system.exit_status == status
    system.close()


def test_any_number_waits_for_the_exit(world: World) -> None:
    system = world.running()
    seen: list[ExitStatus] = []
    waiting = [
        threading.Thread(target=lambda: seen.append(system.exited.wait(10))) for _ in range(20)
    ]
    for thread in waiting:
        thread.start()
    system.terminate()
    for thread in waiting:
        thread.join()
    assert seen == [ExitStatus(None)] * 20
    assert system.exited.future.result(5) == ExitStatus(None)
    system.close()
    assert system.exited.wait(0) == ExitStatus(None)


@pytest.mark.parametrize("type", [0, 6, 7, 9, 0xB, 0xD, 0x4711, 0xDEAD0000])
def test_unknown_notifications_are_ignored(world: World, type: int) -> None:
    system = world.running()
    world.notify("box", type, 0xC0370106)
    system.pause()
    system.resume()
    assert not system.over
    world.put_away(system)


def test_properties_are_asked_for_by_type(world: World) -> None:
    world.rule("updates", "box", "true")
    system = world.running()
    assert system.properties(PropertyType.PENDING_UPDATES)["AreUpdatesPending"] is True
    asked = world.last("HcsGetComputeSystemProperties")["propertyQuery"]
    assert json.loads(asked) == {"PropertyTypes": ["PendingUpdates"]}
    world.put_away(system)


@pytest.mark.parametrize("document", ["NULL", "{", "[]", "7"])
def test_properties_that_are_none_are_an_error(world: World, document: str) -> None:
    world.rule("sysprops", document)
    system = world.running()
    with pytest.raises(BackendError, match="no document"):
        system.properties()
    world.put_away(system)


def test_a_modification_is_sent_as_it_is(world: World) -> None:
    system = world.running()
    document = {"ResourceType": "Memory", "RequestType": "Update", "Settings": {"MB": 7}}
    system.modify(document)
    assert json.loads(world.last("HcsModifyComputeSystem")["configuration"]) == document
    world.rule("fault", "HcsModifyComputeSystem", "*", HResult.ERROR_NOT_SUPPORTED)
    with pytest.raises(NotSupported):
        system.modify(document)
    world.put_away(system)
