"""What a transfer tells of itself while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cloche.values import Value

from .digest import Digest

__all__ = ["Progress", "Report", "Stage"]

Stage = Literal[
    "waiting",
    "downloading",
    "verifying",
    "unpacking",
    "done",
    "exists",
    "uploading",
    "mounted",
]


class Progress(Value):
    """How far one blob of an image has come; ``exists`` and ``mounted`` mean nothing was sent."""

    #: The image, by its full name.
    reference: str
    digest: Digest
    stage: Stage
    #: Bytes done in this stage, of ``total``; None where nobody knows.
    current: int = 0
    total: int | None = None


#: Called on any thread, any number of times; it must neither block nor raise.
Report = Callable[[Progress], None]
