"""What every document class shares: frozen, keyword-only, compared by value, cheap to define.

`dataclasses.dataclass` compiles six methods for each class, which for the whole runtime-spec costs
more than starting the interpreter. Here fields are only gathered; the methods are written once,
below. `dataclasses.fields`, `replace`, `asdict` and `is_dataclass` work as on any other dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping

from cloche.gathering import NOTHING, Entry, dataclass_transform, gather

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field
    from typing import Any, ClassVar, Self

__all__ = ["Document", "camel_case"]

_NO_NAMES: dict[str, str] = {}
_NO_ENTRIES: dict[str, Entry] = {}


def camel_case(name: str) -> str:
    """The regular JSON name of a field: ``oom_score_adj`` is ``oomScoreAdj``."""
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Document:
    """A frozen, keyword-only dataclass that has a JSON form.

    Fields are the snake_case of their JSON names; ``names=`` in the class statement gives the
    irregular ones. What is absent in the JSON is None. Defaults are values, never factories.
    Documents are shared freely, so whoever reaches behind the freezing (``__dict__``,
    ``object.__setattr__``) breaks others'.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
        __pydantic_config__: ClassVar[dict[str, Callable[[str], str]]]
        __entries__: ClassVar[Mapping[str, Entry]]
        __names__: ClassVar[Mapping[str, str]]
        __template__: ClassVar[Mapping[str, object]]
        __required__: ClassVar[tuple[str, ...]]
    __entries__ = _NO_ENTRIES
    __names__ = __template__ = _NO_NAMES
    __required__ = ()

    def __init_subclass__(cls, *, names: Mapping[str, str] = _NO_NAMES) -> None:
        """Collect the fields of a new document class."""
        cls.__entries__ = {**cls.__entries__, **gather(cls, kw_only=True)}
        cls.__names__ = {**cls.__names__, **names}
        cls.__template__ = {name: entry.default for name, entry in cls.__entries__.items()}
        cls.__required__ = tuple(n for n, d in cls.__template__.items() if d is NOTHING)
        cls.__pydantic_config__ = {"alias_generator": cls.json_name}

    @classmethod
    def json_name(cls, name: str) -> str:
        """The JSON name of the field ``name``."""
        return cls.__names__.get(name) or camel_case(name)

    def __init__(self, **values: object) -> None:
        own = self.__dict__
        own.update(self.__template__)
        own.update(values)
        if len(own) != len(self.__template__):
            raise TypeError(self._complaint("has no field", values.keys() - self.__template__))
        if self.__required__ and NOTHING in map(own.get, self.__required__):
            raise TypeError(self._complaint("needs", set(self.__required__) - values.keys()))

    def _complaint(self, what: str, names: set[str]) -> str:
        return f"{type(self).__name__} {what} {', '.join(sorted(names))}"

    def __setattr__(self, name: str, value: object) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *map(self.__dict__.get, self.__template__)))

    def __repr__(self) -> str:
        """Only what is set: most fields of most documents are absent."""
        given = (f"{n}={v!r}" for n, v in self.__dict__.items() if v is not None)
        return f"{type(self).__name__}({', '.join(given)})"

    def replace(self, **changes: object) -> Self:
        """A copy with some fields changed, as `dataclasses.replace` but faster."""
        return type(self)(**{**self.__dict__, **changes})

    __replace__ = replace
