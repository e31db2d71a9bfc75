"""Where things lie below the directory of all content, and how a file comes there whole."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cloche._disk import locked, open_new, replace, sync_directory, unlink
from cloche._disk import read as content_of
from cloche.errors import ImageError
from cloche.images.digest import ALGORITHMS, check_digest
from cloche.locations import private_directory
from cloche.machine import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.images.digest import Digest

__all__ = [
    "DRAFT",
    "Layout",
    "blob_named",
    "content_if_any",
    "listed",
    "machine_errors",
    "write_all",
    "write_whole",
]

#: How the names of files end that are not whole yet.
DRAFT = "~"
#: The ``oci-layout`` file of the image-spec (image-layout.md, "oci-layout file").
_VERSION = b'{"imageLayoutVersion":"1.0.0"}'
#: What ``index.json`` says before there is a name.
NO_NAMES = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
)


class Layout:
    """The paths below one directory. Nothing has to exist; ``make`` makes what writers need."""

    __slots__ = ("_made", "blobs", "home", "index", "leases", "names", "notes", "parts")

    def __init__(self, home: str) -> None:
        self.home = home
        self.blobs = os.path.join(home, "blobs")
        self.index = os.path.join(home, "index.json")
        self.leases = os.path.join(home, "leases")
        self.names = os.path.join(home, "names")
        self.notes = os.path.join(home, "notes")
        self.parts = os.path.join(home, "parts")
        self._made = False

    def blob(self, digest: str) -> str:
        """The path of a blob, which need not exist; ImageError for what is no digest."""
        algorithm, _, encoded = check_digest(digest).partition(":")
        return os.path.join(self.blobs, algorithm, encoded)

    def part(self, digest: str) -> str:
        """The path of a blob in the making."""
        return os.path.join(self.parts, check_digest(digest).replace(":", "-"))

    def note(self, digest: str) -> str:
        """The path of what is noted about a manifest."""
        return os.path.join(self.notes, check_digest(digest).replace(":", "-"))

    def stored(self) -> Iterator[tuple[Digest, int]]:
        """Name the blobs that are there, with their sizes; what is no blob is left out."""
        for algorithm in listed(self.blobs):
            for encoded in listed(os.path.join(self.blobs, algorithm)):
                with suppress(FileNotFoundError):
                    if (digest := blob_named(algorithm, encoded)) is not None:
                        yield digest, os.lstat(self.blob(digest)).st_size

    def make(self) -> None:
        """Make the directories and the layout's own files; Unavailable where that can't be."""
        if self._made and os.path.isdir(self.parts):
            return
        with machine_errors(self.home):
            private_directory(self.home)
            if not os.path.exists(os.path.join(self.home, "oci-layout")):
                self._make()
        self._made = True

    def _make(self) -> None:
        """The layout's own file comes last: where it is, all is."""
        algorithms = [os.path.join(self.blobs, algorithm) for algorithm in ALGORITHMS]
        for path in (self.blobs, *algorithms, self.leases, self.names, self.notes, self.parts):
            private_directory(path)
        with locked(self.home):
            if not os.path.exists(self.index):
                write_whole(self.index, NO_NAMES)
            write_whole(os.path.join(self.home, "oci-layout"), _VERSION)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Have names, notes, leases and sweeping to oneself; not to be asked for twice."""
        self.make()
        with machine_errors(self.home), locked(self.home):
            yield


def blob_named(algorithm: str, encoded: str) -> Digest | None:
    """The digest whose blob has this name; None if it is no blob's."""
    try:
        return check_digest(f"{algorithm}:{encoded}")
    except ImageError:
        return None


def listed(directory: str) -> list[str]:
    """What is in a directory, sorted; nothing, if it is none."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def content_if_any(path: str) -> bytes | None:
    """The content of a small file; None if there is none."""
    try:
        return content_of(path)
    except FileNotFoundError:
        return None


def write_whole(path: str, data: bytes) -> None:
    """Give a file a new content, all at once and for good; for who has the directory to himself."""
    draft = path + DRAFT
    with suppress(FileNotFoundError):
        unlink(draft)
    fd = open_new(draft)
    try:
        write_all(fd, data)
        os.fsync(fd)
    except BaseException:
        unlink(draft)
        raise
    finally:
        os.close(fd)
    replace(draft, path)
    sync_directory(os.path.dirname(path))


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write to the end, however short the system's writes are."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


@contextmanager
def machine_errors(what: str) -> Iterator[None]:
    """Raise what the machine refuses (room, permission) as Unavailable."""
    try:
        yield
    except OSError as error:
        raise refused(error, what) from error
