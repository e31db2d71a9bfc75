"""Named tuples without ``typing``, whose import takes as long as the start of an interpreter.

To a type checker this is `typing.NamedTuple`. Here a class is a tuple with a property for each
field, and its methods are written once, not compiled for each class.
"""

from __future__ import annotations

from _operator import itemgetter

from cloche.gathering import annotations_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, ClassVar, NamedTuple, Self
else:

    class NamedTuple(tuple):
        """A tuple whose places have names; the last ones may have defaults."""

        __slots__ = ()
        _fields: ClassVar[tuple[str, ...]] = ()
        _field_defaults: ClassVar[Mapping[str, object]] = {}
        _last_defaults: ClassVar[tuple[object, ...]] = ()

        def __init_subclass__(cls) -> None:
            """Find the fields of a new class; one derived from it has the same."""
            names = tuple(annotations_of(cls))
            if not names:
                return
            cls._fields = cls.__match_args__ = names
            cls._field_defaults = {n: vars(cls)[n] for n in names if n in vars(cls)}
            cls._last_defaults = tuple(cls._field_defaults.values())
            for place, name in enumerate(names):
                setattr(cls, name, property(itemgetter(place)))

        def __new__(cls, *values: object, **named: object) -> Self:
            missing = len(cls._fields) - len(values)
            if named or not 0 <= missing <= len(cls._last_defaults):
                return tuple.__new__(cls, _placed(cls, values, named))
            return tuple.__new__(cls, values + cls._last_defaults[-missing:] if missing else values)

        @classmethod
        def _make(cls, values: Iterable[object]) -> Self:
            return cls(*values)

        def _replace(self, **changes: object) -> Self:
            return type(self)(**{**self._asdict(), **changes})

        def _asdict(self) -> dict[str, object]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[object, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            own = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({own})"


def _placed(cls: Any, values: tuple[object, ...], named: Mapping[str, object]) -> list[object]:
    """Put what was given by name, and what was left out, in its place."""
    given = dict(zip(cls._fields, values, strict=False))
    whole = {**cls._field_defaults, **given, **named}
    twice = given.keys() & named.keys() or len(values) > len(cls._fields)
    if twice or whole.keys() != set(cls._fields):
        raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
    return [whole[name] for name in cls._fields]


__all__ = ["NamedTuple"]
