"""Pushing blobs: whole, in pieces that are gone on with, or by having another repository's."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from cloche.errors import ImageError, NotFound, Unavailable
from cloche.images.progress import Progress

from .answer import PIECE
from .retries import Attempts, Transient
from .session import Request, pulling, pushing
from .transport import resolve_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from cloche.images.manifest import Descriptor
    from cloche.images.progress import Report, Stage
    from cloche.images.reference import Reference

    from .answer import Answer
    from .session import Session

__all__ = ["Upload", "has_blob"]

_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,18})")


def has_blob(session: Session, repository: str, descriptor: Descriptor) -> bool:
    """Whether a repository has a blob."""
    request = Request(
        method="HEAD",
        where=f"{repository}/blobs/{descriptor.digest}",
        what=descriptor.digest,
        scopes=pulling(repository),
        repository=repository,
        ok=(200, 404),
    )

    def look() -> bool:
        with session.ask(request) as answer:
            return answer.status == 200

    return session.retrying(look)


class Upload:
    """One blob on its way to one repository."""

    def __init__(
        self,
        session: Session,
        ref: Reference,
        descriptor: Descriptor,
        open: Callable[[int], BinaryIO],
        *,
        piece: int,
        report: Report | None,
    ) -> None:
        self._session, self._ref, self._descriptor, self._open = session, ref, descriptor, open
        self._piece, self._tell = piece, report
        self._request = Request(
            where="",
            what=ref.familiar(),
            scopes=pushing(ref.repository),
            repository=ref.repository,
        )
        #: Where the next bytes go, and how many are there; None before it has begun.
        self._location: httpx.URL | None = None
        self._place = 0

    def run(self, mount_from: str | None) -> None:
        """Push it, unless it is there; ``mount_from`` is a repository of this registry to try."""
        if has_blob(self._session, self._ref.repository, self._descriptor):
            self._report("exists", self._descriptor.size)
        elif mount_from and self._mount(mount_from):
            self._report("mounted", self._descriptor.size)
        else:
            self._transfer()
            self._report("done", self._descriptor.size)

    def _mount(self, source: str) -> bool:
        """Registries that can't, or whose source is not ours, begin an upload or refuse."""
        parameters = {"mount": self._descriptor.digest, "from": source}
        scopes = pushing(self._ref.repository) | pulling(source)
        try:
            return self._session.retrying(lambda: self._begin(parameters, scopes))
        except (Unavailable, NotFound, ImageError):
            return False  # the plain upload says what is wrong, if anything is

    def _begin(self, parameters: Mapping[str, str], scopes: frozenset[str]) -> bool:
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        where = f"{self._ref.repository}/blobs/uploads/{f'?{query}' if query else ''}"
        own = replace(self._request, method="POST", where=where, scopes=scopes, ok=(201, 202))
        with self._session.ask(own) as answer:
            if answer.status == 201:
                return True
            self._moved(answer)
            self._place = 0
            return False

    def _transfer(self) -> None:
        attempts, unsure = Attempts(self._session.patience), False
        while True:
            before = self._place
            try:
                if unsure and self._is_done():
                    return
                unsure = False
                if self._location is None:
                    self._begin({}, pushing(self._ref.repository))
                if self._descriptor.size - self._place <= self._piece:
                    self._finish()
                    return
                self._send_piece()
                if self._place > before:
                    attempts.progressed()
            except Transient as failure:
                attempts.failed(failure)
                unsure = True

    def _is_done(self) -> bool:
        """Ask how far it came; an upload that is unknown may have been finished, or was dropped."""
        if self._location is None:
            return False
        own = replace(self._request, where=self._location, ok=(200, 204))
        try:
            with self._session.ask(own) as answer:
                self._place = self._received(answer, self._descriptor.size, silent=0)
                self._moved(answer)
        except (NotFound, ImageError):
            self._location, self._place = None, 0
            return has_blob(self._session, self._ref.repository, self._descriptor)
        return False

    def _send_piece(self) -> None:
        start, end = self._place, self._place + self._piece
        own = self._sending(end)
        headers = {**own.headers, "Content-Range": f"{start}-{end - 1}"}
        own = replace(own, method="PATCH", where=self._where(), headers=headers, ok=(202, 416))
        with self._session.ask(own) as answer:
            if answer.status == 416:
                raise self._stuck()
            self._place = self._received(answer, end, silent=end)
            self._moved(answer)
        if self._place <= start:
            raise self._stuck()

    def _finish(self) -> None:
        where = self._where().copy_add_param("digest", self._descriptor.digest)
        own = replace(
            self._sending(self._descriptor.size), method="PUT", where=where, ok=(201, 204)
        )
        with self._session.ask(own):
            self._location = None

    def _sending(self, end: int) -> Request:
        """A request that sends what comes before ``end``."""
        start = self._place
        length = {"Content-Length": str(end - start), "Content-Type": "application/octet-stream"}
        return replace(self._request, headers=length, body=lambda: self._read(start, end))

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        with self._open(start) as file:
            while start < end:
                data = file.read(min(PIECE, end - start))
                if not data:
                    raise ImageError(f"{self._descriptor.digest}: it ends after {start} bytes")
                yield data
                start += len(data)
                self._report("uploading", start)

    def _received(self, answer: Answer, most: int, *, silent: int) -> int:
        """What a registry has, ``silent`` if it does not say.

        ``0-0`` is one byte or none; no piece is so small, so it is none.
        """
        told = _RANGE.fullmatch(answer.header("Range") or "")
        last = int(told[1]) if told else silent - 1
        return min(last + 1, most) if last > 0 else 0

    def _moved(self, answer: Answer) -> None:
        if location := answer.location:
            self._location = resolve_url(answer.url, location)

    def _where(self) -> httpx.URL:
        if self._location is None:
            raise ImageError(f"{self._session.registry} does not say where to send a blob")
        return self._location

    def _stuck(self) -> Transient:
        registry = self._session.registry
        return Transient(ImageError(f"{registry} takes no more of {self._descriptor.digest}"))

    def _report(self, stage: Stage, current: int) -> None:
        if self._tell is not None:
            digest, size = self._descriptor.digest, self._descriptor.size
            self._tell(Progress(str(self._ref), digest, stage, current, size))
