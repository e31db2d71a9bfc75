"""Units and slices by their names: ``slice:prefix:name`` of a configuration, and where they are.

Source: systemd.unit(5), systemd.slice(5); the form is that of runc's and crun's systemd drivers.
"""

from __future__ import annotations

import re

from cloche.errors import InvalidSpec
from cloche.values import Value

__all__ = ["UnitName", "slice_directory", "unit_name"]

_PATH = "linux.cgroupsPath"
_FORM = "slice:prefix:name"
_PREFIX = "cloche"
_PROPER = re.compile(r"[A-Za-z0-9:_.\\@-]+")
_LONGEST = 255
_ROOT = "-.slice"


class UnitName(Value, kw_only=True):
    """A scope, and the slice that it is in."""

    slice: str
    unit: str

    @property
    def path(self) -> str:
        """Where its group is, from the manager's own."""
        return "/".join(part for part in (slice_directory(self.slice), self.unit) if part)


def unit_name(path: str | None, id: str, *, user: bool) -> UnitName:
    """Read ``cgroupsPath``; without one the unit is named after the container. InvalidSpec."""
    usual = "user.slice" if user else "system.slice"
    if not path:
        return _checked(usual, f"{_PREFIX}-{_escaped(id)}.scope")
    parts = path.split(":")
    if len(parts) != 3:
        raise _wrong(f"{path!r} is not in systemd's form", f"{_FORM}, or --cgroup-manager cgroupfs")
    parent, prefix, name = parts
    if not name or name.endswith(".slice"):
        raise _wrong(f"{path!r} does not name a scope", f"{_FORM}, with a name")
    return _checked(parent or usual, f"{prefix}-{name}.scope" if prefix else f"{name}.scope")


def slice_directory(name: str) -> str:
    """Say where a slice's group is: each dash begins one below (``a-b.slice``). InvalidSpec."""
    if name == _ROOT:
        return ""
    words = name.removesuffix(".slice").split("-")
    if not name.endswith(".slice") or not all(words) or not _PROPER.fullmatch(name):
        raise _wrong(f"{name!r} is not the name of a slice", "such as machine.slice")
    return "/".join("-".join(words[: count + 1]) + ".slice" for count in range(len(words)))


def _checked(parent: str, unit: str) -> UnitName:
    slice_directory(parent)
    if not _PROPER.fullmatch(unit) or len(unit) > _LONGEST:
        raise _wrong(f"{unit!r} can't name a unit", "letters, digits and : _ . - @ only")
    return UnitName(slice=parent, unit=unit)


def _escaped(id: str) -> str:
    """Ids may have a sign that units may not."""
    return id.replace("+", r"\x2b")


def _wrong(message: str, hint: str) -> InvalidSpec:
    return InvalidSpec(f"{_PATH}: {message}: expected {hint}", path=_PATH)
