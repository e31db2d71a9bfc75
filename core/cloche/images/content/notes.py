"""Notes about manifests: small documents that make the second use of an image quick."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche._disk import unlink
from cloche.images.digest import Digest

from .layout import DRAFT, blob_named, content_if_any, listed, machine_errors, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .layout import Layout

__all__ = ["Notes"]


class Notes:
    """One JSON object for each manifest, by its digest; thread-safe, as between processes.

    A note says nothing that the manifest does not: whoever finds none, or one that is damaged,
    works it out again. It goes when its manifest goes.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def get(self, digest: str) -> dict[str, object] | None:
        """Read what was noted; None if there is nothing that can be read."""
        from json import loads

        path = self._layout.note(digest)
        with machine_errors(path):
            content = content_if_any(path)
        try:
            found = None if content is None else loads(content)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def set(self, digest: str, note: Mapping[str, object]) -> None:
        """Note something, instead of what was; Unavailable where the disk is full.

        Raises TypeError for what has no JSON form.
        """
        from json import dumps

        text = dumps(dict(note), separators=(",", ":")).encode()
        with self._layout.locked():
            write_whole(self._layout.note(digest), text)

    def remove(self, digest: str) -> None:
        """Forget it; repeatable."""
        with self._layout.locked():
            self.forget([digest])

    def digests(self) -> list[Digest]:
        """Say about which manifests something is noted."""
        parts = [file.partition("-") for file in listed(self._layout.notes)]
        found = [blob_named(algorithm, encoded) for algorithm, _, encoded in parts]
        return [digest for digest in found if digest is not None]

    def forget(self, digests: list[str]) -> None:
        """Forget several, and what was never finished; for who holds the lock."""
        drafts = [f for f in listed(self._layout.notes) if f.endswith(DRAFT)]
        paths = [os.path.join(self._layout.notes, draft) for draft in drafts]
        for path in [*map(self._layout.note, digests), *paths]:
            if os.path.lexists(path):
                unlink(path)
