"""Interrupts are held back where they could do harm, and lost nowhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from cloche.interrupts import interruptible, shielded


@pytest.fixture(autouse=True)
def as_python_begins() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_is_raised_when_the_shield_is_left() -> None:
    done = []

    def act() -> None:
        with shielded():
            interrupt()
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        act()
    assert done == ["all of it"]


def wait_interrupted(done: list[str]) -> None:
    with interruptible():
        interrupt()
        done.append("never")


def test_without_a_shield_it_is_raised_at_once() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        wait_interrupted(done)
    assert done == []


def test_where_somebody_waits_it_is_raised_at_once() -> None:
    done: list[str] = []
    with shielded():
        with pytest.raises(KeyboardInterrupt):
            wait_interrupted(done)
        done.append("cleared up")
    assert done == ["cleared up"]


def test_what_was_held_back_is_raised_before_the_waiting_begins() -> None:
    with shielded():
        interrupt()
        with pytest.raises(KeyboardInterrupt), interruptible():
            pytest.fail("it waited")


def test_a_shield_within_the_waiting_holds_back_again() -> None:
    done = []

    def act() -> None:
        with interruptible():
            with shielded():
                interrupt()
                done.append("held")
            done.append("never")

    with shielded(), pytest.raises(KeyboardInterrupt):
        act()
    assert done == ["held"]


def test_a_shield_within_a_shield_leaves_the_raising_to_the_outer_one() -> None:
    done = []

    def act() -> None:
        with shielded():
            with shielded():
                interrupt()
            done.append("still held")

    with pytest.raises(KeyboardInterrupt):
        act()
    assert done == ["still held"]


def test_several_interrupts_are_one() -> None:
    def act() -> None:
        with shielded():
            interrupt()
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        act()
    with shielded():
        pass


def test_an_error_is_kept_as_the_interrupts_context() -> None:
    def act() -> None:
        with shielded():
            interrupt()
            raise ValueError("first")

    with pytest.raises(KeyboardInterrupt) as caught:
        act()
    assert isinstance(caught.value.__context__, ValueError)


def test_a_handler_of_the_programs_own_is_called_once_at_the_end() -> None:
    seen: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    with shielded():
        interrupt()
        assert seen == []
    assert seen == [signal.SIGINT]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with shielded(), interruptible():
        interrupt()
    assert signal.signal(signal.SIGINT, signal.default_int_handler) is signal.SIG_IGN


def test_other_threads_hold_nothing_back() -> None:
    """Interrupts are the main thread's; a shield elsewhere changes nothing for it."""
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with shielded():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(5)
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    leave.set()
    thread.join()
