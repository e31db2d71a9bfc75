"""``--filter KEY=VALUE``: of one key any may fit, of several keys all must; labels always all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import TypeAlias

    from cloche import Details

    Test: TypeAlias = Callable[[Details, str], bool]

__all__ = ["Filters", "group", "read_filters"]


class Filters:
    """Says of a container whether it fits."""

    def __init__(self, wanted: Mapping[str, list[str]]) -> None:
        self._wanted = wanted

    @property
    def about_the_past(self) -> bool:
        """Only containers that have ended, perhaps, can fit: list those, too."""
        return bool(self._wanted.keys() & {"status", "exited"})

    def __call__(self, details: Details) -> bool:
        return all(
            (all if key == "label" else any)(_TESTS[key](details, value) for value in values)
            for key, values in self._wanted.items()
        )


def read_filters(texts: Iterable[str]) -> Filters:
    """Read what was typed; raises UsageError for a key that nothing can be asked by."""
    return Filters(group(texts, _TESTS))


def group(texts: Iterable[str], known: Collection[str]) -> dict[str, list[str]]:
    """Put together what was typed for each key; UsageError for one that is not ``known``."""
    wanted: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if key not in known or not equals:
            keys = ", ".join(sorted(known))
            raise UsageError(f"--filter {text}: KEY=VALUE, where KEY is one of {keys}")
        wanted.setdefault(key, []).append(value)
    return wanted


def _label(details: Details, wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in details.labels and (not equals or details.labels[key] == value)


def _exited(details: Details, wanted: str) -> bool:
    return details.status is not None and str(details.status.code) == wanted


def _status(details: Details, wanted: str) -> bool:
    return details.state.value == {"exited": "stopped"}.get(wanted, wanted)


def _ancestor(details: Details, wanted: str) -> bool:
    """By the image's name as it was typed, or its digest."""
    return wanted in (details.image, details.image_digest)


_TESTS: Mapping[str, Test] = {
    "id": lambda details, wanted: details.id.startswith(wanted),
    "name": lambda details, wanted: wanted in details.name,
    "label": _label,
    "status": _status,
    "exited": _exited,
    "ancestor": _ancestor,
}
