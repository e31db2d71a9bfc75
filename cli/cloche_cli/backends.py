"""``cloche backends``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Command, flag

if TYPE_CHECKING:
    from cloche import Backend

__all__ = ["Backends"]

_TITLES = ("KIND", "NAME", "SCORE", "FROM", "")


class Backends(Command):
    """Say of each installed backend whether it works here, or why not.

    Of those that can do what is asked, the one with the best score is chosen, unless one is named.
    """

    verb: ClassVar[str] = "backends"
    json = flag("--json", help="Print a JSON array.")

    def __call__(self) -> int:
        """Print them."""
        with self.engine() as engine:
            found = engine.backends()
        if self.json:
            from cloche_cli.output import print_json

            print_json([_document(backend) for backend in found])
        else:
            _print(found)
        return 0


def _print(found: list[Backend]) -> None:
    from cloche_cli.output import print_table

    print_table(_TITLES, [row for backend in found for row in _rows(backend)])


def _rows(backend: Backend) -> list[tuple[str, ...]]:
    """One line each, and one below for each thing worth knowing."""
    score = "-" if backend.score is None else str(backend.score)
    source = " ".join(part for part in (backend.distribution, backend.version) if part)
    first, *others = _remarks(backend) or [""]
    rows = [(backend.kind, backend.name, score, source, first)]
    return rows + [("", "", "", "", other) for other in others]


def _remarks(backend: Backend) -> list[str]:
    if not backend.available:
        remarks = [f"unavailable: {backend.reason}"]
        return [*remarks, f"hint: {backend.remedy}"] if backend.remedy else remarks
    missing = [f"no {capability.value}: {reason}" for capability, reason in backend.missing]
    return [*missing, *backend.notes]


def _document(backend: Backend) -> dict[str, object]:
    return {
        "kind": backend.kind,
        "name": backend.name,
        "available": backend.available,
        "score": backend.score,
        "reason": backend.reason,
        "remedy": backend.remedy,
        "capabilities": sorted(capability.value for capability in backend.capabilities),
        "missing": {capability.value: reason for capability, reason in backend.missing},
        "notes": list(backend.notes),
        "distribution": backend.distribution,
        "version": backend.version,
    }
