"""Taking a container away: what the runtime made, its group, its bundle, its keeper."""

from __future__ import annotations

import os
import select
from signal import SIGKILL, pidfd_send_signal
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, ClocheError
from cloche.identity import open_same
from cloche_oci import groups

if TYPE_CHECKING:
    from cloche_oci.bundle import Bundle
    from cloche_oci.tool import Tool

__all__ = ["NOTE", "remove"]

#: Where the keeper of a container notes who is who.
NOTE = "kept.json"
_KEEPER_LIMIT = 15.0
_DELETE_LIMIT = 15.0


def remove(tool: Tool, bundle: Bundle, id: str) -> None:
    """Take away all that there is of it, from any half-made state; repeatable.

    A keeper whose asker has died is clearing up just then: it is waited for. Raises CleanupFailed
    if something is left; the bundle stays then, so that it can be tried again.
    """
    if not bundle.exists():
        return
    problems: list[Exception] = []
    _see_off(bundle)
    for each in (*bundle.tries(), id):
        try:
            tool.do(bundle, each, "delete", "--force", each, timeout=_DELETE_LIMIT)
            groups.remove(tool.group(each))
        except (ClocheError, OSError) as error:
            problems.append(error)
    if not problems:
        try:
            bundle.remove()
        except OSError as error:
            problems.append(error)
    if problems:
        raise CleanupFailed(
            f"something of {id} remains: {problems[0]}",
            problems=problems,
            operation="delete",
            container=id,
            backend="oci",
        ) from problems[0]


def _see_off(bundle: Bundle) -> None:
    """Wait until the keeper has ended; one that does not is killed."""
    noted = bundle.note(NOTE).get("keeper")
    pidfd = open_same(noted) if isinstance(noted, dict) else None
    if pidfd is None:
        return
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if not poll.poll(_KEEPER_LIMIT * 1000):
            pidfd_send_signal(pidfd, SIGKILL)
            poll.poll(_KEEPER_LIMIT * 1000)
    finally:
        os.close(pidfd)
