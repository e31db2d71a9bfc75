"""Errands run soon or later, none is held up by one that blocks, and idle threads end."""

from __future__ import annotations

import threading
import time

import pytest

from cloche.errors import NotSupported
from cloche_hcs.background import Background


def threads() -> int:
    return sum(thread.name == "cloche-hcs" for thread in threading.enumerate())


def test_an_errand_runs_on_another_thread() -> None:
    ran: list[threading.Thread] = []
    done = threading.Event()
    Background().soon(lambda: (ran.append(threading.current_thread()), done.set()))
    assert done.wait(10)
    assert ran != [threading.current_thread()]
    assert ran[0].daemon


def test_errands_come_in_the_order_they_are_due() -> None:
    background = Background()
    order: list[str] = []
    done = threading.Event()
    background.later(0.4, lambda: (order.append("late"), done.set()))
    background.later(0.2, lambda: order.append("middle"))
    background.soon(lambda: order.append("soon"))
    assert done.wait(10)
    assert order == ["soon", "middle", "late"]


def test_one_that_blocks_holds_up_no_other() -> None:
    background = Background()
    gate, done = threading.Event(), threading.Event()
    for _ in range(3):
        background.soon(lambda: gate.wait(10))
    background.later(0.05, done.set)
    assert done.wait(5)
    gate.set()


def test_many_that_wait_for_their_time_need_one_thread() -> None:
    background = Background()
    before = threads()
    count = threading.Semaphore(0)
    for _ in range(500):
        background.later(0.3, count.release)
    assert threads() - before <= 1
    for _ in range(500):
        assert count.acquire(timeout=10)


def test_idle_threads_end_and_start_again() -> None:
    background = Background()
    done = threading.Event()
    background.soon(done.set)
    assert done.wait(10)
    deadline = time.monotonic() + 10
    while background._threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert background._threads == 0
    again = threading.Event()
    background.soon(again.set)
    assert again.wait(10)


def test_a_result_that_comes_in_time_is_returned() -> None:
    assert Background().within(10, lambda: 7) == 7


def test_an_error_that_comes_in_time_is_raised() -> None:
    def refuse() -> int:
        raise NotSupported("no")

    with pytest.raises(NotSupported):
        Background().within(10, refuse)


def test_what_takes_longer_goes_on_alone() -> None:
    gate, done = threading.Event(), threading.Event()

    def slow() -> int:
        gate.wait(10)
        done.set()
        return 7

    assert Background().within(0.05, slow) is None
    gate.set()
    assert done.wait(10)


def test_an_errand_that_raises_is_told_and_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda raised: told.set())
    background = Background()
    done = threading.Event()

    def broken() -> None:
        raise RuntimeError("a bug")

    background.soon(broken)
    background.later(0.1, done.set)
    assert done.wait(10)
    assert told.wait(10)
