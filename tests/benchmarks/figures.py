"""What a benchmark finds: rows of figures, and how ours compare with the goals."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from contenders import Samples

__all__ = ["Goal", "Row", "Table", "Verdict", "row", "verdict"]


class Goal(Enum):
    """On which side of its bound a ratio should be."""

    AT_MOST = "≤"
    AT_LEAST = "≥"

    def is_met(self, value: float, bound: float) -> bool:
        compare: Callable[[float, float], bool] = (
            operator.le if self is Goal.AT_MOST else operator.ge
        )
        return compare(value, bound)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A contender's figures in the unit of the table."""

    name: str
    median: float
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A ratio, and the goal for it; no goal where there is only something to know."""

    name: str
    value: float
    goal: Goal = Goal.AT_MOST
    bound: float | None = None
    unit: str = "x"
    #: The same of what a tenth of the times is below: nearer to a quiet machine's on a busy one.
    quick: float | None = None

    @property
    def is_met(self) -> bool:
        return self.bound is None or self.goal.is_met(self.value, self.bound)


@dataclass(frozen=True, kw_only=True)
class Table:
    """All figures of one benchmark."""

    title: str
    unit: str
    rows: Sequence[Row]
    verdicts: Sequence[Verdict] = ()
    #: What is to be known about the figures: whom a difference favours.
    notes: Sequence[str] = ()


def row(name: str, samples: Samples, scale: float = 1000, note: str = "") -> Row:
    """A row of times; milliseconds unless scaled otherwise."""
    low, high = samples.spread
    return Row(
        name=name, median=samples.median * scale, low=low * scale, high=high * scale, note=note
    )


def verdict(
    times: Mapping[str, Mapping[str, Samples]], ours: str, theirs: str, bound: float | None = None
) -> list[Verdict]:
    """Our time in theirs; nothing if they did not take part."""
    if ours not in times or theirs not in times:
        return []
    one, other = times[ours]["total"], times[theirs]["total"]
    return [
        Verdict(
            name=f"{ours} / {theirs}",
            value=one.median / other.median,
            bound=bound,
            quick=one.spread[0] / other.spread[0],
        )
    ]
