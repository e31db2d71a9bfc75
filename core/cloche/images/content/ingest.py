"""How blobs come in: checked while they are written, and there at once or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images.digest import Digest, encoded, hasher

from .layout import machine_errors
from .part import Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from cloche.images.manifest import Descriptor

    from .layout import Layout
    from .leases import Lease

__all__ = ["Ingest", "Spool"]


class Ingest:
    """One blob on its way in, to be used as a context manager.

    To enter waits while another thread or process brings the same blob, and takes up what a killed
    one has left. What is left then, without ``commit``, stays for the next. For one thread.
    """

    #: The blob is there already: nothing has to be written.
    exists: bool

    def __init__(self, layout: Layout, descriptor: Descriptor) -> None:
        self._layout = layout
        self._digest, self._size = descriptor.digest, descriptor.size
        self._path = layout.blob(descriptor.digest)
        self._hash = hasher(descriptor.digest)
        self._part: Part | None = None
        self.exists = False

    @property
    def offset(self) -> int:
        """How many bytes are there already: write what follows them."""
        return self._size if self._part is None else self._part.size

    def __enter__(self) -> Self:
        self._layout.make()
        if os.path.lexists(self._path):
            self.exists = True
            return self
        with machine_errors(self._path):
            self._part = Part(self._layout.part(self._digest))
            try:
                self._resume(self._part)
            except BaseException:
                self._close()
                raise
        return self

    def _resume(self, part: Part) -> None:
        if os.path.lexists(self._path):
            self.exists = True
            self.discard()
        elif part.size > self._size:
            part.empty()
        else:
            for data in part.content():
                self._hash.update(data)

    def kept(self) -> Iterator[bytes]:
        """Read the first ``offset`` bytes again, for who wants the blob and not only to keep it."""
        return iter(()) if self._part is None else self._part.content()

    def restart(self) -> None:
        """Begin anew, for who can't begin where another has ended."""
        with machine_errors(self._path):
            self._open_part().empty()
        self._hash = hasher(self._digest)

    def write(self, data: bytes | memoryview) -> None:
        """Add what follows. Raises ImageError for too much, Unavailable where the disk is full.

        Nothing is kept of the blob after either.
        """
        part = self._open_part()
        if part.size + len(data) > self._size:
            self.discard()
            raise ImageError(
                f"{self._digest} has more than the {self._size} bytes it should have",
                hint="who sent it does not have what was asked for",
            )
        try:
            with machine_errors(self._path):
                part.append(data)
        except BaseException:
            self.discard()
            raise
        self._hash.update(data)

    def commit(self) -> None:
        """Keep the blob, for good.

        Raises ImageError if it is not what was asked for, and Unavailable where the disk is full.
        What was wrong is thrown away, and the next try begins anew; what is merely too short stays.
        """
        if self.exists:
            return
        part = self._open_part()
        if part.size < self._size:
            raise ImageError(
                f"{self._digest} ends after {part.size} of {self._size} bytes", hint="try again"
            )
        try:
            self._check()
            with machine_errors(self._path):
                part.become(self._path)
        except BaseException:
            self.discard()
            raise
        self.exists = True
        self._close()

    def _check(self) -> None:
        found = self._hash.hexdigest()
        if found != encoded(self._digest):
            raise ImageError(
                f"content with the digest {self._hash.name}:{found} came instead of {self._digest}",
                hint="try again; if it stays so, who sent it has something else",
            )

    def _open_part(self) -> Part:
        if self._part is None:
            raise ValueError("there is nothing to be written")
        return self._part

    def discard(self) -> None:
        """Leave nothing for the next to take up."""
        if self._part is not None:
            self._part.discard()
            self._close()

    def _close(self) -> None:
        if self._part is not None:
            self._part.close()
            self._part = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._part is not None and not self._part.size:
            self.discard()
        self._close()


class Spool:
    """A blob whose digest is known only at its end, to be used as a context manager.

    Nothing is left of it without ``commit``; what a killed process leaves is collected.
    """

    def __init__(self, layout: Layout, lease: Lease) -> None:
        from hashlib import sha256

        self._layout, self._lease = layout, lease
        self._hash = sha256()
        self._part: Part | None = None
        self.size = 0
        #: After ``commit``: the blob was not there before.
        self.is_new = False

    def __enter__(self) -> Self:
        self._layout.make()
        path = os.path.join(self._layout.parts, f"spool-{os.urandom(8).hex()}")
        with machine_errors(path):
            self._part = Part(path)
        return self

    def write(self, data: bytes | memoryview) -> None:
        """Add what follows; Unavailable where the disk is full."""
        assert self._part is not None
        with machine_errors(self._part.path):
            self._part.append(data)
        self._hash.update(data)
        self.size += len(data)

    def commit(self) -> Digest:
        """Keep the blob, held by the lease, and say what it is; Unavailable where it can't be."""
        assert self._part is not None
        digest = Digest(f"sha256:{self._hash.hexdigest()}")
        self._lease.add(digest)
        path = self._layout.blob(digest)
        if not os.path.lexists(path):
            with machine_errors(path):
                self._part.become(path)
            self._part.close()
            self._part, self.is_new = None, True
        return digest

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._part is not None:
            self._part.discard()
            self._part.close()
            self._part = None
