"""Maps that an option of a mount names: ``idmap=uids=0-1-10#10-100-10;gids=@0-1-10``.

Source: crun(1), "idmap mount options". Each triplet is an id of the file system, the id of this
machine that it is shown as, and how many follow. With a ``@`` before it, the second is one of the
container, to be found in the maps of its user namespace.
"""

from __future__ import annotations

import re

from cloche.errors import InvalidSpec
from cloche_linux.blueprint.options import parse
from cloche_linux.idmaps import IdMaps, Range, outside_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import Mount

__all__ = ["named_maps"]

#: A sign may stand before a number, as it may for strtol(3).
_TRIPLET = re.compile(r"(@?)\+?([0-9]{1,10})-\+?([0-9]{1,10})-\+?([0-9]{1,10})")
_LAST = (1 << 32) - 1


def named_maps(mount: Mount, container: IdMaps | None, path: str) -> IdMaps:
    """Read the maps of an option; InvalidSpec with its ``path`` for what is none."""
    parts = dict[str, str]()
    for part in parse(mount.options or ()).maps.split(";"):
        name, _, value = part.partition("=")
        if name not in ("uids", "gids") or name in parts or not value:
            raise InvalidSpec(f"{part!r} is neither uids=… nor gids=…, or once more", path=path)
        parts[name] = value
    if len(parts) != 2:
        raise InvalidSpec("maps are of users and of groups: uids=…;gids=…", path=path)
    return IdMaps(
        _ranges(parts["uids"], container.uids if container else (), path),
        _ranges(parts["gids"], container.gids if container else (), path),
    )


def _ranges(text: str, inside: Sequence[Range], path: str) -> tuple[Range, ...]:
    return tuple(_range(triplet, inside, path) for triplet in text.split("#"))


def _range(text: str, inside: Sequence[Range], path: str) -> Range:
    found = _TRIPLET.fullmatch(text)
    if found is None:
        raise InvalidSpec(f"{text!r} is no mapping, such as 0-100000-65536", path=path)
    first, shown, size = (int(number) for number in found.groups()[1:])
    if found[1]:
        shown = _outside(shown, inside, path)
    if not size or max(first, shown) + size - 1 > _LAST:
        raise InvalidSpec(f"{text!r} maps no ids, or more than there are", path=path)
    return Range(first, shown, size)


def _outside(shown: int, inside: Sequence[Range], path: str) -> int:
    found = outside_of(shown, inside)
    if found is None:
        raise InvalidSpec(f"{shown} is no id of the container's own user namespace", path=path)
    return found
