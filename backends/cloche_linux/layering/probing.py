"""Whether layer stores that are not overlay's work here."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cloche.errors import ClocheError
from cloche.probe import Supported, Unsupported
from cloche_linux.probing import probe_platform

if TYPE_CHECKING:
    from cloche.probe import Verdict

__all__ = ["COPY_SCORE", "FUSE_SCORE", "probe_copy", "probe_fuse"]

FUSE_SCORE = 40
COPY_SCORE = 20


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
        return Unsupported(str(error), "see whether /dev/fuse can be opened: modprobe fuse")


def _tried() -> Verdict:
    from cloche_linux.layering.fuse import mount, unmount

    with TemporaryDirectory(prefix="cloche-probe-") as place:
        lower = os.path.join(place, "lower")
        os.makedirs(os.path.join(lower, "seen"))
        try:
            root = mount(place, [lower])
            seen = os.listdir(root)
        finally:
            unmount(os.path.join(place, "root"))
    return Supported(FUSE_SCORE) if seen == ["seen"] else Unsupported("it shows another tree")
