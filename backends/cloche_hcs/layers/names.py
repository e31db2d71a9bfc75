"""Names in a layer's tar file, all of them hostile until they are found to be proper.

A name that Windows reads otherwise than it looks (devices, streams, trailing dots) is refused, and
so is one that could lead out of the layer.
"""

from __future__ import annotations

import re

from cloche.errors import ImageError

__all__ = ["WHITEOUT", "is_reserved", "layer_name", "stream_name", "whiteout"]

#: How the name of a file begins that says another is gone.
WHITEOUT = ".wh."

#: What a Windows layer consists of.
_PARTS = frozenset({"Files", "Hives", "UtilityVM"})
_BAD = re.compile(r'[\x00-\x1f<>:"|?*\\/\ud800-\udfff]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])", re.I)
_COMPONENT_LIMIT = 255
_LENGTH_LIMIT = 32_000


def layer_name(name: str) -> str:
    r"""Turn a name of a tar file (``Files/a/b``) into the layer's own (``Files\a\b``).

    Raises ImageError for any that is not proper.
    """
    components = name.removesuffix("/").split("/")
    if components[0] not in _PARTS:
        raise ImageError(
            f"not a name in a Windows layer: {name[:200]!r}",
            hint="a Windows layer has Files, Hives and UtilityVM; is it of another platform?",
        )
    if len(name) > _LENGTH_LIMIT or not all(map(_is_proper, components)):
        raise ImageError(f"a name in the layer is not a proper one: {name[:200]!r}")
    return "\\".join(components)


def whiteout(name: str) -> str | None:
    """Name what a tar entry says to be gone (as the tar would); None if it is no such entry.

    Raises ImageError for the marks that Windows layers do not have (opaque directories).
    """
    directory, slash, last = name.rpartition("/")
    if not last.startswith(WHITEOUT):
        return None
    if last.startswith(WHITEOUT + WHITEOUT) or last == WHITEOUT:
        raise ImageError(f"a Windows layer can't have this mark: {name[:200]!r}")
    return f"{directory}{slash}{last.removeprefix(WHITEOUT)}"


def stream_name(name: str, file: str | None) -> str | None:
    """Name the alternate stream that a tar entry is, of ``file`` before it (``:x:$DATA``).

    None for an entry that is a file of its own. Raises ImageError for a stream of another file, or
    one whose name is more than a name.
    """
    if ":" not in name:
        return None
    owner, _, stream = name.partition(":")
    if owner != file or not _is_proper(stream):
        raise ImageError(f"a stream without its file, or an improper one: {name[:200]!r}")
    return f":{stream}:$DATA"


def is_reserved(component: str) -> bool:
    """Say whether Windows would take it for a device, or read it otherwise than it is written."""
    stem = component.partition(".")[0].rstrip(" ")
    return component.endswith((".", " ")) or _DEVICE.fullmatch(stem) is not None


def _is_proper(component: str) -> bool:
    sensible = 0 < len(component) <= _COMPONENT_LIMIT and _BAD.search(component) is None
    return sensible and component not in {".", ".."} and not is_reserved(component)
