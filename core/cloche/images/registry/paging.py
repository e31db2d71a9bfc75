"""Lists that come page by page (distribution-spec, "Listing"; RFC 8288)."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images.documents import LARGEST

from .session import Request, pulling
from .transport import resolve_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from cloche.images.reference import Reference

    from .session import Session

__all__ = ["pages"]

_NEXT = re.compile(r'<([^<>]*)>[^,<]*;\s*rel="?next"?', re.IGNORECASE)
_MOST_PAGES = 1000


def pages(session: Session, ref: Reference, where: str, *, accept: str) -> Iterator[bytes]:
    """Read the pages of a list, each of limited size; ImageError for one without end."""
    place: str | httpx.URL = where
    for _ in range(_MOST_PAGES):
        request = Request(
            where=place,
            what=ref.name,
            scopes=pulling(ref.repository),
            repository=ref.repository,
            headers={"Accept": accept},
        )
        page, following = session.retrying(partial(_page, session, request))
        yield page
        if following is None:
            return
        place = following
    raise ImageError(f"{session.registry}: a list of more than {_MOST_PAGES} pages")


def _page(session: Session, request: Request) -> tuple[bytes, httpx.URL | None]:
    with session.ask(request) as answer:
        link = _NEXT.search(answer.header("Link") or "")
        following = resolve_url(answer.url, link[1]) if link else None
        return answer.read(LARGEST), following
