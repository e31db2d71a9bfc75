"""What a dump is made in, and where it is gone on with: ``python -I -S …/making.py LAUNCHER``.

All that commands import is imported, then this process' memory is written to a file. A launcher
that is called later takes that memory and goes on here, with words and variables of its own.
"""

from __future__ import annotations

import gc
import os
import sys
import time

assert sys.platform != "win32"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche_linux.launcher.dump import Draft, Front

#: What commands import, at once or on their way, is in these.
_PACKAGES = (
    *("cloche_cli.oci", "cloche.oci", "cloche.documents", "cloche.spec"),
    *("cloche_linux", "cloche_linux.blueprint", "cloche_linux.cgroups", "cloche_linux.seccomp"),
)
#: Programs of their own, and what is seldom needed and large.
_APART = ("__init__", "__main__", "explain", "pages", "probing")
_FURTHER = ("cloche_linux.launcher.dump", "cloche_linux.launcher.resuming")
_MANY_OBJECTS = 500_000


def make(launcher: str) -> None:
    """Make the dump. Raises OSError, or TooNew, where none can be made now."""
    begun = time.time_ns()
    _import_all()
    from cloche_linux.launcher.dump import Draft, place

    gc.collect()
    gc.freeze()
    gc.set_threshold(_MANY_OBJECTS)
    with Draft(place()) as draft:
        front = draft.front(launcher, begun)
        if _write(draft, front) and _is_of_use(launcher):
            draft.keep()
        else:
            draft.refuse(front)


def _import_all() -> None:
    import site

    site.main()
    from importlib import import_module

    for package in _PACKAGES:
        import_module(package)
        for name in _modules(package):
            import_module(f"{package}.{name}")
    for name in _FURTHER:
        import_module(name)


def _modules(package: str) -> Iterator[str]:
    folder = os.path.dirname(sys.modules[package].__file__ or "")
    for name in sorted(os.listdir(folder)):
        stem, _, suffix = name.partition(".")
        if suffix == "py" and stem not in _APART:
            yield stem


def _write(draft: Draft, front: Front) -> bool:
    """Write this process' memory; False where that can't be done. It returns here alone."""
    from cloche_linux.launcher.resuming import dump, go_on

    try:
        ignored = dump(draft.file, front.stamps, front.number)
    except OSError:
        return False
    if ignored is not None:
        go_on(ignored)
    return True


def _is_of_use(launcher: str) -> bool:
    """Try it: nobody shall be the first to find out that it does not work on this machine."""
    from cloche_linux.launcher.renewing import ended
    from cloche_linux.launcher.resuming import TRIED, TRY

    return ended(os.posix_spawn(launcher, [TRY], {})) == TRIED


if __name__ == "__main__":
    make(sys.argv[1])
    os._exit(0)
