"""What the machine itself refuses (room, files, permission), as an error that says what to do."""

from __future__ import annotations

import errno
import os

from cloche.errors import Unavailable

__all__ = ["refused"]

_ELSEWHERE = "name another place by CLOCHE_ROOT"
_REMEDIES = {
    errno.ENOSPC: f"make room there, or {_ELSEWHERE}",
    errno.EDQUOT: f"make room there, or {_ELSEWHERE}",
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: "name a directory of your own by CLOCHE_ROOT",
    errno.EPERM: "name a directory of your own by CLOCHE_ROOT",
    errno.EMFILE: "let this process have more open files: ulimit -n",
    errno.ENFILE: "the machine has too many open files: end something",
    errno.EAGAIN: "let this user have more processes: ulimit -u",
    errno.ENOMEM: "the machine has no memory left: end something",
}


def refused(error: OSError, what: str, **where: str | None) -> Unavailable:
    """Make the error for what the operating system refused; raise it ``from`` the original.

    ``what`` was being done, for where the error names no file.
    """
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    told = Unavailable(
        f"{_named(error) or what}: {reason}",
        reason=reason,
        remedy=_REMEDIES.get(error.errno or 0),
        **where,
    )
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told


def _named(error: OSError) -> str:
    """The file that an error is about: of two, the one that was to be made."""
    name = error.filename2 or error.filename or ""
    return name if isinstance(name, str) else os.fsdecode(name) if isinstance(name, bytes) else ""
