"""Read the kernel's table of mounts (proc(5), /proc/pid/mountinfo)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["mount_points", "points_of", "points_beneath", "unescape"]


def mount_points(table: str = "/proc/self/mountinfo") -> list[str]:
    """List where something is mounted, in mount order; a place may occur more than once."""
    with open(table, encoding="utf-8", errors="surrogateescape") as lines:
        return [unescape(line.split(" ", 5)[4]) for line in lines]


def points_of(kinds: Collection[str], table: str = "/proc/self/mountinfo") -> list[str]:
    """List where file systems of these types are mounted, the last one first."""
    with open(table, encoding="utf-8", errors="surrogateescape") as lines:
        halves = [line.split(" - ", 1) for line in lines]
    found = [
        unescape(mount.split(" ", 5)[4]) for mount, kind in halves if kind.split(" ")[0] in kinds
    ]
    return found[::-1]


def points_beneath(directory: str, points: list[str]) -> list[str]:
    """Of ``points``, those strictly beneath ``directory``, each once."""
    prefix = directory.rstrip("/") + "/"
    return list(dict.fromkeys(point for point in points if point.startswith(prefix)))


def unescape(field: str) -> str:
    """Undo the octal escapes of a field."""
    if "\\" not in field:
        return field
    from re import sub

    return sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
