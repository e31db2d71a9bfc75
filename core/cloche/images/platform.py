"""Platforms, and which image of an index is for one (image-spec, image-index.md, ``platform``).

Names and orders are those of containerd's ``platforms`` package, so that the same image is chosen
as elsewhere: an ARM v7 processor takes v7 before v6 before v5, arm64 also runs 32-bit ARM, and
amd64 also 386.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from cloche import host
from cloche.errors import ImageError, InvalidSpec
from cloche.values import Value

from . import media
from .foreign import excerpt
from .windows import WindowsVersion, runs_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .manifest import Descriptor, Index

__all__ = ["Platform", "choose"]

_JSON = {"os_version": "os.version", "os_features": "os.features"}
_SYSTEMS = {"macos": "darwin"}
_KNOWN_SYSTEMS = {"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "wasip1"}
_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "x86": "386",
    "armhf": "arm",
    "armv6l": "arm",
    "armv7l": "arm",
    "armv8l": "arm",
    "armel": "arm",
    "loongarch64": "loong64",
}
#: The variants that some names of architectures say.
_VARIANTS = {"armel": "v6", "armv6l": "v6", "armv8l": "v8"}
_PART = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SYSTEM = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,64})(?:\((?P<version>[A-Za-z0-9_.-]{1,64})\))?")
#: v9.0 came from v8.5: what runs there runs v8.5 too, v9.1 runs v8.6, up to v8.9.
_LAST_V8, _V9_IS_V8 = 9, 5
_SHOWN = 20


class Platform(Value):
    """What an image was made for; names are normalised by `Platform.normal`."""

    __pydantic_config__: ClassVar[Mapping[str, Callable[[str], str]]] = {
        "alias_generator": lambda name: _JSON.get(name, name)
    }

    os: str
    architecture: str
    variant: str | None = None
    #: For Windows: ``10.0.20348.1249``.
    os_version: str | None = None
    os_features: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``linux/arm64/v8``, ``arm64``, ``linux``, ``windows(10.0.17763)/amd64``.

        What is left out is this machine's. Raises InvalidSpec; ``path`` is ``platform``.
        """
        parts = text.split("/")
        system = _SYSTEM.fullmatch(parts[0])
        if not system or len(parts) > 3 or not all(map(_PART.fullmatch, parts[1:])):
            raise InvalidSpec(
                f"platform {excerpt(text)!r} is not OS/ARCHITECTURE[/VARIANT]",
                path="platform",
                hint="such as linux/arm64",
            )
        if len(parts) > 1:
            variant = parts[2] if len(parts) > 2 else None
            return cls(system["name"], parts[1], variant, system["version"]).normal()
        return cls._of_one_word(system["name"], system["version"])

    @classmethod
    def _of_one_word(cls, word: str, version: str | None) -> Platform:
        system = _SYSTEMS.get(word.lower(), word.lower())
        if system in _KNOWN_SYSTEMS:
            return cls(system, host.machine(), os_version=version).normal()
        return cls(host.system(), word).normal()

    @classmethod
    def here(cls) -> Platform:
        """The platform of this machine; on Windows with the version of the system."""
        version = host.kernel() if host.system() == "windows" else None
        return cls(host.system(), host.machine(), os_version=version).normal()

    def normal(self) -> Platform:
        """The same platform by the names that images use: ``amd64`` for ``x86_64``."""
        system = self.os.lower()
        given = self.architecture.lower()
        architecture = _ARCHITECTURES.get(given, given)
        variant = (self.variant or _VARIANTS.get(given, "")).lower()
        return Platform(
            _SYSTEMS.get(system, system),
            architecture,
            _normal_variant(architecture, variant) or None,
            self.os_version,
            self.os_features,
        )

    def runnable(self) -> Iterator[Platform]:
        """What a machine of this platform runs, the best first; ``os_version`` is left aside."""
        own = self.normal()
        for architecture, variant in _compatible(own.architecture, own.variant or ""):
            yield Platform(own.os, architecture, variant or None)

    def __str__(self) -> str:
        system = f"{self.os}({self.os_version})" if self.os_version else self.os
        variant = f"/{self.variant}" if self.variant else ""
        return f"{system}/{self.architecture}{variant}"


def _normal_variant(architecture: str, variant: str) -> str:
    if variant.isdigit():
        variant = f"v{variant}"
    if architecture == "arm":
        return variant or "v7"
    usual = {"amd64": ("v1",), "arm64": ("v8", "v8.0")}.get(architecture, ())
    return "" if variant in usual else variant.removesuffix(".0")


