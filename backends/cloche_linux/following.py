"""The hooks that follow a container's start and its end, for the few containers that have any."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["follow_end", "follow_start"]


def follow_start(noted: Mapping[str, object] | None, id: str, pid: int | None) -> None:
    """Run what ``later_hooks`` noted for after the start; BackendError if one of them fails."""
    if noted is not None:
        from cloche_linux.hooks import run_after_start

        run_after_start(noted, id, pid or 0)


def follow_end(noted: Mapping[str, object] | None, id: str) -> None:
    """Run what ``later_hooks`` noted for after the end; what fails becomes a warning."""
    if noted is not None:
        from cloche_linux.hooks import run_after_end

        run_after_end(noted, id)
