"""Bounded integers: plain ``int`` to a type checker, limits to whoever reads a document."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, TypeAlias

__all__ = ["Bounded", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]


class Bounded:
    """An integer from ``low`` to ``high``; never made, only named in annotations."""

    low: ClassVar[int]
    high: ClassVar[int]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, object]:
        """What pydantic needs to know, said without importing it."""
        return {"type": "int", "strict": True, "ge": cls.low, "le": cls.high}


if TYPE_CHECKING:
    Int32: TypeAlias = int
    Int64: TypeAlias = int
    UInt8: TypeAlias = int
    UInt16: TypeAlias = int
    UInt32: TypeAlias = int
    UInt64: TypeAlias = int
else:

    def _bounded(name: str, low: int, high: int) -> type[Bounded]:
        return type(name, (Bounded,), {"low": low, "high": high})

    Int32 = _bounded("Int32", -(2**31), 2**31 - 1)
    Int64 = _bounded("Int64", -(2**63), 2**63 - 1)
    UInt8 = _bounded("UInt8", 0, 2**8 - 1)
    UInt16 = _bounded("UInt16", 0, 2**16 - 1)
    UInt32 = _bounded("UInt32", 0, 2**32 - 1)
    UInt64 = _bounded("UInt64", 0, 2**64 - 1)
