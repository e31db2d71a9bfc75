"""Several workers begin with what takes long, each with its share."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from runs.order import LONGEST, dealt


@dataclass(frozen=True)
class Test:
    __test__ = False

    nodeid: str
    slow: bool = False

    def get_closest_marker(self, name: str) -> object:
        return self.slow or None


QUICK = [Test(f"tests/a/test_{file}.py::test_{n}") for file in range(20) for n in range(9)]
SLOW = [
    *(Test(f"tests/b/test_{n}.py::test_{each}", slow=True) for n in range(5) for each in "xy"),
    *(Test(f"{place}test_{n}.py::test", slow=True) for place in LONGEST[1:] for n in range(2)),
    Test(f"{LONGEST[0]}::test", slow=True),
]


def pieces(tests: list[Test], workers: int) -> list[list[Test]]:
    """As `--dist worksteal` divides them."""
    divided = []
    for left in range(workers, 0, -1):
        divided.append(tests[: len(tests) // left])
        tests = tests[len(tests) // left :]
    return divided


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_every_test_is_run_once(workers) -> None:
    found = dealt(QUICK + SLOW, workers)
    assert sorted(each.nodeid for each in found) == sorted(t.nodeid for t in QUICK + SLOW)


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_each_begins_with_slow_ones_and_has_no_more_of_them_later(workers) -> None:
    for piece in pieces(dealt(QUICK + SLOW, workers), workers):
        slow = [each.slow for each in piece]
        assert slow[0]
        assert slow == sorted(slow, reverse=True)


def test_the_longest_begin_at_once() -> None:
    first = [piece[0].nodeid for piece in pieces(dealt(QUICK + SLOW, 3), 3)]
    assert [each.startswith(LONGEST) for each in first] == [True] * 3


def test_tests_of_one_file_stay_together() -> None:
    found = [each.nodeid.split("::")[0] for each in dealt(SLOW, 2)]
    assert all(found.index(file) + found.count(file) > i for i, file in enumerate(found))


def test_more_slow_ones_than_a_worker_has_are_run_all_the_same() -> None:
    few = [*QUICK[:2], *SLOW]
    assert sorted(each.nodeid for each in dealt(few, 4)) == sorted(each.nodeid for each in few)
