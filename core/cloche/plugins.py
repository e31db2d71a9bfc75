"""Find plug-ins, check them, and probe what they offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cloche.runtime import Capability

__all__ = ["Backend", "PluginWarning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """What is known about one installed backend on this machine."""

    kind: Literal["runtime", "layer store", "stdio driver"]
    name: str
    available: bool
    #: 0 to 100; None where it is not available.
    score: int | None = None
    #: Why it is not available, in one line.
    reason: str | None = None
    #: What would make it available.
    remedy: str | None = None
    #: What it can do here (runtimes only).
    capabilities: frozenset[Capability] = frozenset()
    #: What it could do elsewhere, each with the reason why not here.
    missing: tuple[tuple[Capability, str], ...] = ()
    notes: tuple[str, ...] = ()
    #: The distribution it comes from, and its version.
    distribution: str | None = None
    version: str | None = None


class PluginWarning(UserWarning):
    """A plug-in is broken and left out, or one of its observers failed; the text names it."""
