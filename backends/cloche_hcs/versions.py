"""Which Windows runs here, and what is said of an image that doesn't run on it."""

from __future__ import annotations

import sys

from cloche.errors import Unavailable
from cloche.host import kernel
from cloche.images.windows import LONG_TERM, WindowsVersion, images_for, runs_on

__all__ = [
    "DEVICES",
    "LONG_TERM",
    "NAMED_PIPES",
    "WindowsVersion",
    "check_image",
    "host_version",
    "images_for",
]

#: The first builds that map named pipes (Windows 10 1709), and that assign devices (1809).
NAMED_PIPES = 16299
DEVICES = 17763

_TAGS = {14393: "ltsc2016", 17763: "ltsc2019"} | LONG_TERM


if sys.platform == "win32":

    def host_version() -> WindowsVersion:
        """Say which Windows this is; Unavailable anywhere else."""
        return WindowsVersion.parse(kernel())

else:

    def host_version() -> WindowsVersion:
        """Say that this is no Windows."""
        raise Unavailable("this is no Windows")


def check_image(image: str, host: WindowsVersion) -> None:
    """Raise Unavailable, with the builds that would run, unless the image runs on this host.

    ``image`` is the version that an image's configuration gives (``os.version``).
    """
    wanted = WindowsVersion.parse(image)
    if runs_on(wanted, host):
        return
    raise Unavailable(
        f"image is Windows {wanted}, host {host}: process isolation needs a match ({_range(host)})",
        remedy=f"--isolation hyperv{_tag(host)}",
    )


def _range(host: WindowsVersion) -> str:
    runs = images_for(host)
    return f"build {runs[0]}" if len(runs) == 1 else f"builds {runs[0]} to {runs[-1]}"


def _tag(host: WindowsVersion) -> str:
    """Name the image to use instead, the newest long-term one that runs."""
    fitting = [tag for build, tag in sorted(_TAGS.items()) if build in images_for(host)]
    return f", or tag {fitting[-1]}" if fitting else ""
