"""Text that others wrote, made fit for one line of a message of ours."""

from __future__ import annotations

__all__ = ["excerpt"]


def excerpt(text: str, limit: int = 200) -> str:
    """The beginning of a text on one line, with nothing in it that would steer a terminal."""
    cut = text[: limit + 1]
    line = "".join(c if c.isprintable() else " " for c in cut).strip()
    return line if len(cut) <= limit else f"{line[: limit - 1]}…"
