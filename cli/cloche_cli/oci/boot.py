"""Where a launcher of `cloche-oci` begins in Python: ``python -I -S …/boot.py WORD…``.

It is a script, found by its path, and short, because a script is compiled each time. Modules come
from a snapshot if there is a fresh one, and else from where they are installed; what was missing in
the snapshot is added to it at the end.
"""

from __future__ import annotations

import gc
import os
import sys

assert sys.platform != "win32"

# In the interpreter from its start, unlike `importlib.util`, which imports much.
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import spec_from_file_location

__all__ = ["boot"]

#: How many objects there are before garbage is looked for: most commands have ended by then.
_MANY_OBJECTS = 500_000
_INTERRUPTED = 130


def boot(folder: str) -> int:
    """Be the program whose modules lie in ``folder``; returns the exit code."""
    gc.set_threshold(_MANY_OBJECTS)
    name = "cloche_cli.oci.snapshot"
    spec = spec_from_file_location(name, f"{folder}/snapshot.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = snapshot = module_from_spec(spec)
    spec.loader.exec_module(snapshot)
    code: int = snapshot.run(folder)
    return code


def _begin() -> int:
    """Be the program that is found beside this file; nobody else tells of a Ctrl-C so early."""
    try:
        return boot(os.path.dirname(__file__))
    except KeyboardInterrupt:
        os.write(2, b"cloche: interrupted\n")
        return _INTERRUPTED


if __name__ == "__main__":
    os._exit(_begin())
