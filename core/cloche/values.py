"""Values: frozen dataclasses whose methods are written once, not compiled for each class.

`dataclasses.dataclass` compiles six methods for a class, half a millisecond each time a program
starts, and a short run of the command line meets thirty classes. Here it only collects the fields.
`dataclasses.fields`, `replace`, `asdict` and `is_dataclass` work as on any other dataclass.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, ClassVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import Field
    from typing import Any

__all__ = ["Value", "field"]

_COLLECT = {
    kw_only: dataclass(init=False, repr=False, eq=False, kw_only=kw_only)
    for kw_only in (False, True)
}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value:
    """A base class that makes its subclasses frozen dataclasses, compared by their fields.

    ``class Point(Value, kw_only=True)`` takes keywords only. Of ``field`` it knows ``default``,
    ``default_factory`` and ``compare``. Instances have a ``__dict__``: whoever reaches behind the
    freezing breaks others' values.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __names__: ClassVar[tuple[str, ...]] = ()
    __known__: ClassVar[frozenset[str]] = frozenset()
    __positional__: ClassVar[int] = 0
    __defaults__: ClassVar[Mapping[str, object]] = {}
    __factories__: ClassVar[Sequence[tuple[str, Callable[[], object]]]] = ()
    __compared__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        """Collect the fields of a new class."""
        super().__init_subclass__()
        _COLLECT[kw_only](cls)
        found = {each.name: each for each in fields(cls)}
        cls.__names__, cls.__known__ = tuple(found), frozenset(found)
        cls.__positional__ = sum(not each.kw_only for each in found.values())
        cls.__defaults__ = {n: f.default for n, f in found.items() if f.default is not MISSING}
        cls.__factories__ = [
            (n, f.default_factory) for n, f in found.items() if f.default_factory is not MISSING
        ]
        cls.__compared__ = tuple(n for n, f in found.items() if f.compare)

    def __init__(self, *args: object, **values: object) -> None:
        own = self.__dict__
        own.update(self.__defaults__)
        for name, make in self.__factories__:
            if name not in values:
                own[name] = make()
        if args:
            names, count = self.__names__, len(args)
            if count > self.__positional__ or (
                values and not values.keys().isdisjoint(names[:count])
            ):
                raise TypeError(f"{type(self).__name__} was given too much")
            own.update(zip(names, args, strict=False))
        own.update(values)
        if own.keys() != self.__known__:
            raise TypeError(self.__complaint())

    def __complaint(self) -> str:
        given, known = self.__dict__.keys(), self.__known__
        wrong = [f"has no field {name}" for name in sorted(given - known)]
        wrong += [f"needs {name}" for name in sorted(known - given)]
        return f"{type(self).__name__} {', '.join(wrong)}"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, others = self.__dict__, other.__dict__
        return all(mine[name] == others[name] for name in self.__compared__)

    def __hash__(self) -> int:
        return hash(tuple(map(self.__dict__.get, self.__compared__)))

    def __repr__(self) -> str:
        own = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self.__names__)
        return f"{type(self).__qualname__}({own})"
