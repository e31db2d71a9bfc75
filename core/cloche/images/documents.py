"""Reading the documents of images, which anybody may have written."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cloche.errors import ImageError, InvalidSpec

from .foreign import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LARGEST", "read_document", "read_object"]

T = TypeVar("T")

#: Manifests and configurations are not larger than this, in bytes (distribution-spec).
LARGEST = 4 * 2**20


def read_object(data: bytes, what: str) -> dict[str, object]:
    """Read a JSON object of at most `LARGEST` bytes; ImageError for anything else."""
    from json import loads

    if len(data) > LARGEST:
        raise ImageError(f"{what}: larger than {LARGEST >> 20} MiB")
    try:
        found = loads(data, parse_constant=_refuse)
    except RecursionError:
        raise ImageError(f"{what}: nested too deeply") from None
    except ValueError as error:
        raise ImageError(f"{what}: not JSON: {excerpt(str(error))}") from None
    if not isinstance(found, dict):
        raise ImageError(f"{what}: not a JSON object")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON number")


def read_document(cls: type[T], document: Mapping[str, object], what: str) -> T:
    """Make a document of what `read_object` gave; ImageError with the JSON path of a fault.

    Unknown fields are ignored.
    """
    from cloche.documents import read

    try:
        return read(cls, document)
    except InvalidSpec as error:
        raise ImageError(f"{what}: {excerpt(error.message)}") from None
    except RecursionError:
        raise ImageError(f"{what}: nested too deeply") from None
