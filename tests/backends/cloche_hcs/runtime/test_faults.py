"""Whatever call of a life goes wrong, and however: an error of ours, and a clean end."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from cloche.errors import ClocheError, NotFound

_LIFE = [
    "HcsCreateComputeSystem",
    "HcsRegisterComputeSystemCallback",
    "HcsStartComputeSystem",
    "HcsCreateProcess",
    "HcsRegisterProcessCallback",
    "HcsModifyProcess",
    "HcsGetComputeSystemProperties",
    "HcsShutdownComputeSystem",
    "HcsGetProcessProperties",
    "HcsTerminateComputeSystem",
    "HcsUnregisterProcessCallback",
    "HcsCloseProcess",
    "HcsUnregisterComputeSystemCallback",
    "HcsCloseComputeSystem",
]
_TOLD = ["SystemCreateCompleted", "SystemStartCompleted", "ProcessExited", "SystemExited"]
#: Where the service refuses to take something back, it stays the service's.
_KEPT = {
    "HcsUnregisterProcessCallback": "callbacks",
    "HcsUnregisterComputeSystemCallback": "callbacks",
    "HcsCloseProcess": "processes",
    "HcsCloseComputeSystem": "systems",
}
#: Seconds that an operation may take here, and a whole life in which one goes wrong.
_TIMEOUT, _LIMIT = 1.0, 15.0


def test_the_life_makes_every_call_that_is_swept(bench: Any, unconnected: Any) -> None:
    """Termination is what follows when something else has failed."""
    _live(bench, unconnected)
    assert set(_LIFE) - set(bench.service.functions()) == {"HcsTerminateComputeSystem"}


@pytest.mark.parametrize("code", ["0x80070057", "0xC0370105", "0x80070005"])
@pytest.mark.parametrize("function", _LIFE)
def test_a_call_that_is_refused(bench: Any, unconnected: Any, function: str, code: str) -> None:
    bench.service.steer(f"fault\t{function}\t1\t{code}", *_before(function))
    bench.service.expect_left(*_kept(function))
    _goes_well_in_the_end(bench, unconnected)


@pytest.mark.parametrize("action", ["0x80070057", "swallow", "early", "duplicate", "reordered"])
@pytest.mark.parametrize("told", _TOLD)
def test_a_notification_that_is_not_as_it_should_be(
    bench: Any, unconnected: Any, told: str, action: str
) -> None:
    bench.service.steer(f"notify\t{told}\t1\t{action}")
    _goes_well_in_the_end(bench, unconnected)


@pytest.mark.parametrize("function", _LIFE)
def test_a_call_in_which_the_service_is_lost(bench: Any, unconnected: Any, function: str) -> None:
    bench.service.steer(f"disconnect\t{function}\t1", *_before(function))
    bench.service.expect_left(*_kept(function))
    _goes_well_in_the_end(bench, unconnected)


@pytest.mark.parametrize("function", _LIFE)
def test_a_call_that_does_not_return_in_time(bench: Any, unconnected: Any, function: str) -> None:
    """It returns when all has been given up, and what it made then is taken back."""
    bench.service.steer(f"hang\t{function}\t1", *_before(function))
    _goes_well_in_the_end(bench, unconnected)


def _kept(function: str) -> list[str]:
    return [_KEPT[function]] if function in _KEPT else []


def _before(function: str) -> list[str]:
    """What must have gone wrong before it comes to that call."""
    terminates = function == "HcsTerminateComputeSystem"
    return ["fault\tHcsShutdownComputeSystem\t1\t0xC0370105"] if terminates else []


def _goes_well_in_the_end(bench: Any, unconnected: Any) -> None:
    began = time.monotonic()
    with suppress(ClocheError):  # any other is a failure
        _live(bench, unconnected)
    assert time.monotonic() - began < _LIMIT
    bench.service.release()
    bench.service.restore()
    _remove(bench)
    assert bench.service.counts()["living"] == 0


def _live(bench: Any, unconnected: Any) -> None:
    container = bench.create(bench.request(timeout=_TIMEOUT))
    try:
        container.start(unconnected())
        container.errand()
        container.delete()
    finally:
        container.close()


def _remove(bench: Any) -> None:
    """As another process does, which has nothing but the record."""
    try:
        found = bench.load()
    except NotFound:
        return
    found.delete()
    found.close()
