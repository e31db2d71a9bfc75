"""Compute systems are created and opened as the service wants it, and nothing is left of failures.

Each test steers the service, and compares the calls that reach it, or what is left in it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from cloche.errors import (
    AlreadyExists,
    BackendError,
    ClocheError,
    NotFound,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche_hcs.hresult import HResult
from cloche_hcs.system import ComputeSystem

if TYPE_CHECKING:
    from .conftest import World

DOCUMENT = json.dumps({"SystemType": "Container", "Name": "box", "Owner": "test"})

CREATED = ["HcsCreateComputeSystem", "HcsRegisterComputeSystemCallback"]
OPENED = ["HcsOpenComputeSystem", "HcsRegisterComputeSystemCallback"]
RELEASED = ["HcsUnregisterComputeSystemCallback", "HcsCloseComputeSystem"]
TERMINATE = "HcsTerminateComputeSystem"


def create(timeout: float = 5.0) -> ComputeSystem:
    return ComputeSystem.create("box", DOCUMENT, timeout=timeout)


def test_the_callback_is_registered_right_after_the_system_is_there(world: World) -> None:
    system = create()
    assert world.calls == CREATED
    system.close()
    assert world.calls == [*CREATED, *RELEASED]
    world.expect_left(living=1)


def test_a_system_that_is_there_at_once_is_not_waited_for(world: World) -> None:
    world.rule("fault", "HcsCreateComputeSystem", 1, 0)
    create().close()
    assert world.calls == [*CREATED, *RELEASED]
    world.expect_left(living=1)


@pytest.mark.parametrize("how", [("early",), ("duplicate",), ("late", "", 100)])
def test_its_completion_may_come_early_twice_or_late(world: World, how: tuple[object]) -> None:
    world.rule("notify", "SystemCreateCompleted", "*", *how)
    create().close()
    assert world.calls == [*CREATED, *RELEASED]
    world.expect_left(living=1)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (HResult.VMCOMPUTE_SYSTEM_ALREADY_EXISTS, AlreadyExists),
        (HResult.ERROR_ACCESS_DENIED, Unavailable),
        (HResult.VMCOMPUTE_INVALID_JSON, NotSupported),
        (HResult.E_UNEXPECTED, BackendError),
    ],
)
def test_what_is_refused_makes_no_further_call(
    world: World, code: HResult, error: type[ClocheError]
) -> None:
    world.rule("fault", "HcsCreateComputeSystem", 1, code)
    with pytest.raises(error) as told:
        create()
    assert vars(told.value)["code"] == code
    assert told.value.container == "box"
    assert world.calls == CREATED[:1]


def test_a_system_that_cannot_be_heard_is_terminated(world: World) -> None:
    world.rule("fault", "HcsRegisterComputeSystemCallback", 1, HResult.ERROR_ACCESS_DENIED)
    with pytest.raises(Unavailable):
        create()
    assert world.calls == [*CREATED, TERMINATE, "HcsCloseComputeSystem"]


def test_of_a_system_that_fails_to_come_up_nothing_is_left(world: World) -> None:
    world.rule("notify", "SystemCreateCompleted", "*", HResult.HCS_E_INVALID_LAYER)
    with pytest.raises(BackendError) as told:
        create()
    assert vars(told.value)["code"] == HResult.HCS_E_INVALID_LAYER
    assert world.calls == [*CREATED, TERMINATE, *RELEASED]


def test_a_system_that_exits_while_it_comes_up_is_released(world: World) -> None:
    world.rule("create_exits", "box")
    with pytest.raises(BackendError) as told:
        create()
    assert vars(told.value)["code"] == HResult.VMCOMPUTE_UNEXPECTED_EXIT
    assert world.calls == [*CREATED, *RELEASED]


def test_a_creation_that_is_never_told_to_be_done_is_undone_in_time(world: World) -> None:
    world.rule("notify", "SystemCreateCompleted", "*", "swallow")
    before = time.monotonic()
    with pytest.raises(TimedOut):
        create(timeout=0.5)
    assert time.monotonic() - before < 5
    assert world.calls == [*CREATED, TERMINATE, *RELEASED]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("function", CREATED)
def test_what_a_call_makes_after_it_was_given_up_is_undone(
    world: World, function: str, moment: str
) -> None:
    world.rule("hang", function, 1, moment)
    with pytest.raises(TimedOut, match=function):
        create(timeout=0.5)
    world.release()
    world.wait_until_empty()


def test_a_system_whose_service_was_lost_is_ended_when_that_is_back(world: World) -> None:
    world.rule("disconnect", "HcsRegisterComputeSystemCallback", 1)
    with pytest.raises(BackendError):
        create()
    world.restore()
    world.wait_until_empty()


def test_a_system_of_another_process_is_opened(world: World) -> None:
    world.rule("system", "box", "test", "Container", "running")
    ComputeSystem.open("box", timeout=5).close()
    assert world.calls == [*OPENED, *RELEASED]
    world.expect_left(living=1)


def test_a_system_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        ComputeSystem.open("nobody", timeout=5)
    assert world.calls == ["HcsOpenComputeSystem"]


def test_an_opened_system_that_cannot_be_heard_lives_on(world: World) -> None:
    world.rule("system", "box", "test", "Container", "running")
    world.rule("fault", "HcsRegisterComputeSystemCallback", 1, HResult.ERROR_ACCESS_DENIED)
    with pytest.raises(Unavailable):
        ComputeSystem.open("box", timeout=5)
    assert world.calls == [*OPENED, "HcsCloseComputeSystem"]
    world.expect_left(living=1)
