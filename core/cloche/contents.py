"""The files of a container, as users reach them."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

    from cloche.runtime import RuntimeContainer

__all__ = ["Contents"]


class Contents:
    """The file methods of ``Container``; what moves the bytes is imported with the first use."""

    __slots__ = ()

    @abstractmethod
    def living(self, verb: str) -> RuntimeContainer:
        """The runtime's object of a container that runs; InvalidState for one that does not."""

    def read_text(self, path: str) -> str:
        """Read a file of the container as UTF-8 (with replacement)."""
        return self.read_bytes(path).decode("utf-8", "replace")

    def read_bytes(self, path: str) -> bytes:
        """Read a file of the container; NotFound if there is none.

        As all file methods: by absolute path, without any program of the container's, and never
        outside its root, whatever links it has.
        """
        from cloche import files

        with files.root_of(self.living("read")) as root:
            return files.read(root, path)

    def write_text(self, path: str, text: str) -> None:
        """Write a file of the container as UTF-8; see ``write_bytes``."""
        self.write_bytes(path, text.encode("utf-8", "surrogateescape"))

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file of the container, replacing it; its directory is made if missing."""
        from cloche import files

        with files.root_of(self.living("write")) as root:
            files.write(root, path, data)

    def copy_in(
        self,
        source: str | os.PathLike[str],
        target: str,
        *,
        owners: bool = False,
        follow: bool = False,
    ) -> None:
        """Copy a file or tree of this machine to ``target`` in the container.

        Into an existing directory it is copied under its own name, as ``cp -r`` does, and of
        ``dir/.`` what is in it. Permissions and times are copied, ``owners`` by their numbers if
        asked for. Links stay links, but ``follow`` copies what ``source`` itself points at;
        devices, sockets and FIFOs are refused with InvalidSpec.
        """
        from cloche import copying, files

        with files.root_of(self.living("copy")) as root:
            copying.copy_in(root, os.fspath(source), target, owners=owners, follow=follow)

    def copy_out(
        self,
        source: str,
        target: str | os.PathLike[str],
        *,
        owners: bool = False,
        follow: bool = False,
    ) -> None:
        """Copy a file or tree of the container to ``target`` on this machine, as ``copy_in``."""
        from cloche import copying, files

        with files.root_of(self.living("copy")) as root:
            copying.copy_out(root, source, os.fspath(target), owners=owners, follow=follow)

    def pack(self, source: str, file: BinaryIO, *, follow: bool = False) -> None:
        """Write a file or tree of the container to ``file`` as a tar archive, in one go.

        Entries have the owners, permissions and times that this machine sees. Links are packed as
        links, and several names of one file as such.
        """
        from cloche import files, packing

        with files.root_of(self.living("copy")) as root:
            packing.pack(root, source, file, follow=follow)

    def unpack(self, file: BinaryIO, target: str, *, owners: bool = False) -> None:
        """Unpack a tar archive, compressed or not, into a directory of the container.

        Names stay beneath the container's root, whatever they say. Raises InvalidSpec naming the
        entry for one that leads upwards or is a device; what came before it is there then.
        """
        from cloche import files, unpacking

        with files.root_of(self.living("copy")) as root:
            unpacking.unpack(root, file, target, owners=owners)

    def export(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the whole root file system to a tar archive, of which images can be made.

        What is mounted over it is left out, but for the places; so are sockets. A file appears when
        it is whole.
        """
        from cloche import files, packing
        from cloche.images.transports.sinks import open_archive

        with files.root_of(self.living("export")) as root, open_archive(path) as file:
            packing.export(root, file)
