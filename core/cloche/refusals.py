"""Why backends were not chosen, and the error that quotes all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ClocheError, NotSupported, Unavailable
from cloche.probe import Unsupported
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.probe import Verdict
    from cloche.runtime import Capability

__all__ = ["Refusal", "inability", "not_installed", "nothing_left", "refusal_of"]


class Refusal(Value):
    """Why one backend was not chosen."""

    name: str
    reason: str
    remedy: str | None = None
    #: It could never do this, on no machine.
    never: bool = False
    #: The capability that is missing here.
    missing: Capability | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def inability(capability: Capability) -> str:
    """Say in words what a runtime can't do that lacks ``capability``."""
    return _INABILITIES.get(capability.value, f"it can't do {capability.value}")


_INABILITIES = {
    "outlives": "its containers end with the process that made them",
    "hooks": "it runs no hooks",
}


def refusal_of(
    name: str, verdict: Verdict, needs: frozenset[Capability], asked_for: Mapping[Capability, str]
) -> Refusal | None:
    """Say what a verdict has against these needs; None for nothing."""
    if isinstance(verdict, Unsupported):
        return Refusal(name, verdict.reason, verdict.remedy)
    for capability in sorted(needs & verdict.missing.keys()):
        reason = f"{asked_for.get(capability, capability.value)}: {verdict.missing[capability]}"
        return Refusal(name, reason, missing=capability)
    return None


def nothing_left(
    kind: str,
    refusals: list[Refusal],
    asked_for: Mapping[Capability, str],
    installed: Mapping[str, object],
) -> ClocheError:
    """Make the error that quotes every verdict."""
    if not installed:
        return Unavailable(
            f"no {kind} is installed", remedy="CLOCHE_PLUGINS may leave it out; see cloche backends"
        )
    only = refusals[0] if len(refusals) == 1 else None
    if only and only.missing and (parameter := asked_for.get(only.missing)):
        way_out = f"run as root, or --allow-unenforced {parameter}"
        return Unavailable(only.reason, remedy=way_out, backend=only.name)
    message = f"no {kind} can do this: {'; '.join(map(str, refusals))}"
    if all(refusal.never for refusal in refusals):
        return NotSupported(message, hint="cloche backends lists what each can do")
    remedy = next((refusal.remedy for refusal in refusals if refusal.remedy), None)
    return Unavailable(message, remedy=remedy)


def not_installed(
    parameter: str, name: str, said_by: str, installed: Mapping[str, object]
) -> Unavailable:
    """Make the error for a backend that nobody offers; ``said_by`` has named it."""
    return Unavailable(
        f"{said_by}: there is no {parameter.replace('_', ' ')} named {name}",
        remedy=f"installed: {', '.join(sorted(installed)) or 'none'}",
        backend=name,
    )
