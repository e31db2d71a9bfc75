"""Values: frozen dataclasses whose methods are written once, not compiled for each class.

`dataclasses.dataclass` compiles six methods for a class, half a millisecond each time a program
starts, and a short run of the command line meets thirty classes; its import alone takes as long as
a container. Here fields are only gathered. `dataclasses.fields`, `replace`, `asdict` and
`is_dataclass` work as on any other dataclass.
"""

from __future__ import annotations

from cloche.gathering import NOTHING, Entry, dataclass_transform, gather

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import Field, field
    from typing import Any, ClassVar, Self, TypeVar

    V = TypeVar("V", bound="Value")
else:

    def field(**arguments: object) -> Entry:
        """What `dataclasses.field` is, as far as a value knows it."""
        return Entry(**arguments)


__all__ = ["Value", "field", "replace"]


_NO_ENTRIES: dict[str, Entry] = {}
_NO_DEFAULTS: dict[str, object] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value:
    """A base class that makes its subclasses frozen dataclasses, compared by their fields.

    ``class Point(Value, kw_only=True)`` takes keywords only. Of ``field`` it knows ``default``,
    ``default_factory`` and ``compare``. Instances have a ``__dict__``: whoever reaches behind the
    freezing breaks others' values.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
        __entries__: ClassVar[Mapping[str, Entry]]
        __names__: ClassVar[tuple[str, ...]]
        __known__: ClassVar[frozenset[str]]
        __places__: ClassVar[tuple[str, ...]]
        __defaults__: ClassVar[Mapping[str, object]]
        __factories__: ClassVar[Sequence[tuple[str, Callable[[], object]]]]
        __compared__: ClassVar[tuple[str, ...]]
    __entries__ = _NO_ENTRIES
    __names__ = __places__ = __factories__ = __compared__ = ()
    __known__ = frozenset()
    __defaults__ = _NO_DEFAULTS

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        """Gather the fields of a new class."""
        super().__init_subclass__()
        cls.__entries__ = found = {**cls.__entries__, **gather(cls, kw_only=kw_only)}
        cls.__names__, cls.__known__ = tuple(found), frozenset(found)
        cls.__places__ = tuple([n for n, e in found.items() if not e.kw_only])
        cls.__defaults__ = {n: e.default for n, e in found.items() if e.default is not NOTHING}
        cls.__factories__ = [
            (n, e.default_factory) for n, e in found.items() if e.default_factory is not None
        ]
        cls.__compared__ = tuple([n for n, e in found.items() if e.arguments.get("compare", True)])
        setattr(cls, "__match_args__", cls.__places__)  # noqa: B010 - mypy makes its own

    def __init__(self, *args: object, **values: object) -> None:
        own = self.__dict__
        own.update(self.__defaults__)
        for name, make in self.__factories__:
            if name not in values:
                own[name] = make()
        if args:
            names, count = self.__places__, len(args)
            if count > len(names) or (values and not values.keys().isdisjoint(names[:count])):
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
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        from dataclasses import FrozenInstanceError

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

    def __replace__(self, **changes: object) -> Self:
        """`copy.replace` looks for this."""
        own = self.__dict__
        return type(self)(**{**{name: own[name] for name in self.__names__}, **changes})


def replace(value: V, **changes: object) -> V:
    """A copy with some fields changed, as `dataclasses.replace` but without its import."""
    return value.__replace__(**changes)
