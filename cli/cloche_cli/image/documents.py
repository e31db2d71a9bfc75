"""Images as JSON, and their times, which are texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from cloche.images import Image, Step

__all__ = ["moment", "step", "summary", "whole"]

#: Programs written in Go have a time that means none.
_NEVER = "0001-01-01"


def summary(image: Image) -> dict[str, object]:
    """Say what a list shows."""
    return {
        "name": image.name,
        "digest": image.digest,
        "id": image.id,
        "platform": str(image.platform),
        "created": image.created,
        "size": image.size,
        "labels": dict(image.config.labels or {}),
    }


def whole(image: Image) -> dict[str, object]:
    """Say everything; ``config`` is in the words of the OCI image-spec, layers in their order."""
    from cloche.documents import to_json

    config: Any = to_json(image.config)
    return {**summary(image), "config": config, "layers": list(image.diff_ids)}


def step(made: Step) -> dict[str, object]:
    """Say how one layer was made."""
    return {
        "created": made.created,
        "created_by": made.created_by,
        "author": made.author,
        "comment": made.comment,
        "layer": made.layer,
        "size": made.size,
    }


def moment(text: str | None) -> float | None:
    """Read a time of RFC 3339; None for none, and for what is no time."""
    from datetime import datetime

    if text is None or text.startswith(_NEVER):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