def _compatible(architecture: str, variant: str) -> Iterator[tuple[str, str]]:
    yield architecture, variant
    if architecture == "amd64":
        yield from ((architecture, v) for v in _below(variant, first=1))
        yield "386", ""
    elif architecture == "arm":
        yield from ((architecture, v) for v in _below(variant, first=5))
    elif architecture == "arm64":
        yield from ((architecture, v) for v in _older_arm64(variant))
        yield from _compatible("arm", "v8")


def _below(variant: str, *, first: int) -> Iterator[str]:
    """``v3`` runs v2, and the first one (v1 is what ``amd64`` means without a variant)."""
    number = variant.removeprefix("v")
    if number.isdigit() and len(number) < 3:
        yield from (f"v{n}" if n > 1 else "" for n in range(int(number) - 1, first - 1, -1))


def _older_arm64(variant: str) -> Iterator[str]:
    found = re.fullmatch(r"v([89])(?:\.([0-9]))?", variant)
    if not found:
        return
    minor = int(found[2] or 0)
    if found[1] == "9":
        yield from (_arm64(9, n) for n in range(minor - 1, -1, -1))
        minor = min(minor + _V9_IS_V8, _LAST_V8) + 1
    yield from (_arm64(8, n) for n in range(minor - 1, -1, -1))


def _arm64(major: int, minor: int) -> str:
    if minor:
        return f"v{major}.{minor}"
    return "" if major == 8 else f"v{major}"


def choose(index: Index, wanted: Platform, *, vm: bool = False) -> Descriptor:
    """Choose the manifest of an index that is for a platform.

    For Windows with an ``os_version``, the image's must run on that build by `windows.runs_on`
    (``vm``: in a virtual machine), the build itself before newer ones before older ones; without
    one the newest is taken. Attestations and artifacts are passed over. A manifest that says no
    platform is taken where nothing else fits, so its configuration is still to be compared.
    Raises ImageError listing the platforms that there are.
    """
    images = [each for each in index.manifests if _is_image(each)]
    for platform in wanted.runnable():
        fitting = [each for each in images if each.platform and _is_for(each.platform, platform)]
        if found := _newest(fitting, wanted.os_version, vm):
            return found
    unmarked = [each for each in images if each.platform is None]
    if unmarked:
        return unmarked[0]
    raise _nothing(wanted, images)


def _is_image(entry: Descriptor) -> bool:
    known = media.is_manifest(entry.media_type) or media.is_index(entry.media_type)
    return known and not (entry.platform and entry.platform.os == "unknown")


def _is_for(offered: Platform, wanted: Platform) -> bool:
    own = offered.normal()
    return Platform(own.os, own.architecture, own.variant) == wanted


def _newest(fitting: list[Descriptor], version: str | None, vm: bool) -> Descriptor | None:
    """Other systems than Windows hardly ever say a version: the first of an index is taken."""
    if not fitting or fitting[0].platform is None or fitting[0].platform.os.lower() != "windows":
        return fitting[0] if fitting else None
    host = WindowsVersion.parse(version) if version else None
    running = [each for each in fitting if host is None or _runs(each, host, vm)]
    return max(running, key=lambda each: _preference(each, host), default=None)


def _runs(image: Descriptor, host: WindowsVersion, vm: bool) -> bool:
    version = _version(image)
    return version is None or runs_on(version, host, vm=vm)


def _version(image: Descriptor) -> WindowsVersion | None:
    """None for what says no version, or none that anybody understands."""
    text = image.platform.os_version if image.platform else None
    try:
        return WindowsVersion.parse(text) if text else None
    except InvalidSpec:
        return None


def _preference(image: Descriptor, host: WindowsVersion | None) -> tuple[bool, tuple[int, ...]]:
    version = _version(image)
    text = image.platform.os_version if image.platform and version else None
    return version is not None and version == host, tuple(map(int, text.split("."))) if text else ()


def _nothing(wanted: Platform, images: list[Descriptor]) -> ImageError:
    there = sorted({excerpt(str(each.platform), 60) for each in images if each.platform})
    shown = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
    return ImageError(
        f"no image for {wanted}; there is {shown or 'none at all'}",
        hint=f"--platform {there[0]} takes another" if there else None,
    )
