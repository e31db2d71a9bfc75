"""Start a program as a child without forking this process: for runtimes that are programs.

A pidfd makes its ending something to wait for: no thread for each child, no signal handler, and no
race for a process id that is used again.
"""

from __future__ import annotations

import sys

__all__ = ["SpawnedProcess", "spawn"]

if sys.platform == "linux":
    from cloche._spawn_linux import SpawnedProcess, spawn
else:
    from typing import TYPE_CHECKING

    from cloche.errors import NotSupported
    from cloche.runtime import RuntimeProcess

    if TYPE_CHECKING:
        from collections.abc import Mapping, Sequence

        from cloche.stdio import Streams

    class SpawnedProcess(RuntimeProcess):
        """A child of this process; there is none here."""

    def spawn(
        argv: Sequence[str],
        streams: Streams,
        *,
        id: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        preserve_fds: Sequence[int] = (),
    ) -> SpawnedProcess:
        """Raise NotSupported: there are no pidfds here."""
        raise NotSupported("programs are waited for by pidfd, which only Linux has")
