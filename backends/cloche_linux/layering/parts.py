"""What a container's root is made of, written down beside it for who asks for its changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Part", "note", "noted"]

_NOTE = "layers.json"


class Part(Value, kw_only=True):
    """One overlay or copy of a container's root."""

    #: Where it is in the container; the root itself is "".
    at: str = ""
    #: What has the changes: the upper directory, or the copy.
    top: str
    #: The directories of the layers, topmost first.
    layers: tuple[str, ...]
    copied: bool = False


def note(container: str, parts: Sequence[Part]) -> None:
    """Write down in a container's directory what its parts are."""
    import json

    text = json.dumps([[part.at, part.top, part.layers, part.copied] for part in parts])
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(os.path.join(container, _NOTE), flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def noted(container: str) -> list[Part]:
    """Read what was written down. Raises FileNotFoundError."""
    import json

    with open(os.path.join(container, _NOTE), encoding="utf-8") as file:
        return [
            Part(at=at, top=top, layers=tuple(layers), copied=copied)
            for at, top, layers, copied in json.load(file)
        ]
