"""Whether layer stores that are not overlay's work here."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cloche.errors import ClocheError
from cloche.probe import Supported, Unsupported
from cloche_linux.probing import probe_platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.probe import Verdict

__all__ = ["COPY_SCORE", "FUSE_SCORE", "probe_copy", "probe_fuse"]

FUSE_SCORE = 40
COPY_SCORE = 20
_PATIENCE = 10.0
_REMEDY = "see whether /dev/fuse can be opened: modprobe fuse"


def probe_copy(argument: str | None) -> Verdict:
    """Judge the store that copies: it needs nothing but files, and whoever may own them."""
    platform = probe_platform(argument)
    if isinstance(platform, Unsupported):
        return platform
    from cloche_linux.privileges import privileges

    if not privileges().rootless:
        return Supported(COPY_SCORE)
    from cloche_linux.probing import probe_runtime

    verdict = probe_runtime(argument)  # files are made in a user namespace
    return Supported(COPY_SCORE) if isinstance(verdict, Supported) else verdict


def probe_fuse(argument: str | None) -> Verdict:
    """Judge fuse-overlayfs by mounting something."""
    platform = probe_platform(argument)
    if isinstance(platform, Unsupported):
        return platform
    from cloche_linux.idmaps import find_program
    from cloche_linux.layering.fuse import PROGRAM
    from cloche_linux.privileges import privileges

    if privileges().rootless:
        return Unsupported(
            "a mount that this user makes is not for the other users of its containers",
            "use the layer store overlay, which user namespaces have",
        )
    if find_program(PROGRAM) is None:
        return Unsupported(f"the program {PROGRAM} is missing", f"install the package {PROGRAM}")
    try:
        return _tried()
    except (ClocheError, OSError) as error:
        return Unsupported(str(error), _REMEDY)


def _tried() -> Verdict:
    """Mount in namespaces that go with who mounts: nothing stays, whoever is killed meanwhile."""
    from cloche_linux.layering.fuse import mounting

    with TemporaryDirectory(prefix="cloche-probe-") as place:
        lower = os.path.join(place, "lower")
        os.mkdir(lower)
        command = mounting(place, [lower])
        code, said = _ended(command, os.path.join(place, "said"))
    if code == 0:
        return Supported(FUSE_SCORE)
    words = said.splitlines()
    reason = words[-1] if words else "it did not answer" if code is None else f"it ended: {code}"
    return Unsupported(f"fuse-overlayfs can't mount here: {reason}", _REMEDY)


def _ended(command: Sequence[str], said: str) -> tuple[int | None, str]:
    """Run a program in mount and pid namespaces of its own; what its status and its words were."""
    import select

    from cloche_linux.kernel import Namespace, Propagation
    from cloche_linux.launching import abandon
    from cloche_linux.plan import Plan
    from cloche_linux.spawn import spawn

    plan = Plan()
    plan.unshare(Namespace.MOUNT)
    plan.propagation(Propagation.PRIVATE)
    plan.ready(False)
    plan.descriptors()
    plan.execute(command, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
    with open(said, "w+b") as output:
        child = spawn(plan.encode(), (None, output.fileno(), output.fileno()))
        try:
            child.wait_ready(_PATIENCE)
            child.start(_PATIENCE)
            poll = select.poll()  # select knows no numbers above 1023
            poll.register(child.pidfd, select.POLLIN)
            status = child.exit_status() if poll.poll(_PATIENCE * 1000) else None
        finally:
            abandon(child)
        output.seek(0)
        return status, output.read(1000).decode("utf-8", "replace").strip()
