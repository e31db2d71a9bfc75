"""Which fields a class has, without ``dataclasses``: to import that module takes longer than to run
a container, and to look at one class by it a tenth of a millisecond.

It is asked when somebody wants its own view of a class, by ``__dataclass_fields__``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field
    from typing import Any, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        """Only type checkers make something of it."""
        return lambda cls: cls


__all__ = [
    "NOTHING",
    "Entry",
    "annotations_of",
    "dataclass_transform",
    "field_types",
    "gather",
    "is_dataclass",
]

#: In the place of a default that is not there.
NOTHING = object()

_NO_ANNOTATIONS: Mapping[str, object] = {}
_OF_THE_CLASS = ("ClassVar", "typing.ClassVar")


class Entry:
    """One field, as its class statement has it."""

    __slots__ = ("arguments", "hint", "kw_only")

    def __init__(self, **arguments: object) -> None:
        self.arguments = arguments
        self.hint: object = None
        self.kw_only = False

    @property
    def default(self) -> object:
        """Its default, or NOTHING."""
        return self.arguments.get("default", NOTHING)

    @property
    def default_factory(self) -> Callable[[], object] | None:
        """What makes its default."""
        found: Any = self.arguments.get("default_factory")
        made: Callable[[], object] | None = found
        return made


def gather(cls: type, *, kw_only: bool) -> dict[str, Entry]:
    """The fields that a new class adds.

    It has their defaults then, as `dataclasses` leaves them, and the view of those for later.
    """
    found: dict[str, Entry] = {}
    for name, hint in annotations_of(cls).items():
        if not _is_of_the_class(hint):
            found[name] = entry = _entry(cls, name)
            entry.hint, entry.kw_only = hint, kw_only
    setattr(cls, "__dataclass_fields__", _Later(cls, found, kw_only))  # noqa: B010
    return found


def field_types(cls: type) -> Mapping[str, object]:
    """The annotation of each field of any dataclass, in their order; TypeError for others."""
    known: Mapping[str, Entry] | None = getattr(cls, "__entries__", None)
    if known is not None:
        return {name: entry.hint for name, entry in known.items()}
    from dataclasses import fields

    return {field.name: field.type for field in fields(cls)}


def is_dataclass(cls: type[Any]) -> bool:
    """Whether a class is a dataclass of any kind."""
    return hasattr(cls, "__entries__") or hasattr(cls, "__dataclass_fields__")


class _Later:
    """The ``__dataclass_fields__`` of a class, made by `dataclasses` when first looked at."""

    __slots__ = ("_cls", "_entries", "_kw_only")

    def __init__(self, cls: type, entries: Mapping[str, Entry], kw_only: bool) -> None:
        self._cls, self._entries, self._kw_only = cls, entries, kw_only

    def __get__(self, instance: object, owner: type) -> dict[str, Field[Any]]:
        from dataclasses import dataclass, field

        make: Callable[..., object] = field
        for name, entry in self._entries.items():
            if entry.arguments:
                setattr(self._cls, name, make(**entry.arguments))
        dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)(self._cls)
        found: dict[str, Field[Any]] = vars(self._cls)["__dataclass_fields__"]
        return found


def _entry(cls: type, name: str) -> Entry:
    given = vars(cls).get(name, NOTHING)
    if not isinstance(given, Entry):
        return Entry() if given is NOTHING else Entry(default=given)
    if given.default is NOTHING:
        delattr(cls, name)
    else:
        setattr(cls, name, given.default)
    return given


def annotations_of(cls: type) -> Mapping[str, object]:
    """Python 3.14 keeps them in a function, unless they are text."""
    found: Mapping[str, object] = vars(cls).get("__annotations__", _NO_ANNOTATIONS)
    if "__annotate_func__" in vars(cls):
        from importlib import import_module

        library = import_module("annotationlib")
        found = library.get_annotations(cls, format=library.Format.FORWARDREF)
    return found


def _is_of_the_class(hint: object) -> bool:
    if isinstance(hint, str):
        return hint.startswith(_OF_THE_CLASS)
    from typing import ClassVar, get_origin

    return hint is ClassVar or get_origin(hint) is ClassVar
