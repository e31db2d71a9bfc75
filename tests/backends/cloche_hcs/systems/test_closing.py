"""Handles are released at a known point, in order, and whoever waits learns of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from cloche.errors import CleanupFailed, ClocheError, InvalidState, TimedOut, Unavailable
from cloche_hcs.hresult import HResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.system import ComputeSystem

    from .conftest import World

PROCESS_RELEASED = ["HcsUnregisterProcessCallback", "HcsCloseProcess"]
RELEASED = ["HcsUnregisterComputeSystemCallback", "HcsCloseComputeSystem"]


def test_processes_are_closed_first_in_their_order(world: World) -> None:
    system = world.running()
    first, second = (world.process(system) for _ in range(2))
    system.end()
    world.forget()
    system.close()
    assert world.calls == [*PROCESS_RELEASED, *PROCESS_RELEASED, *RELEASED]
    closed = [call["process"] for call in world.all("HcsCloseProcess")]
    assert closed == ["process#1", "process#2"]
    assert first.exit.wait(0).code == second.exit.wait(0).code == 1067


def test_close_is_repeatable_and_ends_every_use(world: World) -> None:
    system = world.running()
    system.end()
    system.close()
    world.forget()
    system.close()
    for use in (system.start, system.properties, system.terminate):
        with pytest.raises(InvalidState):
            use()
    assert world.calls == []


def test_close_does_all_it_can_then_tells(world: World) -> None:
    world.rule("fault", RELEASED[0], 1, HResult.ERROR_ACCESS_DENIED)
    system = world.create()
    world.forget()
    with pytest.raises(CleanupFailed) as told:
        system.close()
    assert [type(problem) for problem in told.value.problems] == [Unavailable]
    assert world.calls == RELEASED
    world.expect_left(callbacks=1, living=1)


@pytest.mark.parametrize(
    "wait",
    [
        lambda system: system.exited.wait(10),
        lambda system: system.end(patience=10, timeout=10),
    ],
)
def test_close_unblocks_who_waits(world: World, wait: Callable[[ComputeSystem], object]) -> None:
    world.rule("notify", "SystemExited", "*", "held")
    system = world.running()
    threading.Timer(0.2, system.close).start()
    before = time.monotonic()
    with pytest.raises(ClocheError):
        wait(system)
    assert time.monotonic() - before < 5
    world.expect_left(living=None, held=None)


def test_a_handle_is_not_closed_under_a_call(world: World) -> None:
    world.rule("hang", "HcsGetComputeSystemProperties", 1, "before")
    system = world.running()
    asking = threading.Thread(target=system.properties)
    asking.start()
    world.wait_until(hanging=1)
    threading.Timer(0.2, world.release).start()
    system.close()
    asking.join()
    calls = world.calls
    assert calls.index("HcsGetComputeSystemProperties") < calls.index(RELEASED[0])
    world.expect_left(living=1)


@pytest.mark.parametrize("function", [*PROCESS_RELEASED, *RELEASED])
def test_a_release_that_hangs_holds_up_no_other(world: World, function: str) -> None:
    world.rule("hang", function, 1, "before")
    system = world.running(timeout=1)
    world.process(system)
    system.end()
    with pytest.raises(CleanupFailed) as told:
        system.close()
    assert [type(problem) for problem in told.value.problems] == [TimedOut]
    world.release()
    world.wait_until_empty()


def test_a_handle_whose_call_never_returned_is_replaced(world: World) -> None:
    world.rule("hang", "HcsGetComputeSystemProperties", 1)
    system = world.running(timeout=0.5)
    with pytest.raises(TimedOut):
        system.properties()
    assert system.properties()["Id"] == "box"
    system.end()
    system.close()
    world.release()
    world.wait_until_empty()
