"""Where the launcher begins in Python: ``python -I -S -X launcher=PATH …/boot.py WORD…``.

It is a script, found by its path, and short, because a script is compiled each time.
"""

from __future__ import annotations

import gc
import os
import sys

assert sys.platform != "win32"

__all__ = ["MANY_OBJECTS", "PROGRAM", "boot", "interrupted"]

#: The module of the program, with a function `run` that takes the words.
PROGRAM = "cloche_cli.oci.program"
#: How many objects there are before garbage is looked for: most commands have ended by then.
MANY_OBJECTS = 500_000
_INTERRUPTED = 130


def boot(words: list[str]) -> int:
    """Be the program; returns the exit code."""
    gc.set_threshold(MANY_OBJECTS)
    import site

    site.main()
    from importlib import import_module

    code: int = import_module(PROGRAM).run(words)
    from cloche_linux.launcher.renewing import renew

    renew(str(sys._xoptions.get("launcher", "")))
    return code


def interrupted() -> int:
    """Tell of a Ctrl-C before there is a program to do it; returns the exit code."""
    os.write(2, b"cloche: interrupted\n")
    return _INTERRUPTED


def _begin() -> int:
    try:
        return boot(sys.argv[1:])
    except KeyboardInterrupt:
        return interrupted()


if __name__ == "__main__":
    os._exit(_begin())
