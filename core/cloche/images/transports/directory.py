"""An OCI image layout in a directory that others have made."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from cloche.errors import ImageError
from cloche.images.documents import LARGEST
from cloche.machine import refused

from .source import Source, blob_name, check_size
from .stream import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.images.content import Content, Lease
    from cloche.images.manifest import Descriptor

__all__ = ["DirectorySource"]

#: No link is followed, and nothing waits for who opens a FIFO.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class DirectorySource(Source):
    """A layout directory; what it is asked for is read then, and nothing else."""

    def __init__(self, content: Content, lease: Lease, path: str) -> None:
        super().__init__(content, lease)
        self._path = path

    def document(self, name: str) -> bytes | None:
        with self._open(name) as file:
            if file is None:
                return None
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ImageError(f"{name}: has more than {LARGEST} bytes, which is too large")
        return data

    def bring(self, descriptor: Descriptor) -> bool:
        self.hold(descriptor.digest)
        if self.content.has(descriptor.digest):
            check_size(descriptor, self.content.size(descriptor.digest))
            return True
        name = blob_name(descriptor.digest)
        with self._open(name) as file:
            if file is None:
                return False
            check_size(descriptor, os.fstat(file.fileno()).st_size)
            self._ingest(name, descriptor, file)
        return True

    def _ingest(self, name: str, descriptor: Descriptor, file: BinaryIO) -> None:
        with self.content.ingest(descriptor) as ingest:
            if ingest.exists:
                return
            ingest.restart()
            try:
                while data := file.read(PIECE):
                    ingest.write(data)
                ingest.commit()
            except ImageError as error:
                ingest.discard()
                raise ImageError(f"{name}: {error.message}", hint=error.hint) from None
        self.brought.add(descriptor.digest)

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO | None]:
        """Open a regular file below the directory; None if there is nothing of that name."""
        path = self._path
        try:
            for part in name.split("/"):
                path = os.path.join(path, part)
                if stat.S_ISLNK(os.lstat(path).st_mode):
                    raise ImageError(f"{name}: leads through a link")
            fd = os.open(path, _FLAGS)
        except (FileNotFoundError, NotADirectoryError):
            yield None
            return
        except OSError as error:
            raise refused(error, path) from error
        with open(fd, "rb", buffering=0) as raw:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise ImageError(f"{name}: is no file")
            yield raw
