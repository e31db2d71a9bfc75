"""Which Windows images run on which Windows without a virtual machine.

The rule is Microsoft's: up to Windows Server 2019 an image must have the host's own build; from
Windows Server 2022 on a host also runs what came since the long-term release before it
(https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility).
"""

from __future__ import annotations

from typing import NamedTuple

from cloche.errors import InvalidSpec

__all__ = ["LONG_TERM", "WindowsVersion", "images_for", "runs_on"]

#: Long-term releases that run the images of the one before.
LONG_TERM = {20348: "ltsc2022", 26100: "ltsc2025"}
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


def images_for(host: WindowsVersion) -> range:
    """The builds of the images that run on ``host`` without a virtual machine."""
    if host.build < _STABLE:
        return range(host.build, host.build + 1)
    before = [build for build in LONG_TERM if build < host.build]
    return range(max(before, default=_STABLE), host.build + 1)


def runs_on(image: WindowsVersion, host: WindowsVersion, *, vm: bool = False) -> bool:
    """Whether an image runs on a host; in a virtual machine every one does that is not newer."""
    if image[:2] != host[:2]:
        return False
    return image.build <= host.build if vm else image.build in images_for(host)
