"""Calls run on threads that can be given up; whatever hangs, its caller gets an answer in time."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec, InvalidState, TimedOut
from cloche_hcs import calling
from cloche_hcs.calling import TIMEOUT_VARIABLE, call, default_timeout, quarantined

handles = itertools.count(1_000_000)


@pytest.fixture
def hang() -> Iterator[Callable[..., str]]:
    """A function that does not return before the test is over."""
    over = threading.Event()

    def hang(*_arguments: object) -> str:
        assert over.wait(30)
        return "late"

    yield hang
    over.set()


def until(condition: Callable[[], bool]) -> bool:
    """Wait for what must come soon."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_what_a_call_returns_is_returned() -> None:
    assert call(divmod, 7, 2) == (3, 1)


def test_what_a_call_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        call(divmod, 7, 0)


def test_a_call_runs_on_a_thread_of_its_own() -> None:
    assert call(threading.get_ident) != threading.get_ident()


def test_calls_within_a_call_run_in_its_thread() -> None:
    """What a thread has, privileges among it, they have."""

    def outer() -> tuple[int, int]:
        return threading.get_ident(), call(threading.get_ident)

    one, other = call(outer)
    assert one == other


def test_one_call_after_the_other_needs_one_thread() -> None:
    call(threading.get_ident)
    assert len({call(threading.get_ident) for _ in range(100)}) == 1


def test_a_call_that_does_not_return_ends_for_its_caller(hang: Callable[..., str]) -> None:
    before = time.monotonic()
    with pytest.raises(TimedOut, match=r"hang has not returned after 0\.2 seconds") as error:
        call(hang, timeout=0.2)
    assert 0.15 < time.monotonic() - before < 10
    assert error.value.operation == "hang"
    assert call(divmod, 7, 2) == (3, 1)


def test_its_handle_is_never_used_again(hang: Callable[..., str]) -> None:
    handle = next(handles)
    assert not quarantined(handle)
    with pytest.raises(TimedOut):
        call(hang, handle, timeout=0.05)
    assert quarantined(handle)
    with pytest.raises(InvalidState, match="an earlier call with this handle has never returned"):
        call(abs, handle)
    assert call(abs, next(handles)) > handle


def test_a_handle_is_free_again_when_all_its_calls_have_returned() -> None:
    handle = next(handles)
    gates = [threading.Event(), threading.Event()]

    def slow(_handle: int, gate: int) -> None:
        assert gates[gate].wait(30)

    def give_up(gate: int) -> None:
        with pytest.raises(TimedOut):
            call(slow, handle, gate, timeout=0.2)

    threads = [threading.Thread(target=give_up, args=(gate,)) for gate in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    gates[0].set()
    time.sleep(0.1)
    assert quarantined(handle)
    gates[1].set()
    assert until(lambda: not quarantined(handle))
    assert call(abs, handle) == handle


def test_other_arguments_are_no_handles(hang: Callable[..., str]) -> None:
    number = next(handles)
    with pytest.raises(TimedOut):
        call(hang, "id", number, timeout=0.05)
    assert call(abs, number) == number


def test_what_comes_late_goes_to_who_looks_after_it() -> None:
    go, came = threading.Event(), list[str]()

    def slow() -> str:
        assert go.wait(30)
        return "handle"

    with pytest.raises(TimedOut):
        call(slow, timeout=0.05, late=came.append)
    assert came == []
    go.set()
    assert until(lambda: came == ["handle"])


def test_what_comes_in_time_is_never_late() -> None:
    came: list[int] = []
    for number in range(200):
        assert call(abs, -number, late=came.append) == number
    assert came == []


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.002])
def test_what_comes_just_then_is_either_returned_or_late(seconds: float) -> None:
    """Never both, never neither."""
    came: list[object] = []

    def slow(result: object) -> object:
        time.sleep(0.001)
        return result

    for _ in range(50):
        expected = object()
        try:
            assert call(slow, expected, timeout=seconds, late=came.append) is expected
            assert expected not in came
        except TimedOut:
            assert until(lambda wanted=expected: wanted in came)


def test_many_callers_at_once_each_get_their_own() -> None:
    wrong: list[tuple[int, int]] = []

    def calls(base: int) -> None:
        for number in range(base, base + 200):
            if (got := call(abs, -number)) != number:
                wrong.append((got, number))

    threads = [threading.Thread(target=calls, args=(1000 * n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)


def test_what_was_called_with_is_not_kept() -> None:
    class Argument:
        pass

    argument = Argument()
    gone = weakref.ref(argument)
    call(id, argument)
    del argument
    assert until(lambda: gone() is None)


def test_a_failing_look_after_what_is_late_is_told_and_harms_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go, told = threading.Event(), list[object]()
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    def fail(_result: object) -> None:
        raise RuntimeError("of who looks after it")

    with pytest.raises(TimedOut):
        call(go.wait, timeout=0.05, late=fail)
    workers = set(calling._workers)
    go.set()
    assert until(lambda: len(told) == 1)
    assert until(lambda: calling._workers.keys() < workers)
    assert call(abs, -1) == 1


def test_after_many_at_once_few_threads_stay() -> None:
    gate = threading.Barrier(41)
    threads = [threading.Thread(target=call, args=(gate.wait,)) for _ in range(40)]
    for thread in threads:
        thread.start()
    gate.wait(30)
    for thread in threads:
        thread.join(30)
    seen = {call(threading.get_ident) for _ in range(100)}
    assert len(seen) <= 8


def test_ctrl_c_gets_through_and_its_call_is_looked_after() -> None:
    go, came = threading.Event(), list[str]()

    def slow() -> str:
        assert go.wait(30)
        return "handle"

    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call(slow, timeout=20, late=came.append)
    go.set()
    assert until(lambda: came == ["handle"])


# How long


def test_calls_have_four_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TIMEOUT_VARIABLE, raising=False)
    assert default_timeout() == 240
    monkeypatch.setenv(TIMEOUT_VARIABLE, "")
    assert default_timeout() == 240


def test_a_variable_says_how_long_they_have(
    monkeypatch: pytest.MonkeyPatch, hang: Callable[..., str]
) -> None:
    monkeypatch.setenv("CLOCHE_HCS_TIMEOUT", "0.125")
    with pytest.raises(TimedOut, match=r"after 0\.125 seconds"):
        call(hang)


@pytest.mark.parametrize("given", ["0", "-1", "soon", "nan", "inf", "1e9", "4 min"])
def test_what_is_no_number_of_seconds_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCHE_HCS_TIMEOUT", given)
    with pytest.raises(InvalidSpec, match="is no number of seconds") as error:
        default_timeout()
    assert error.value.path == "CLOCHE_HCS_TIMEOUT"


@given(st.floats(min_value=1e-3, max_value=999_999))
def test_any_sensible_number_of_seconds_is_taken(seconds: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOCHE_HCS_TIMEOUT", repr(seconds))
        assert default_timeout() == seconds


# What it costs


def test_twenty_calls_cost_less_than_two_milliseconds_of_processor_time() -> None:
    """A container's life is about twenty calls; the best of several rounds is not the noise."""
    assert min(_cost_of_twenty() for _ in range(20)) < 0.002


def _cost_of_twenty() -> float:
    before = time.process_time()
    for _ in range(1000):
        call(abs, -1)
    return (time.process_time() - before) / 50
