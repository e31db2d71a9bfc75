"""Read a container's own files before it exists: from its layers, topmost first."""

from __future__ import annotations

import os
import stat

from cloche_linux.calls import openat2
from cloche_linux.kernel import Resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["reader"]

_LIMIT = 4 << 20


def reader(layers: Sequence[str]) -> Callable[[str], bytes | None]:
    """Return a function from a relative path to the file's first 4 MiB, or None.

    A symbolic link is followed inside its own layer only, never out of it.
    """

    def read(path: str) -> bytes | None:
        for layer in layers:
            found, content = _read_in(layer, path)
            if found:
                return content
        return None

    return read


def _read_in(layer: str, path: str) -> tuple[bool, bytes | None]:
    """Tell whether the layer decides about ``path``, and the content if there is one."""
    root = os.open(layer, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        descriptor = openat2(
            root,
            path,
            os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY,
            resolve=Resolve.IN_ROOT | Resolve.NO_MAGICLINKS,
        )
    except FileNotFoundError:
        return False, None
    except OSError:
        # A whiteout (a device that can't be opened), a loop, a file in a directory's place: it
        # hides what lower layers have, and is nothing to read.
        return True, None
    finally:
        os.close(root)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return True, None
        return True, os.read(descriptor, _LIMIT)
    finally:
        os.close(descriptor)
