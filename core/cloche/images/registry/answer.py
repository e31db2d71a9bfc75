"""What a registry answered, read with limits: it may be endless, compressed, or no JSON at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images.documents import read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import httpx

    from .challenge import Challenge

__all__ = ["PIECE", "Answer", "keep_location"]

#: Bodies are read in pieces of at most this many bytes.
PIECE = 2**18
_LONGEST_PROBLEM = 2**13


def keep_location(response: httpx.Response) -> None:
    """Take the header away from httpx: it reads it without following, and fails at some."""
    location = response.headers.pop("Location", None)
    if location is not None:
        response.extensions["location"] = location


class Answer:
    """An answer whose body is read as it was sent: nobody ever decompresses it."""

    def __init__(
        self, response: httpx.Response, failures: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._response = response
        self._failures = failures

    @property
    def status(self) -> int:
        """The code."""
        return self._response.status_code

    @property
    def url(self) -> httpx.URL:
        """What was asked for."""
        return self._response.request.url

    @property
    def host(self) -> str:
        """Who answered: ``HOST[:PORT]``."""
        return self.url.netloc.decode("ascii")

    def header(self, name: str) -> str | None:
        """A header's value."""
        found: str | None = self._response.headers.get(name)
        return found

    @property
    def location(self) -> str | None:
        """Where it leads."""
        found: str | None = self._response.extensions.get("location")
        return found

    def challenges(self) -> list[Challenge]:
        """How it wants to be asked."""
        from .challenge import parse_challenges

        return parse_challenges(self._response.headers.get_list("WWW-Authenticate"))

    def pieces(self) -> Iterator[bytes]:
        """The body, in pieces of at most `PIECE` bytes; raises Transient when it breaks off."""
        with self._failures():
            for piece in self._response.iter_raw():
                for start in range(0, len(piece), PIECE):
                    yield piece[start : start + PIECE]

    def read(self, limit: int) -> bytes:
        """The whole body; ImageError if it is longer than ``limit``."""
        body = bytearray()
        for piece in self.pieces():
            body += piece
            if len(body) > limit:
                raise ImageError(f"{self.host}: an answer of more than {limit} bytes")
        return bytes(body)

    def problem(self) -> str:
        """What the registry says is wrong, as code and message; empty if it says nothing.

        Unchecked text of others, of limited length.
        """
        if self._response.is_stream_consumed or self._response.is_closed:
            return ""
        body = bytearray()
        for piece in self.pieces():
            body += piece
            if len(body) > _LONGEST_PROBLEM:
                break
        return _problem(bytes(body))

    def close(self) -> None:
        """Give the connection back, or end it where there is more to come."""
        self._response.close()


def _problem(body: bytes) -> str:
    """Registries send ``errors``, token servers ``details`` or, by OAuth, ``error``."""
    try:
        document = read_object(body, "answer")
    except ImageError:
        return ""
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else document
    if not isinstance(first, dict):
        return ""
    names = ("code", "error", "message", "details", "error_description")
    texts = [text for name in names if isinstance(text := first.get(name), str) and text]
    return ": ".join(texts)
