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
    from cloche_linux.launcher.dump import Draft, Front

#: What is imported first lies close together, so that few pages are touched: what every run needs,
#: then what some need. All else is imported when it is.
_NEEDED = (
    *("cloche_cli.oci.program", "cloche_cli.oci.creating", "cloche_cli.oci.waiting"),
    *("cloche.documents.reader", "cloche.documents.checks", "cloche.documents.path"),
    *("cloche.demands", "cloche.users", "cloche.spec.state", "cloche.oci.container"),
    *("cloche_linux.runtime", "cloche_linux.creating", "cloche_linux.cgroups.create"),
    *("cloche_linux.cgroups.devices", "cloche_linux.cgroups.planning", "cloche_linux.programs"),
    *("cloche_linux.cgroups.device_program", "cloche_linux.confinement", "cloche_linux.notes"),
    *("cloche_linux.accounts", "cloche_linux.descriptor", "cloche_linux.layerfiles"),
    *("cloche_linux.launcher.dump", "cloche_linux.launcher.resuming"),
    *("cloche.documents.seccomp_checks", "cloche.defaults.profile", "cloche_linux.seccomp.checks"),
    *("cloche_linux.seccomp.compiler", "cloche_cli.oci.executing", "cloche_linux.executing"),
    *("cloche_cli.oci.lifecycle", "cloche_cli.oci.telling", "cloche.oci.templates"),
)


def make(launcher: str) -> None:
    """Make the dump. Raises OSError, or TooNew, where none can be made now."""
    begun = time.time_ns()
    _import_all()
    _rehearse()
    from cloche_linux.launcher.boot import MANY_OBJECTS
    from cloche_linux.launcher.dump import Draft, place

    gc.collect()
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS)
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

    for name in _NEEDED:
        import_module(name)


def _rehearse() -> None:
    """Read a document and look for ourselves, as commands do: what that works out once is kept."""
    from cloche import documents
    from cloche.discovery import entry_point
    from cloche.oci import template
    from cloche.spec import Spec
    from cloche_linux.blueprint.options import parse

    spec = documents.read(Spec, documents.write(template()))
    documents.check(spec)
    for mount in spec.mounts or ():
        parse(tuple(mount.options or ()))
    entry_point("cloche.runtimes", "linux")


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
