"""Namespaces that are nobody's but a test's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["unshared"]


@contextmanager
def unshared(*kinds: str, way_in: Sequence[str] = (), first: str = "echo") -> Iterator[int]:
    """Make new ones by the options of unshare(1); gives the pid of a process that is in them.

    ``way_in`` is a command's beginning, to begin elsewhere. ``first`` is what a shell does there
    before; it ends with an empty line, or the test fails.
    """
    command = [*way_in, "unshare", *kinds, "sh", "-c", f"{first} && exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.read(1) == b"\n"
            yield child.pid
        finally:
            child.kill()
