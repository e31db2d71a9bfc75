"""The privileges that importing and exporting layers needs, on the thread that does it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche_hcs.layers.fileinfo import BasicInfo

__all__ = ["backup_privileges", "restore_times"]

#: To read and write all files whatever their descriptors say, and those descriptors.
_NAMES = ("SeBackupPrivilege", "SeRestorePrivilege", "SeSecurityPrivilege")


if sys.platform == "win32":
    from cloche_hcs.layers import win32

    def backup_privileges() -> AbstractContextManager[None]:
        """Have them on this thread, and give them back; Unavailable if they can't be had."""
        return win32.privileges(*_NAMES)

    def restore_times(path: str, info: BasicInfo) -> None:
        """Give a directory the times it is to have. Raises OSError."""
        win32.set_times(path, info)

else:
    import os

    from cloche_hcs.layers.filetimes import EPOCH

    def backup_privileges() -> AbstractContextManager[None]:
        """Elsewhere there are none to have."""
        return nullcontext()

    def restore_times(path: str, info: BasicInfo) -> None:
        """Give a directory the times it is to have, as far as there are such. Raises OSError."""
        os.utime(path, ns=((info.access - EPOCH) * 100, (info.write - EPOCH) * 100))
