"""Documents as the service reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["written"]


def written(document: Mapping[str, object]) -> str:
    """Write a document, in its own order, with nothing between its parts."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
