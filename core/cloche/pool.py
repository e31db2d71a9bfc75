"""Pools of warm containers: the name is taken, the thing is not there yet."""

from __future__ import annotations

from cloche.errors import NotSupported

__all__ = ["Pool"]


class Pool:
    """Containers started ahead of the commands that will run in them; not supported yet."""

    def __init__(self, **options: object) -> None:
        raise NotSupported(
            "pools are not supported yet",
            hint="keep one container with cloche.start(idle=True), and use its run()",
            operation="pool",
        )
