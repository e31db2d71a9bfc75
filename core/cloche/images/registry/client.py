"""One registry as others use it (OCI distribution-spec 1.1)."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar

from cloche.errors import ImageError, InvalidState, NotFound, Unavailable

from .config import RegistryConfig, read_registry_config

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from cloche.images.digest import Digest
    from cloche.images.manifest import Descriptor, Index
    from cloche.images.progress import Report
    from cloche.images.reference import Reference

    from .credentials import Credentials
    from .session import Session

__all__ = ["Registry"]

T = TypeVar("T")
#: How often a mirror is asked before the next one is.
_ATTEMPTS_AT_MIRRORS = 2


class Registry:
    """A registry and its mirrors; thread-safe, and to be closed.

    Every method asks again when that may help (`config.Patience`), and raises Unavailable when the
    registry can't be reached, keeps failing or denies access, ImageError for what it should not
    have answered. No message holds a password or a token.
    """

    def __init__(
        self, host: str, config: RegistryConfig, credentials: Credentials | None = None
    ) -> None:
        self.host = host
        self._config = config
        self._credentials = credentials
        self._opened: list[Session] = []
        self._closed = False
        self._lock = Lock()

    @classmethod
    def open(
        cls,
        host: str,
        *,
        config: RegistryConfig | None = None,
        credentials: Credentials | None = None,
    ) -> Self:
        """Prepare to talk to the registry that references call ``host``.

        Without ``config`` what Cloche's configuration says holds; without ``credentials`` those of
        docker and podman are used when the registry asks for some. Nothing is connected yet.
        """
        return cls(host, read_registry_config() if config is None else config, credentials)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections; whoever still fetches gets an error, and so does who asks later."""
        with self._lock:
            self._closed = True
            for session in self._opened:
                session.close()
            self._opened.clear()

    def resolve(self, ref: Reference) -> tuple[Descriptor, bytes]:
        """Read the manifest or index that a reference names, checked against its digest.

        Raises NotFound if there is none.
        """
        from .manifests import get_manifest

        return self._pull(lambda session: get_manifest(session, ref))

    def describe(self, ref: Reference) -> Descriptor:
        """Say what a reference names now, by one small request where the registry allows it."""
        from .manifests import describe

        return self._pull(lambda session: describe(session, ref)) or self.resolve(ref)[0]

    def fetch(
        self, ref: Reference, descriptor: Descriptor, *, offset: int = 0
    ) -> Generator[bytes, None, None]:
        """Read a blob from ``offset`` on, in pieces of at most 256 KiB.

        Goes on where a connection broke. Exactly as many bytes come as the descriptor says, or an
        error; the digest is for the caller to compare. Close the iterator if you stop early.
        """
        from .download import fetch_blob

        yield from fetch_blob(self._sessions(), ref.repository, descriptor, offset)

    def exists(self, ref: Reference, descriptor: Descriptor) -> bool:
        """Whether the registry itself has a blob in the reference's repository."""
        from .upload import has_blob

        return has_blob(self._origin(), ref.repository, descriptor)

    def push_blob(
        self,
        ref: Reference,
        descriptor: Descriptor,
        open: Callable[[int], BinaryIO],
        *,
        mount_from: str | None = None,
        report: Report | None = None,
    ) -> None:
        """Push a blob unless it is there, in pieces if it is large.

        ``open`` opens the content at an offset, as often as it must be sent. ``mount_from`` names a
        repository of this registry that has it: nothing is sent then, if the registry agrees.
        """
        from .upload import Upload

        session, piece = self._origin(), self._config.piece
        Upload(session, ref, descriptor, open, piece=piece, report=report).run(mount_from)

    def push_manifest(self, ref: Reference, data: bytes, media_type: str) -> Descriptor:
        """Write a manifest or index under the reference's tag, else its digest.

        What it refers to must be there. If it has a ``subject`` and the registry keeps no list of
        referrers, the index under the subject's tag is updated.
        """
        from .manifests import put_manifest
        from .referrers import has_subject, note_referrer

        session = self._origin()
        written, noted = put_manifest(session, ref, data, media_type)
        if not noted and has_subject(data):
            note_referrer(session, ref, written, data)
        return written

    def referrers(self, ref: Reference, digest: Digest, artifact_type: str | None = None) -> Index:
        """List what refers to a manifest of the repository: signatures, attestations."""
        from .referrers import list_referrers

        return list_referrers(self._origin(), ref, digest, artifact_type)

    def tags(self, ref: Reference) -> list[str]:
        """List the tags of the reference's repository, sorted; NotFound if there is none."""
        from .tags import list_tags

        return list_tags(self._origin(), ref)

    def check_login(self) -> None:
        """See whether the credentials are right; Unavailable if the registry denies access."""
        from .session import Request

        session = self._origin()

        def ask() -> None:
            with session.ask(Request(where="", what=self.host)):
                return

        session.retrying(ask)

    def _pull(self, ask: Callable[[Session], T]) -> T:
        """Ask the mirrors first; the registry itself has the last word, and says what is wrong."""
        *mirrors, origin = self._sessions()
        for mirror in mirrors:
            try:
                return ask(mirror)
            except (ImageError, NotFound, Unavailable):
                continue
        return ask(origin)

    def _origin(self) -> Session:
        return self._sessions()[-1]

    def _sessions(self) -> list[Session]:
        with self._lock:
            if self._closed:
                raise InvalidState(f"{self.host}: the connection was closed")
            if not self._opened:
                self._opened = self._open_sessions()
            return list(self._opened)

    def _open_sessions(self) -> list[Session]:
        from dataclasses import replace

        from .session import Session

        patience = self._config.patience
        hasty = replace(patience, attempts=min(patience.attempts, _ATTEMPTS_AT_MIRRORS))
        mirrors = self._config.mirrors.get(self.host, ())
        opened = [Session(m, self._config, _finder(m, None), hasty) for m in mirrors]
        find = _finder(self.host, self._credentials)
        return [*opened, Session(self.host, self._config, find, patience)]


def _finder(registry: str, given: Credentials | None) -> Callable[[str], Credentials | None]:
    from .credentials import find_credentials

    return lambda repository: given or find_credentials(registry, repository)
