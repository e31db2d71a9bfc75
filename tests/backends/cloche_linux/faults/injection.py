"""Faults put into plans on their way to the helper."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from cloche_linux.plan import Plan
from cloche_linux.steps import Step

#: Nothing of ours ever fails by itself with this one, so to see it is to see the fault.
FAULT = 76  # ENOTUNIQ

_HEADER = struct.Struct("<IHHI20x")
_RECORD = struct.Struct("<HHiQQQIIIIIIII")


class Point(NamedTuple):
    """A step of a plan, and the path that it is about; empty if it is about none."""

    step: Step
    path: str


def points_of(plan: bytes) -> tuple[Point, ...]:
    """The steps of an encoded plan, in their order."""
    count = _HEADER.unpack_from(plan)[3]
    records = [_RECORD.unpack_from(plan, 32 + 64 * number) for number in range(count)]
    text = plan[32 + 64 * count :]
    return tuple(
        Point(Step(record[0]), text[record[6] : record[6] + record[7]].decode())
        for record in records
    )


@dataclass
class Injector:
    """Sees all plans, and makes one step of those that are meant fail."""

    #: A step that tells the plans that are meant.
    sign: Step = Step.PROPAGATION
    step: Step | None = None
    occurrence: int = 1
    seen: list[tuple[Point, ...]] = field(default_factory=list)

    def encode(self, plan: Plan, original: Callable[[Plan], bytes]) -> bytes:
        """Encode a plan, with a fault if it is meant and one is armed."""
        points = points_of(original(plan))
        if any(point.step is self.sign for point in points):
            self.seen.append(points)
            if self.step is not None:
                plan.inject(self.step, FAULT, self.occurrence)
        return original(plan)
