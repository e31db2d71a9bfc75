"""``--filter KEY=VALUE`` of images, read as that of containers is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_cli.filters import group
from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from cloche.images import Image

    Test: TypeAlias = Callable[[Image, str], bool]

__all__ = ["read_filters"]


def read_filters(texts: Iterable[str]) -> Callable[[Image], bool]:
    """Read what was typed; raises UsageError for a key that nothing can be asked by."""
    wanted = group(texts, _TESTS)
    for value in wanted.get("dangling", []):
        if value not in _DANGLING:
            raise UsageError(f"--filter dangling={value}: true or false")
    return lambda image: all(
        (all if key == "label" else any)(_TESTS[key](image, value) for value in values)
        for key, values in wanted.items()
    )


def _reference(image: Image, wanted: str) -> bool:
    """A whole name, a repository without its tag, or a pattern of either, as docker has it."""
    from fnmatch import fnmatchcase

    if image.name is None:
        return False
    name, repository = image.name, _repository(image.name)
    return any(fnmatchcase(candidate, wanted) for candidate in (name, repository))


def _repository(name: str) -> str:
    """Take the tag away; a colon before the last slash is a port's."""
    path, slash, last = name.rpartition("/")
    return path + slash + last.partition(":")[0]


def _label(image: Image, wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    labels = image.config.labels or {}
    return key in labels and (not equals or labels[key] == value)


_DANGLING = {"true": True, "1": True, "false": False, "0": False}
_TESTS: Mapping[str, Test] = {
    "dangling": lambda image, wanted: (image.name is None) is _DANGLING[wanted],
    "label": _label,
    "reference": _reference,
}
