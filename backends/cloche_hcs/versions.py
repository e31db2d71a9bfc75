"""Which Windows runs here, and which Windows images run on it without a virtual machine.

The rule is Microsoft's: up to Windows Server 2019 an image must have the host's own build; from
Windows Server 2022 on a host also runs what came since the long-term release before it
(https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility).
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from cloche.errors import InvalidSpec, Unavailable

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

#: Long-term releases that run the images of the one before.
LONG_TERM = {20348: "ltsc2022", 26100: "ltsc2025"}
_TAGS = {14393: "ltsc2016", 17763: "ltsc2019"} | LONG_TERM
_STABLE = min(LONG_TERM)


class WindowsVersion(NamedTuple):
    """A version of Windows; updates (the fourth number) don't matter to containers."""

    major: int
    minor: int
    build: int

    @classmethod
    def parse(cls, text: str) -> WindowsVersion:
        """Read ``10.0.20348`` or ``10.0.20348.1249``; InvalidSpec for anything else."""
        numbers = text.split(".")
        if len(numbers) not in (3, 4) or not all(_is_number(number) for number in numbers):
            raise InvalidSpec(f"not a version of Windows: {text!r}", hint="such as 10.0.20348")
        return cls(*map(int, numbers[:3]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.build}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


if sys.platform == "win32":

    def host_version() -> WindowsVersion:
        """Say which Windows this is; Unavailable anywhere else.

        ``GetVersionEx``, and with it ``sys.getwindowsversion``, tells a program what its manifest
        knows of; RtlGetVersion tells the truth.
        """
        import ctypes

        # RTL_OSVERSIONINFOW: its size, four numbers of which the last is the platform, 128 letters.
        info = (ctypes.c_uint32 * 69)(69 * 4)
        if ctypes.WinDLL("ntdll").RtlGetVersion(ctypes.byref(info)):
            raise Unavailable("this Windows does not tell its version")
        return WindowsVersion(*info[1:4])

else:

    def host_version() -> WindowsVersion:
        """Say that this is no Windows."""
        raise Unavailable("this is no Windows")


def images_for(host: WindowsVersion) -> range:
    """The builds of the images that run on ``host`` without a virtual machine."""
    if host.build < _STABLE:
        return range(host.build, host.build + 1)
    before = [build for build in LONG_TERM if build < host.build]
    return range(max(before, default=_STABLE), host.build + 1)


def check_image(image: str, host: WindowsVersion) -> None:
    """Raise Unavailable, with the builds that would run, unless the image runs on this host.

    ``image`` is the version that an image's configuration gives (``os.version``).
    """
    wanted = WindowsVersion.parse(image)
    if wanted[:2] == host[:2] and wanted.build in images_for(host):
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
