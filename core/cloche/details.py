"""What is known about a container, as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.exit import ExitStatus
    from cloche.runtime import Isolation, Lifetime, State

__all__ = ["Details"]


class Details(Value, kw_only=True):
    """A container at one moment; times are seconds since 1970, None for what has not happened."""

    id: str
    #: The given name, or the id.
    name: str
    state: State
    #: What is wrong with its record, in one line; it can still be removed. None for nothing.
    problem: str | None = None
    #: The command of its first process.
    args: tuple[str, ...] = ()
    #: The image by the name it was asked for, and the digest of its manifest.
    image: str | None = None
    image_digest: str | None = None
    rootfs: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    runtime: str | None = None
    layer_store: str | None = None
    isolation: Isolation | None = None
    lifetime: Lifetime | None = None
    #: It stays when it has ended.
    keep: bool = False
    created: float | None = None
    started: float | None = None
    finished: float | None = None
    #: Why it could not be started; None if it could, or has not been.
    error: str | None = None
    #: How it ended; None while it runs, or if nobody learnt.
    status: ExitStatus | None = None
    #: Its first process, on this machine.
    pid: int | None = None
    #: The process that made it.
    owner: int | None = None
