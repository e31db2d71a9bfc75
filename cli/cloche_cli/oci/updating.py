"""update."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from typing import TYPE_CHECKING

from cloche import documents
from cloche.errors import InvalidSpec, NotFound
from cloche.spec import LinuxResources
from cloche_cli.oci.places import found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche_cli.oci.flags import Typed

__all__ = ["update"]

#: Flags by where they stand in the document.
_FLAGS: Mapping[str, tuple[str, str]] = {
    "memory": ("memory", "limit"),
    "memory-reservation": ("memory", "reservation"),
    "memory-swap": ("memory", "swap"),
    "pids-limit": ("pids", "limit"),
    "cpu-period": ("cpu", "period"),
    "cpu-quota": ("cpu", "quota"),
    "cpu-share": ("cpu", "shares"),
    "cpuset-cpus": ("cpu", "cpus"),
    "cpuset-mems": ("cpu", "mems"),
    "blkio-weight": ("blockIO", "weight"),
}
_WORDS = frozenset({"cpus", "mems"})


def update(typed: Typed, below: Typed) -> int:
    """Change limits; those that nobody names stay."""
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
    for flag, (section, name) in _FLAGS.items():
        text = below.text(flag)
        if text is not None:
            value = text if name in _WORDS else _number(flag, text)
            document.setdefault(section, {})[name] = value
    if not document:
        raise InvalidSpec("there is nothing to change", hint="--resources FILE, or - for the input")
    return documents.read(LinuxResources, document)


def _number(flag: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidSpec(f"--{flag}: {text!r} is not a number", path=flag) from None
