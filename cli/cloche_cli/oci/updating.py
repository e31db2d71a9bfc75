"""update."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche import documents
from cloche.errors import InvalidSpec, NotFound
from cloche.spec import LinuxIntelRdt, LinuxResources
from cloche_cli.oci.places import found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche_cli.oci.flags import Typed

__all__ = ["update"]


def update(typed: Typed, below: Typed) -> int:
    """Change limits; those that nobody names stay, and with a file only it counts."""
    file = below.text("resources")
    shares = _shares(below)
    if file is not None:
        wanted = documents.read(LinuxResources, _content(file))
    else:
        wanted = _by_flags(below, needed=shares is None)
    found(typed, below).update(wanted, shares)
    return 0


def _shares(below: Typed) -> LinuxIntelRdt | None:
    """What is not part of the resources, so that a file has it not, either."""
    cache, bandwidth = below.text("l3-cache-schema"), below.text("mem-bw-schema")
    if cache is None and bandwidth is None:
        return None
    return LinuxIntelRdt(l3_cache_schema=cache, mem_bw_schema=bandwidth)


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError as error:
        raise NotFound(f"--resources {file}: {error.strerror}") from error


def _by_flags(below: Typed, *, needed: bool) -> LinuxResources:
    document: dict[str, dict[str, object]] = {}
    for flag, (section, name, read) in _FLAGS.items():
        text = below.text(flag)
        if text is not None:
            document.setdefault(section, {})[name] = read(flag, text)
    if needed and not document:
        raise InvalidSpec("there is nothing to change", hint="--resources FILE, or - for the input")
    return documents.read(LinuxResources, document)


def _number(flag: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidSpec(f"--{flag}: {text!r} is not a number", path=flag) from None


def _processes(flag: str, text: str) -> int:
    """A limit of none is one of one: that is there."""
    return _number(flag, text) or 1


def _size(flag: str, text: str) -> int:
    """Bytes, also with a unit (``512M``); -1 takes a limit away."""
    from cloche.quantities import size

    return -1 if text == "-1" else size(f"--{flag}", text)


def _word(flag: str, text: str) -> str:
    return text


#: Flags by where they stand in the document, and how they are read.
_FLAGS: Mapping[str, tuple[str, str, Callable[[str, str], object]]] = {
    "memory": ("memory", "limit", _size),
    "memory-reservation": ("memory", "reservation", _size),
    "memory-swap": ("memory", "swap", _size),
    "kernel-memory": ("memory", "kernel", _size),
    "kernel-memory-tcp": ("memory", "kernelTCP", _size),
    "pids-limit": ("pids", "limit", _processes),
    "cpu-period": ("cpu", "period", _number),
    "cpu-quota": ("cpu", "quota", _number),
    "cpu-burst": ("cpu", "burst", _number),
    "cpu-share": ("cpu", "shares", _number),
    "cpu-idle": ("cpu", "idle", _number),
    "cpu-rt-period": ("cpu", "realtimePeriod", _number),
    "cpu-rt-runtime": ("cpu", "realtimeRuntime", _number),
    "cpuset-cpus": ("cpu", "cpus", _word),
    "cpuset-mems": ("cpu", "mems", _word),
    "blkio-weight": ("blockIO", "weight", _number),
}
