"""Mounts as users ask for them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

__all__ = ["Mount"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """Something of this machine, or some memory, seen at a place in the container."""

    kind: Literal["bind", "tmpfs"]
    #: The absolute path in the container.
    target: str
    #: The path on this machine; relative ones start at the current directory. None for ``tmpfs``.
    source: str | None = None
    read_only: bool = False
    #: Mounts below the source come along (``bind`` only).
    recursive: bool = True
    #: Bytes (``tmpfs`` only); None for half of the memory.
    size: int | str | None = None
    #: Permissions of the new directory (``tmpfs`` only).
    mode: int | None = None

    @classmethod
    def bind(
        cls,
        source: str | os.PathLike[str],
        target: str,
        *,
        read_only: bool = False,
        recursive: bool = True,
    ) -> Mount:
        """Show a file or directory of this machine; it must exist, nothing is made."""
        return cls(
            kind="bind",
            source=os.fspath(source),
            target=target,
            read_only=read_only,
            recursive=recursive,
        )

    @classmethod
    def tmpfs(cls, target: str, *, size: int | str | None = None, mode: int | None = None) -> Mount:
        """Give an empty directory in memory; what is written there is gone afterwards."""
        return cls(kind="tmpfs", target=target, size=size, mode=mode)
