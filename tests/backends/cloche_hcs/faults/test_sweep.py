"""Every call of a container's life fails in every way: a typed error in time, and nothing is left.

The points come from tables of the calls. That a table has every call of its life is a test; that
each fault was met is asserted by each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from cloche import Container, Engine
from cloche.errors import CleanupFailed, ClocheError, NotFound
from cloche.spec import Spec

#: Seconds that a life may take in which something goes wrong.
IN_TIME = 15.0
#: Seconds that what is under way then gets to come to an end.
SETTLED = 10.0
E_FAIL = 0x80004005
LOST = {0x800706BA, 0x800706BE}
FAULTS = ("error", "failed", "silence", "hang", "lost")
COUNTED = ("strings", "systems", "processes", "callbacks", "stdio", "living", "hanging")
LAYERS = ("activated", "prepared")
#: What the service refused to take back stays with it: nobody can change that.
REFUSED = {
    "HcsUnregisterProcessCallback": "callbacks",
    "HcsUnregisterComputeSystemCallback": "callbacks",
    "HcsCloseProcess": "processes",
    "HcsCloseComputeSystem": "systems",
    "UnprepareLayer": "prepared",
    "DeactivateLayer": "activated",
}
#: There is another way (terminate, an exit of which nothing is known), or nothing to be done.
GOT_OVER = {
    "HcsShutdownComputeSystem",
    "HcsGetProcessProperties",
    "HcsGetComputeSystemProperties",
    *REFUSED,
}
#: What these would have told is found out.
FOUND_OUT = {"SystemExited", "ProcessExited"}


class Point(NamedTuple):
    """One call of a life; what completes it, if that is told by a notification."""

    function: str
    nth: int = 1
    completion: str | None = None
    completion_nth: int = 1


MADE = (
    Point("NameToGuid"),
    Point("CreateSandboxLayer"),
    Point("ActivateLayer"),
    Point("PrepareLayer"),
    Point("GetLayerMountPath"),
    Point("GetLayerMountPath", 2),
    Point("HcsCreateComputeSystem", 1, "SystemCreateCompleted"),
    Point("HcsRegisterComputeSystemCallback"),
    Point("HcsStartComputeSystem", 1, "SystemStartCompleted"),
    Point("HcsCreateProcess"),
    Point("HcsRegisterProcessCallback"),
    Point("HcsModifyProcess"),
)
UNMADE = (Point("UnprepareLayer"), Point("DeactivateLayer"), Point("DestroyLayer"))
STOPPED = (
    *MADE,
    Point("HcsCreateProcess", 2),
    Point("HcsRegisterProcessCallback", 2),
    Point("HcsModifyProcess", 2),
    Point("HcsTerminateProcess", 1, "ProcessExited", 1),
    Point("HcsGetProcessProperties"),
    Point("HcsUnregisterProcessCallback"),
    Point("HcsCloseProcess"),
    Point("HcsPauseComputeSystem", 1, "SystemPauseCompleted"),
    Point("HcsResumeComputeSystem", 1, "SystemResumeCompleted"),
    Point("HcsShutdownComputeSystem", 1, "SystemExited"),
    Point("HcsGetProcessProperties", 2),
    Point("HcsGetComputeSystemProperties"),
    Point("HcsShutdownComputeSystem", 2),
    Point("HcsUnregisterProcessCallback", 2),
    Point("HcsCloseProcess", 2),
    Point("HcsUnregisterComputeSystemCallback"),
    Point("HcsCloseComputeSystem"),
    *UNMADE,
)
LEFT = (
    Point("HcsUnregisterProcessCallback"),
    Point("HcsCloseProcess"),
    Point("HcsUnregisterComputeSystemCallback"),
    Point("HcsCloseComputeSystem"),
)
KILLED = (
    *MADE,
    Point("HcsTerminateComputeSystem", 1, "SystemExited"),
    Point("HcsGetProcessProperties", 1, "ProcessExited"),
    Point("HcsGetComputeSystemProperties"),
    Point("HcsShutdownComputeSystem"),
    Point("HcsUnregisterProcessCallback"),
    Point("HcsCloseProcess"),
    Point("HcsUnregisterComputeSystemCallback"),
    Point("HcsCloseComputeSystem"),
    *UNMADE,
)
FOUND = (
    *MADE,
    *LEFT,
    Point("HcsOpenComputeSystem"),
    Point("HcsRegisterComputeSystemCallback", 2),
    Point("HcsOpenProcess"),
    Point("HcsRegisterProcessCallback", 2),
    Point("HcsGetProcessProperties"),
    Point("HcsGetComputeSystemProperties"),
    Point("HcsShutdownComputeSystem", 1, "SystemExited"),
    Point("HcsGetProcessProperties", 2, "ProcessExited"),
    Point("HcsUnregisterProcessCallback", 2),
    Point("HcsCloseProcess", 2),
    Point("HcsUnregisterComputeSystemCallback", 2),
    Point("HcsCloseComputeSystem", 2),
    *UNMADE,
)


class World:
    """The service, and an engine with one container."""

    def __init__(self, service: Any, make_engine: Callable[[], Engine], spec: Spec) -> None:
        self.service = service
        self.engine = make_engine()
        self._make_engine = make_engine
        self._spec = spec
        self._container: Container[bytes] | None = None

    def started(self, *, detached: bool = False) -> Container[bytes]:
        self._container = self.engine.create(self._spec, id="box", detached=detached)
        self._container.start()
        return self._container

    def found(self) -> Container[bytes]:
        """The same, as the next process has it."""
        if self._container is not None:
            self._container.close()
        self._container = self._make_engine().get("box")
        return self._container

    def clear(self) -> None:
        """Remove what there is; what fails once may be tried again."""
        mine = [] if self._container is None else [self._container]
        for _ in range(2):
            for container in (*mine, *self.engine.list(all=True)):
                with suppress(CleanupFailed, NotFound):
                    container.remove(force=True)
        assert self.engine.list(all=True) == []


def stopped(world: World) -> None:
    """Create and start, execute something and kill it, pause and resume, stop, remove."""
    container = world.started()
    executed = container.exec(["cmd", "/c", "dir"])
    executed.kill()
    executed.wait(5)
    executed.close()
    container.pause()
    container.resume()
    container.stop(timeout=2)
    container.remove()


def killed(world: World) -> None:
    """Create and start, kill, remove."""
    container = world.started()
    container.kill()
    container.wait(5)
    container.remove()


def found(world: World) -> None:
    """Create and start, leave; find it in another process, and remove it as it runs."""
    world.started(detached=True)
    world.found().remove(force=True)


LIVES: dict[Callable[[World], None], tuple[Point, ...]] = {
    stopped: STOPPED,
    killed: KILLED,
    found: FOUND,
}


@pytest.fixture
def world(make_engine: Callable[[], Engine], spec: Spec, service: Any) -> World:
    service.expect_left(*REFUSED.values())
    return World(service, make_engine, spec)


def points() -> Iterator[Any]:
    """Every point of the first life, and what others do besides; every fault it can have."""
    common: tuple[Point, ...] = ()
    for life, table in LIVES.items():
        for point in table:
            for fault in FAULTS if point not in common else ():
                if _can_have(point, fault):
                    name = f"{life.__name__}-{point.function}-{point.nth}-{fault}"
                    yield pytest.param(life, point, fault, id=name)
        common = (*MADE, *LEFT, *UNMADE)


def _can_have(point: Point, fault: str) -> bool:
    if fault in ("failed", "silence"):
        return point.completion is not None
    return fault == "error" or point.function.startswith("Hcs")


@pytest.mark.parametrize("life", [*LIVES])
def test_a_table_has_every_call_of_its_life(world: World, life: Callable[[World], None]) -> None:
    life(world)
    expected = [point.function for point in LIVES[life]]
    assert world.service.functions() == expected
    for place, point in enumerate(LIVES[life]):
        assert expected[: place + 1].count(point.function) == point.nth


@pytest.mark.slow
@pytest.mark.parametrize(("life", "point", "fault"), [*points()])
def test_a_fault_is_told_in_time_and_can_be_cleared_away(
    world: World, life: Callable[[World], None], point: Point, fault: str
) -> None:
    world.service.steer(rule_for(point, fault))
    before = time.monotonic()
    told: ClocheError | None = None
    try:
        life(world)
    except ClocheError as error:
        told = error
    assert (told is None) == is_got_over(point, fault), told
    assert time.monotonic() - before < IN_TIME
    assert comes_true(lambda: was_met(world.service, point, fault))
    world.service.release()
    world.service.restore()
    world.clear()
    allowed = {REFUSED[point.function]: 1} if fault == "error" and point.function in REFUSED else {}
    expect_left(world.service, allowed)


def is_got_over(point: Point, fault: str) -> bool:
    if fault in ("failed", "silence"):
        return point.completion in FOUND_OUT
    return fault != "lost" and point.function in GOT_OVER


def rule_for(point: Point, fault: str) -> str:
    match fault:
        case "error":
            fields: tuple[object, ...] = ("fault", point.function, point.nth, E_FAIL)
        case "failed":
            fields = ("notify", point.completion, point.completion_nth, E_FAIL)
        case "silence":
            fields = ("notify", point.completion, point.completion_nth, "swallow")
        case "hang":
            fields = ("hang", point.function, point.nth, "before")
        case _:
            fields = ("disconnect", point.function, point.nth)
    return "\t".join(map(str, fields))


def was_met(service: Any, point: Point, fault: str) -> bool:
    """Whether the fault did happen, at its point."""
    calls = [call for call in service.calls() if call.function == point.function]
    called = calls[point.nth - 1 : point.nth]
    notified = [each for each in service.notified() if each.type == point.completion]
    told = notified[point.completion_nth - 1 : point.completion_nth]
    match fault:
        case "error":
            return any(call.code == E_FAIL for call in called)
        case "failed":
            return any(each.status == E_FAIL for each in told)
        case "silence":
            return any(each.swallowed for each in told)
        case "hang":
            return bool(service.counts()["hanging"] == 1)
        case _:
            return any(call.code in LOST for call in called)


def comes_true(condition: Callable[[], bool]) -> bool:
    """Who does not wait for a notification may look before it is sent."""
    deadline = time.monotonic() + SETTLED
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def expect_left(service: Any, allowed: dict[str, int]) -> None:
    names = (*COUNTED, *LAYERS)
    deadline = time.monotonic() + SETTLED
    while left := {
        name: count for name in names if (count := service.counts()[name]) > allowed.get(name, 0)
    }:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
