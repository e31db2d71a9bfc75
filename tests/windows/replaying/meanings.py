"""What the errors of the first implementation are called in ours: data, and how it is looked up.

Its errors carry the code of the service (or of Windows); that is compared. Ours have a kind
besides: the class of Cloche's that such a code becomes. Texts are looked at only where there is no
code.
"""

from __future__ import annotations

from typing import Any

__all__ = ["meaning"]

#: Kinds by the code, as traces write it. What is not here is a BackendError.
KINDS = {
    **dict.fromkeys(("0x5", "0x7e", "0x422", "0x424", "0x426", "0xe", "0x70"), "Unavailable"),
    **dict.fromkeys(("0x5aa", "0xc0370102", "0x80370102"), "Unavailable"),
    **dict.fromkeys(("0x80370114", "0x8037011b"), "Unavailable"),
    **dict.fromkeys(("0x490", "0xc037010e", "0x8037010e"), "NotFound"),
    **dict.fromkeys(("0xb7", "0xc037010f", "0x8037010f"), "AlreadyExists"),
    **dict.fromkeys(("0xc0370105", "0x80370105", "0xc0370110"), "InvalidState"),
    **dict.fromkeys(("0x80370110", "0x8037011f"), "InvalidState"),
    **dict.fromkeys(("0xc037010b", "0x8037010b", "0xc037010d"), "NotSupported"),
    **dict.fromkeys(("0x8037010d", "0xc037010c", "0xd", "0x32"), "NotSupported"),
    "0x80004001": "NotSupported",
    **dict.fromkeys(("0x5b4", "0xc0370109", "0x80370109", "0x80370118"), "TimedOut"),
    **dict.fromkeys(("0xc0370101", "0x80370101"), "ImageError"),
}
#: What CreateProcess answers for a program that can't be run in a container.
UNABLE = frozenset({"0x2", "0x3", "0x5", "0xc1", "0xd8", "0x2e4", "0x10b", "0x4ec"})
#: What its own code refused, by a part of the text; with the code of ours, if that has one.
REFUSALS = (
    ("at least one layers must be provided", "InvalidSpec", None),
    ("unexpected container exit", "BackendError", "0xc0370106"),
    ("context canceled", "Cancelled", None),
    ("lost communication with compute service", "Unavailable", None),
    ("timeout", "TimedOut", None),
)
#: A named pipe that nobody serves.
DIALLED, NOT_THERE = "failed to connect to ", "0x2"
#: Go's EINVAL: an argument that no function was given.
INVALID = "0x20000027"
#: A library that is not there: it was looked for, not loaded.
NO_LIBRARY = "0x7e"


def meaning(error: dict[str, Any], failed: str | None) -> dict[str, Any]:
    """One of our errors for one of its; ``failed`` is the function that failed, if any did."""
    errno = error.get("errno")
    if errno == INVALID:
        return {"kind": "InvalidSpec", "errno": None}
    if errno is None:
        return _refusal(str(error.get("message")))
    if DIALLED in str(error.get("message")) and errno == NOT_THERE:
        return {"kind": "NotFound", "errno": errno}
    if failed == "HcsCreateProcess" and errno in UNABLE:
        return {"kind": "CommandFailed", "errno": errno}
    kind = KINDS.get(errno, "BackendError")
    return {"kind": kind, "errno": None if errno == NO_LIBRARY else errno}


def _refusal(message: str) -> dict[str, Any]:
    for part, kind, errno in REFUSALS:
        if part in message:
            return {"kind": kind, "errno": errno}
    return {"kind": message, "errno": None}
