"""What systemd, or who does as it does, hands to a program that it starts.

Sockets that it listens at, from descriptor 3 on, and one to be told at that all is ready. Source:
sd_listen_fds(3) and sd_notify(3).
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Spec

__all__ = ["activated", "listening", "supervisor"]

_FIRST_IN_CONTAINER = 1


def listening() -> int:
    """How many sockets were handed to this very program; 0 for none."""
    count, meant = os.environ.get("LISTEN_FDS", ""), os.environ.get("LISTEN_PID")
    if not (count.isascii() and count.isdecimal()) or meant not in (None, str(os.getpid())):
        return 0
    return int(count)


def activated(spec: Spec, sockets: int) -> Spec:
    """Tell the container's first process of the sockets, which are handed on to it."""
    if not sockets or spec.process is None:
        return spec
    told = (f"LISTEN_FDS={sockets}", f"LISTEN_PID={_FIRST_IN_CONTAINER}")
    return spec.replace(process=spec.process.replace(env=(*(spec.process.env or ()), *told)))


def supervisor() -> str | None:
    """The socket to be told at; None without one, or for one that has no path."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    return path if path.startswith("/") else None
