"""The decisions by which we differ from the first implementation: one small rule each.

A rule rewrites a golden trace into what is expected of us, and names the places that it may touch;
anything else that it changed would be a fault of the rule. Where a golden trace is not what the
first implementation does there, the rule raises Unlike: it makes nothing up.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from replaying.changing import changed_paths, is_named
from replaying.golden import Golden, Unlike
from replaying.meanings import meaning
from replaying.rules import (
    d01,
    d02,
    d03,
    d04,
    d05,
    d06,
    d07,
    d08,
    d09,
    d10,
    d11,
    d12,
    d13,
    d14,
    d15,
)
from replaying.soundness import check_soundness
from replaying.trace import Contradiction, Trace

__all__ = ["RULES", "Overreach", "Rule", "expect"]


class Overreach(AssertionError):
    """A rule changed what it does not name."""


@dataclass(frozen=True)
class Rule:
    """One decision."""

    name: str
    #: The places that it may change.
    paths: tuple[str, ...]
    rewrite: Callable[[Golden], None]

    @classmethod
    def of(cls, module: ModuleType) -> Rule:
        """The rule that a module holds."""
        name = module.__name__.rpartition(".")[2]
        return cls(f"D{int(name[1:])}", module.PATHS, module.rewrite)

    def apply(self, golden: Golden, *, watched: bool = True) -> bool:
        """Rewrite; whether anything changed. Raises Overreach; not ``watched``, nobody looks."""
        if not watched:
            self.rewrite(golden)
            return False
        before = deepcopy(golden.trace)
        self.rewrite(golden)
        changed = changed_paths(before, golden.trace)
        beyond = sorted(path for path in changed if not is_named(path, self.paths))
        if beyond:
            raise Overreach(f"{self.name} changes {', '.join(beyond)}")
        return bool(changed)


#: In the order in which they are applied: what is refused or left out first, additions last.
RULES = tuple(
    map(Rule.of, (d11, d03, d05, d08, d04, d02, d10, d07, d12, d14, d13, d01, d09, d06, d15))
)


def expect(
    golden: Trace, rules: tuple[Rule, ...] = RULES, *, watched: bool = True
) -> tuple[Trace, list[str]]:
    """What is expected of us, and (``watched``) the names of the rules that changed something.

    Raises Unlike for a trace that the first implementation could not have left, Contradiction for
    one that nobody could.
    """
    check_soundness(golden)
    try:
        return _expect(Golden(deepcopy(golden)), rules, watched=watched)
    except Contradiction:
        raise
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise Unlike(f"not of the shape that rules know: {error!r}") from error


def _expect(
    rewritten: Golden, rules: tuple[Rule, ...], *, watched: bool
) -> tuple[Trace, list[str]]:
    furnish(rewritten)
    for step, result in enumerate(rewritten.results):
        mean(result.values, failed_in(rewritten, step))
    applied = [rule.name for rule in rules if rule.apply(rewritten, watched=watched)]
    rewritten.renumber_faults()
    return rewritten.trace, sorted(applied, key=lambda name: int(name[1:]))


def mean(values: dict[str, Any], failed: str | None) -> None:
    """Say errors in our words."""
    if isinstance(values.get("error"), dict):
        values["error"] = meaning(values["error"], failed)
    if isinstance(values.get("async"), dict):
        mean(values["async"], failed)


def failed_in(golden: Golden, step: int) -> str | None:
    """The function that failed first in a step."""
    return next((call.fn for call in golden.of_step(step) if not call.succeeded), None)


def furnish(golden: Golden) -> None:
    """Make the folders of layers that the first implementation never looked at: we do."""
    setup = golden.scenario["setup"]
    for call in golden.named("CreateSandboxLayer"):
        below = call.args["descriptors"]
        assert isinstance(below, list)
        if call.succeeded:
            missing = [each["Path"] for each in below if each["Path"] not in setup["dirs"]]
            setup["dirs"] = [*setup["dirs"], *missing]
