"""A service that goes away is opened again before anybody is told that something is lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from cloche.errors import BackendError, ClocheError
from cloche.exit import ExitStatus, Reason

if TYPE_CHECKING:
    from .conftest import World


def test_exits_are_waited_for_while_the_service_restarts(world: World) -> None:
    system = world.running()
    process = world.process(system)
    world.lose()
    time.sleep(0.2)
    assert system.exited.poll() is None
    assert process.exit.poll() is None
    world.restore()
    process.terminate()
    assert process.exit.wait(10).code == 1067
    system.end()
    assert system.exited.wait(0) == ExitStatus(None)
    system.close()


def test_what_ended_meanwhile_is_lost(world: World) -> None:
    system = world.running()
    process = world.process(system)
    world.lose()
    world.notify("box", 1)
    time.sleep(0.1)
    world.restore()
    assert system.exited.wait(10).reason is Reason.LOST
    assert process.exit.wait(10).reason is Reason.LOST
    system.end()
    system.close()


def test_a_call_waits_for_the_service_within_its_limit(world: World) -> None:
    system = world.running()
    process = world.process(system)
    world.lose()
    time.sleep(0.1)
    threading.Timer(0.3, world.restore).start()
    assert system.properties()["Id"] == "box"
    process.close_stdin()
    world.put_away(system)


@pytest.mark.parametrize("code", ["0x800706BA", "0x800706BE", "0x8037011E"])
def test_an_answer_that_the_service_is_lost_opens_it_again(world: World, code: str) -> None:
    world.rule("fault", "HcsGetComputeSystemProperties", 1, code)
    system = world.running()
    world.forget()
    with pytest.raises(BackendError):
        system.properties()
    assert system.properties()["Id"] == "box"
    assert world.calls == [
        "HcsGetComputeSystemProperties",
        "HcsUnregisterComputeSystemCallback",
        "HcsCloseComputeSystem",
        "HcsOpenComputeSystem",
        "HcsRegisterComputeSystemCallback",
        "HcsGetComputeSystemProperties",
    ]
    world.put_away(system)


def test_an_operation_under_way_fails_when_the_service_goes(world: World) -> None:
    world.rule("notify", "SystemPauseCompleted", "*", "swallow")
    system = world.running()
    threading.Timer(0.2, world.lose).start()
    before = time.monotonic()
    with pytest.raises(BackendError):
        system.pause()
    assert time.monotonic() - before < 4
    world.restore()
    world.put_away(system)


def test_a_service_that_never_comes_back_is_an_error_for_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = world.running(timeout=1)
    process = world.process(system)
    monkeypatch.setattr(system._here._reconnection, "_pauses", (0.0, 0.05, 0.05))
    world.lose()
    for ending in (system.exited, process.exit):
        with pytest.raises(BackendError):
            ending.wait(10)
    with pytest.raises(ClocheError):
        system.properties()
    world.restore()
    assert system.properties()["Id"] == "box"
    system.end()
    system.close()


def test_many_systems_wait_for_the_service_without_a_thread_each(world: World) -> None:
    systems = [world.running(id=f"box-{number}") for number in range(40)]
    before = threading.active_count()
    world.lose()
    time.sleep(0.1)
    assert threading.active_count() - before < 45
    world.restore()
    for system in systems:
        assert system.properties()["Id"] == system.id
        world.put_away(system)
