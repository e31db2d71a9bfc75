"""The verdict on one golden trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replaying.comparing import first_difference
from replaying.golden import Unlike
from replaying.recording import Unfinished
from replaying.rules import expect
from replaying.trace import Contradiction, Trace, read_trace

__all__ = ["Expectation", "Verdict", "expectation", "judge", "verdict"]


@dataclass(frozen=True)
class Expectation:
    """What is expected of us for one golden trace, by which decisions."""

    trace: Trace
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether we did what was expected."""

    name: str
    rules: tuple[str, ...] = ()
    difference: str | None = None

    def __str__(self) -> str:
        if self.difference is not None:
            return f"{self.name}: differs: {self.difference}"
        return f"{self.name}: {' '.join(['same', *(['but', *self.rules] if self.rules else [])])}"


def judge(
    paths: Sequence[Path],
    run: Callable[[Sequence[dict[str, Any]]], Sequence[Trace | Unfinished]],
) -> list[Verdict]:
    """Derive what is expected, run all scenarios, and compare."""
    expected = [expectation(path) for path in paths]
    played = [each for each in expected if isinstance(each, Expectation)]
    recorded = iter(run([each.trace.scenario for each in played]))
    return [
        verdict(path.stem, each, next(recorded))
        if isinstance(each, Expectation)
        else Verdict(path.stem, difference=each)
        for path, each in zip(paths, expected, strict=True)
    ]


def expectation(path: Path) -> Expectation | str:
    """What is expected for a golden trace; in words, why nothing can be."""
    try:
        trace, rules = expect(read_trace(path))
    except (Unlike, Contradiction) as error:
        return f"the golden trace itself: {error}"
    return Expectation(trace, tuple(rules))


def verdict(name: str, expected: Expectation, actual: Trace | Unfinished) -> Verdict:
    """Compare what was recorded with what was expected."""
    if isinstance(actual, Unfinished):
        return Verdict(name, expected.rules, str(actual))
    difference = first_difference(expected.trace, actual)
    return Verdict(name, expected.rules, None if difference is None else str(difference))
