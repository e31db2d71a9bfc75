"""Files of a base layer that Windows changes when the layer is completed.

Their content as it was in the tar file is kept beside them, so that an export gives what was
imported. The names are those under which Windows layers are kept everywhere.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ORIGINALS"]

_BOOT: Final = r"UtilityVM\Files\EFI\Microsoft\Boot"
#: Where, in the layer's folder, the original of a file is kept.
ORIGINALS: Final = {
    rf"{_BOOT}\BCD": "bcd.bak",
    rf"{_BOOT}\BCD.LOG": "bcd.log.bak",
    rf"{_BOOT}\BCD.LOG1": "bcd.log1.bak",
    rf"{_BOOT}\BCD.LOG2": "bcd.log2.bak",
}
