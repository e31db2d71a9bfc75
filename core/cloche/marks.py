"""How what is ours is told from what is others' in a service that several use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from zlib import crc32

from cloche.locations import this_user

if TYPE_CHECKING:
    from cloche.locations import Locations

__all__ = ["mark_of"]


def mark_of(places: Locations) -> str:
    """Name this user's containers at this place; the same in every process."""
    return f"cloche-{this_user()}-{crc32(os.fsencode(places.run)):08x}"
