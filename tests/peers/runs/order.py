"""The order of a run that several workers share: what takes long begins first.

Otherwise it comes when its turn does, and the last of it is waited for by everybody. Worth what it
costs with `--dist worksteal`, which gives each worker one piece of the list to begin with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import Protocol, TypeVar

import pytest

__all__ = ["LongestFirst"]

#: What takes a minute and more.
LONGEST = ("tests/windows/golden/test_replays.py", "tests/guest/", "tests/packaging/")


class Timed(Protocol):
    """What is known of a test before it runs."""

    nodeid: str

    def get_closest_marker(self, name: str) -> object: ...


T = TypeVar("T", bound=Timed)


class LongestFirst:
    """Lets every worker begin with its share of the slow tests."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        if workers > 1:
            items[:] = dealt(items, workers)


def dealt(tests: Sequence[T], workers: int) -> list[T]:
    """Deal the slow tests, file by file, and fill up with the others as they come."""
    slow = [test for test in tests if test.get_closest_marker("slow")]
    hands: list[list[T]] = [[] for _ in range(workers)]
    for turn, file in enumerate(sorted(_files(slow), key=_rank)):
        hands[turn % workers].extend(file)
    others = iter([test for test in tests if not test.get_closest_marker("slow")])
    for hand, size in zip(hands, _sizes(len(tests), workers), strict=True):
        hand.extend(islice(others, max(0, size - len(hand))))
    return [test for hand in hands for test in hand] + [*others]


def _files(tests: Iterable[T]) -> list[list[T]]:
    return [list(group) for _, group in groupby(tests, lambda test: test.nodeid.split("::")[0])]


def _rank(file: Sequence[Timed]) -> int:
    """The place in the list above; all others come behind it."""
    begins = [file[0].nodeid.startswith(place) for place in LONGEST]
    return begins.index(True) if True in begins else len(begins)


def _sizes(tests: int, workers: int) -> list[int]:
    """How many tests each worker is given to begin with."""
    sizes = []
    for left in range(workers, 0, -1):
        sizes.append(tests // left)
        tests -= sizes[-1]
    return sizes
