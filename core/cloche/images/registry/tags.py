"""The tags of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images.documents import read_object

from .paging import pages

if TYPE_CHECKING:
    from cloche.images.reference import Reference

    from .session import Session

__all__ = ["list_tags"]

_AT_ONCE = 1000


def list_tags(session: Session, ref: Reference) -> list[str]:
    """Read all pages of the list, and sort it."""
    found: set[str] = set()
    where = f"{ref.repository}/tags/list?n={_AT_ONCE}"
    for page in pages(session, ref, where, accept="application/json"):
        tags = read_object(page, f"{session.registry}: tags").get("tags")
        if tags is None:  # a repository without any
            continue
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise ImageError(f"{session.registry}: tags: should be an array of strings")
        found.update(tags)
    return sorted(found)
