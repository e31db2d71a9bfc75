"""What a probe answers: supported and how well, or not and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.runtime import Capability

__all__ = ["Supported", "Unsupported", "Verdict"]


class Supported(Value):
    """The backend works here."""

    #: 0 to the descriptor's ceiling; more is better.
    score: int
    #: Abilities that the descriptor claims and this machine lacks, each with its reason.
    missing: Mapping[Capability, str] = field(default_factory=dict)
    #: Things worth knowing that stop nothing (a workaround in use, a version).
    notes: tuple[str, ...] = ()


class Unsupported(Value):
    """The backend does not work here."""

    #: Why not, in one line.
    reason: str
    #: What would make it work, in one line; None where nothing would.
    remedy: str | None = None


Verdict: TypeAlias = Supported | Unsupported
