"""Blobs as they come: gone on with where a connection broke, or where another registry left off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloche.errors import ClocheError, ImageError, NotFound, Unavailable

from .retries import Attempts, Transient
from .session import Request, pulling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloche.images.manifest import Descriptor

    from .answer import Answer
    from .session import Session

__all__ = ["fetch_blob"]

_RANGE = re.compile(r"bytes (\d{1,18})-")
#: So many bytes are progress: a registry that gives one at a time is not asked for ever.
_PROGRESS = 2**20


def fetch_blob(
    sessions: Sequence[Session], repository: str, descriptor: Descriptor, offset: int
) -> Iterator[bytes]:
    """Read a blob from ``offset`` to its end; of several registries each goes on for the last.

    Exactly ``descriptor.size - offset`` bytes come, or an error. Nobody has compared the digest.
    """
    place = offset
    for session in sessions:
        try:
            for piece in _from_one(session, repository, descriptor, place):
                place += len(piece)
                yield piece
            return
        except (ImageError, NotFound, Unavailable):
            if session is sessions[-1]:
                raise


def _from_one(
    session: Session, repository: str, descriptor: Descriptor, place: int
) -> Iterator[bytes]:
    attempts, mark = Attempts(session.patience), place
    while place < descriptor.size:
        try:
            for piece in _once(session, repository, descriptor, place):
                place += len(piece)
                if place - mark >= _PROGRESS:
                    attempts.progressed()
                    mark = place
                yield piece
        except Transient as failure:
            attempts.failed(failure)


def _once(session: Session, repository: str, descriptor: Descriptor, place: int) -> Iterator[bytes]:
    request = Request(
        where=f"{repository}/blobs/{descriptor.digest}",
        what=descriptor.digest,
        scopes=pulling(repository),
        repository=repository,
        headers={"Range": f"bytes={place}-"} if place else {},
        ok=(200, 206),
    )
    with session.ask(request) as answer:
        at = _start(answer, place)
        for piece in answer.pieces():
            wanted = piece[max(0, place - at) :]
            at += len(piece)
            if at > descriptor.size:
                raise _too_long(answer, descriptor)
            if wanted:
                place = at
                yield wanted
    if at < descriptor.size:
        raise Transient(_too_short(session, descriptor, at))


def _start(answer: Answer, place: int) -> int:
    """Where the answer begins: some registries don't know ranges, and send all."""
    if answer.status == 200:
        return 0
    told = _RANGE.match(answer.header("Content-Range") or "")
    if not told or int(told[1]) != place:
        raise ImageError(f"{answer.host}: asked for bytes from {place}, it sends others")
    return place


def _too_long(answer: Answer, descriptor: Descriptor) -> ClocheError:
    return ImageError(
        f"{descriptor.digest}: {answer.host} sends more than its {descriptor.size} bytes"
    )


def _too_short(session: Session, descriptor: Descriptor, at: int) -> ClocheError:
    return ImageError(
        f"{descriptor.digest}: {session.registry} sends {at} of its {descriptor.size} bytes"
    )
