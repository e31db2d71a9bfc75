"""create and run."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from contextlib import suppress

from cloche.errors import InvalidSpec, NotFound, Unavailable
from cloche.interrupts import shielded
from cloche.oci import Bundle, Wanted
from cloche.values import replace
from cloche_cli.oci.activation import activated, listening, supervisor
from cloche_cli.oci.cgroups import manager, without_groups
from cloche_cli.oci.places import home, one_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.oci import BundleContainer
    from cloche_cli.oci.flags import Typed

__all__ = ["create", "preserved", "run"]

_RUNTIME = "CLOCHE_OCI_RUNTIME"


def create(typed: Typed, below: Typed) -> int:
    """Make a container that waits; nothing of this process is needed for it afterwards."""
    with shielded():
        _make(typed, below, detached=True)
    return 0


def run(typed: Typed, below: Typed) -> int:
    """Make a container and start it; unless it is to go on alone, see it to its end."""
    if below.switch("detach"):
        return _run_alone(typed, below)
    # Imported before there is a container, which an interruption meanwhile would leave behind.
    from cloche_cli.oci.waiting import see_through

    with shielded():  # while it runs, it is told of interrupts
        container = _make(typed, below, detached=False)
        return see_through(container, keep=below.switch("keep"))


def _run_alone(typed: Typed, below: Typed) -> int:
    with shielded():
        container = _make(typed, below, detached=True)
        try:
            container.start()
        except BaseException:
            with suppress(NotFound):  # a hook of its start has ended it for good
                container.delete(force=True)
            raise
    return 0


def _make(typed: Typed, below: Typed, *, detached: bool) -> BundleContainer:
    place, name = home(typed), one_id(below)
    bundle = Bundle.open(below.text("bundle") or os.getcwd(), below.text("config"))
    sockets = listening()
    bundle = replace(bundle, spec=activated(without_groups(typed, bundle.spec), sockets))
    if bundle.process.terminal and detached and below.text("console-socket") is None:
        raise InvalidSpec(
            "process.terminal: nobody takes the terminal: --console-socket is missing",
            path="process.terminal",
        )
    wanted = Wanted(
        bundle=bundle,
        runtime=os.environ.get(_RUNTIME) or "linux",
        adopted=True,
        preserve_fds=preserved(below, sockets),
        console_socket=below.text("console-socket"),
        pidfd_socket=below.text("pidfd-socket"),
        pid_file=below.text("pid-file"),
        pivot=not below.switch("no-pivot"),
        keyring=not below.switch("no-new-keyring"),
        supervisor=supervisor(),
        cgroup_manager=manager(typed),
    )
    return place.create(name, wanted)


def preserved(below: Typed, sockets: int = 0) -> tuple[int, ...]:
    """The descriptors that are handed on: of as many as are asked for, those that are open.

    ``sockets`` of them come first, from whoever listens for the container.

    Callers name more than they have, as they do to crun. Unavailable for a gap among the open ones:
    what comes behind it would get other numbers.
    """
    count = sockets + below.number("preserve-fds")
    found = [number for number in range(3, 3 + count) if _is_open(number)]
    if found != [*range(3, 3 + len(found))]:
        gap = next(number for number in range(3, 3 + count) if number not in found)
        raise Unavailable(f"--preserve-fds {count}: descriptor {gap} is not open")
    return tuple(found)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
