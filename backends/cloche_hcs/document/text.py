"""Documents as the service reads them."""

from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["written"]


_ENCODER: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def written(document: Mapping[str, object]) -> str:
    """Write a document, in its own order, with nothing between its parts."""
    return _ENCODER.encode(document)
