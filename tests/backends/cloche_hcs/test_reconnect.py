"""A lost service is tried again, with growing pauses, until it is back or given up."""

from __future__ import annotations

import threading

import pytest

from cloche.errors import BackendError, ClocheError
from cloche_hcs.deadline import Deadline
from cloche_hcs.reconnect import PAUSES, Reconnection


class Flaky:
    """Fails so many attempts."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.attempts = 0
        self.given_up: list[ClocheError] = []

    def attempt(self) -> None:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise BackendError(f"attempt {self.attempts}")


def reconnection(flaky: Flaky, pauses: tuple[float, ...] = (0.0, 0.01, 0.02)) -> Reconnection:
    return Reconnection(flaky.attempt, flaky.given_up.append, pauses)


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_it_goes_on_until_it_works(failures: int) -> None:
    flaky = Flaky(failures)
    again = reconnection(flaky)
    again.begin()
    assert again.wait(Deadline(10))
    assert flaky.attempts == failures + 1
    assert flaky.given_up == []


def test_it_ends_with_the_last_error() -> None:
    flaky = Flaky(99)
    again = reconnection(flaky)
    again.begin()
    assert again.wait(Deadline(10))
    assert flaky.attempts == 3
    assert [str(error) for error in flaky.given_up] == ["attempt 3"]


def test_a_loss_during_an_attempt_leads_to_another() -> None:
    flaky = Flaky(0)
    again: Reconnection
    losses = iter([lambda: again.begin()])

    def attempt() -> None:
        flaky.attempt()
        for lose in losses:
            lose()

    again = Reconnection(attempt, flaky.given_up.append, (0.0,))
    again.begin()
    assert again.wait(Deadline(10))
    assert flaky.attempts == 2


def test_many_who_tell_of_one_loss_cause_one_round() -> None:
    flaky = Flaky(0)
    again = reconnection(flaky, pauses=(0.2,))
    tellers = [threading.Thread(target=again.begin) for _ in range(20)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert again.wait(Deadline(10))
    assert flaky.attempts == 1


def test_who_waits_is_held_up_no_longer_than_asked() -> None:
    flaky = Flaky(99)
    again = reconnection(flaky, pauses=(0.0, 1.0))
    assert again.wait(Deadline(0.0))
    again.begin()
    assert not again.wait(Deadline(0.05))


def test_pauses_grow() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert 10 < sum(PAUSES) < 60
