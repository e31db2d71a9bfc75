"""update."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche import documents
from cloche.errors import InvalidSpec, NotFound, NotSupported
from cloche.spec import LinuxResources
from cloche_cli.oci.places import found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche_cli.oci.flags import Typed

__all__ = ["update"]


def update(typed: Typed, below: Typed) -> int:
    """Change limits; those that nobody names stay, and with a file only it counts."""
    file = below.text("resources")
    wanted = _by_flags(below) if file is None else documents.read(LinuxResources, _content(file))
    found(typed, below).update(wanted)
    return 0


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError as error:
        raise NotFound(f"--resources {file}: {error.strerror}") from error


def _by_flags(below: Typed) -> LinuxResources:
    document: dict[str, dict[str, object]] = {}
    for flag, (section, name, read) in _FLAGS.items():
        text = below.text(flag)
        if text is not None:
            document.setdefault(section, {})[name] = read(flag, text)
    if not document:
        raise InvalidSpec("there is nothing to change", hint="--resources FILE, or - for the input")
    return documents.read(LinuxResources, document)


def _number(flag: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidSpec(f"--{flag}: {text!r} is not a number", path=flag) from None


def _size(flag: str, text: str) -> int:
    """Bytes, also with a unit (``512M``); -1 takes a limit away."""
    from cloche.quantities import size

    return -1 if text == "-1" else size(f"--{flag}", text)


def _word(flag: str, text: str) -> str:
    return text


def _refused(flag: str, text: str) -> int:
    raise NotSupported(f"--{flag}: cache allocation is not here")


#: Flags by where they stand in the document, and how they are read.
_FLAGS: Mapping[str, tuple[str, str, Callable[[str, str], object]]] = {
    "memory": ("memory", "limit", _size),
    "memory-reservation": ("memory", "reservation", _size),
    "memory-swap": ("memory", "swap", _size),
    "kernel-memory": ("memory", "kernel", _size),
    "kernel-memory-tcp": ("memory", "kernelTCP", _size),
    "pids-limit": ("pids", "limit", _number),
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
    "l3-cache-schema": ("intelRdt", "l3CacheSchema", _refused),
    "mem-bw-schema": ("intelRdt", "memBwSchema", _refused),
}
