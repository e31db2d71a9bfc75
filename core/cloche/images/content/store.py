"""Content: blobs by digest, the names they have, and who needs them still."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche._disk import open_to_read
from cloche.errors import ImageError
from cloche.machine import refused

from .layout import Layout
from .leases import Leases
from .names import Names
from .notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Set
    from typing import BinaryIO

    from cloche.images.digest import Digest
    from cloche.images.manifest import Descriptor, Index, Manifest

    from .collecting import Collected, Usage
    from .ingest import Ingest, Spool
    from .leases import Lease
    from .verifying import Problem

__all__ = ["Content"]


class Content:
    """All content below one directory; thread-safe, and safe beside other processes.

    Nothing is made before the first write. What is written outlives a crash of the machine.
    """

    def __init__(self, home: str) -> None:
        """``home`` is made when it is first needed, for this user alone."""
        self.layout = Layout(home)
        #: Which manifest or index a name stands for.
        self.names = Names(self.layout)
        #: Small documents by the digest of a manifest.
        self.notes = Notes(self.layout)
        #: What is needed although nobody names it.
        self.leases = Leases(self.layout)

    def has(self, digest: str) -> bool:
        """Say whether a blob is there, whole. Only a lease keeps it there."""
        return os.path.lexists(self.layout.blob(digest))

    def path(self, digest: str) -> str:
        """Say where a blob is, if it is there; to be read only."""
        return self.layout.blob(digest)

    def size(self, digest: str) -> int:
        """How many bytes a blob has; ImageError if it is not there."""
        try:
            return os.lstat(self.layout.blob(digest)).st_size
        except OSError as error:
            raise _unreadable(digest, error) from error

    def open(self, digest: str) -> BinaryIO:
        """Open a blob to read it, which works on while it is collected.

        Raises ImageError if it is not there. Its digest was checked when it came.
        """
        try:
            return open(open_to_read(self.layout.blob(digest)), "rb")
        except OSError as error:
            raise _unreadable(digest, error) from error

    def read(self, digest: Digest, limit: int) -> bytes:
        """Read a small blob whole, and check it again.

        Raises ImageError if it is not there, has more than ``limit`` bytes, or is damaged.
        """
        from cloche.images.digest import algorithm_of, digest_of

        with self.open(digest) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ImageError(f"{digest} has more than the {limit} bytes that are allowed")
        if digest_of(data, algorithm_of(digest)) != digest:
            raise ImageError(f"{digest} is damaged", hint="cloche image verify")
        return data

    def manifest(self, digest: Digest, media_type: str | None = None) -> Manifest | Index:
        """Read a manifest or index; ImageError if it is not there, or none."""
        from cloche.images.manifest import read_manifest

        from .marking import LARGEST_MANIFEST

        return read_manifest(self.read(digest, LARGEST_MANIFEST), media_type)

    def ingest(self, descriptor: Descriptor) -> Ingest:
        """Bring a blob whose digest is known; see `Ingest`. Hold a lease on it before."""
        from .ingest import Ingest

        return Ingest(self.layout, descriptor)

    def spool(self, lease: Lease) -> Spool:
        """Bring a blob whose digest is not known yet; see `Spool`."""
        from .ingest import Spool

        return Spool(self.layout, lease)

    def put(self, data: bytes, media_type: str) -> Descriptor:
        """Keep a small document, by its sha256. Hold a lease on it before, or name it after.

        Raises Unavailable where the disk is full.
        """
        from cloche.images.digest import digest_of
        from cloche.images.manifest import Descriptor

        descriptor = Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))
        self.keep(descriptor, data)
        return descriptor

    def keep(self, descriptor: Descriptor, data: bytes) -> bool:
        """Keep a small blob whose digest is known; False if it was there already.

        Raises ImageError if it has another digest or size, Unavailable where the disk is full.
        """
        with self.ingest(descriptor) as ingest:
            if ingest.exists:
                return False
            ingest.restart()
            ingest.write(data)
            ingest.commit()
        return True

    def collect(
        self,
        roots: Iterable[str] = (),
        *,
        among: Collection[str] | None = None,
        partial: bool = False,
        also: Callable[[Set[str]], object] | None = None,
    ) -> Collected:
        """Remove the blobs that neither names, leases nor ``roots`` lead to.

        ``roots`` are what containers use. ``among``: no others than these. ``partial``: also what
        killed transfers have left, which the next would have resumed. ``also`` is called with all
        that is in use, while nobody can take a lease or a name: for those who keep more than blobs;
        it must not call names, notes or leases. Pulls that begin meanwhile wait.

        Raises Unavailable where something can't be removed.
        """
        from .collecting import collect

        return collect(self, roots, among=among, partial=partial, also=also)

    def verify(self) -> list[Problem]:
        """Hash every blob again, and see that every name leads to what is there.

        Damage is never an error, but a problem of the list. Blobs that are not what their digest
        says are thrown away, so that whoever pulls next gets them anew.
        """
        from .verifying import verify

        return verify(self)

    def usage(self, roots: Iterable[str] = ()) -> Usage:
        """Count what there is; ``roots`` are what containers use."""
        from .collecting import usage

        return usage(self, roots)


def _unreadable(digest: str, error: OSError) -> Exception:
    if isinstance(error, FileNotFoundError):
        return ImageError(f"{digest} is not here", hint="pull the image again")
    return refused(error, digest)
