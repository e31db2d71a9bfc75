"""Notes of what is made for containers: whoever reads one finds it whole, as it was or as it is."""

from __future__ import annotations

import os

__all__ = ["put_note"]


def put_note(path: str, text: bytes) -> None:
    """Put a note into its place, whatever is there.

    The draft is this process's own: another may be writing the same note.
    """
    draft = f"{path}.{os.getpid()}"
    with open(draft, "wb") as file:
        file.write(text)
    os.replace(draft, path)
