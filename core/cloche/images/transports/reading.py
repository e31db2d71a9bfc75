"""Read whatever kind of archive or directory holds images."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.machine import refused

from .archive import ArchiveSource
from .directory import DirectorySource
from .docker import MANIFEST, read_docker
from .layout import is_layout, read_layout
from .stream import label, open_stream

if TYPE_CHECKING:
    from cloche.images.content import Content, Lease

    from .named import File, Named

__all__ = ["read_archive"]


def read_archive(file: File, content: Content, *, lease: Lease) -> list[Named]:
    """Bring all images of an archive into the content, in the order in which it has them.

    It may be an OCI image layout, as directory or archive, or an archive of ``docker save``; gzip,
    zstd or plain; from a path or a pipe. ``lease`` holds what is brought: name it, then close that.

    Raises ImageError naming the entry that is damaged, hostile or missing, NotFound if there is no
    such file, and Unavailable where the disk is full. Nothing of the archive stays then. Does not
    promise that layers can be unpacked: their digests are checked, their diffIDs only where they
    are not compressed.
    """
    with content.leases.hold(reason=f"read {label(file)}") as own:
        source = _source(file, content, own)
        try:
            found = _read(file, source)
            lease.add(*own.digests)
        except BaseException:
            own.close()
            content.collect(among=source.brought)
            raise
    return found


def _source(file: File, content: Content, lease: Lease) -> ArchiveSource | DirectorySource:
    if isinstance(file, (str, os.PathLike)) and os.path.isdir(file):
        return DirectorySource(content, lease, os.path.abspath(os.fspath(file)))
    return ArchiveSource(content, lease)


def _read(file: File, source: ArchiveSource | DirectorySource) -> list[Named]:
    try:
        if isinstance(source, ArchiveSource):
            with open_stream(file) as stream:
                source.take(stream)
        return _images(source)
    except ImageError as error:
        raise ImageError(f"{label(file)}: {error.message}", hint=error.hint) from error
    except OSError as error:
        raise refused(error, label(file)) from error


def _images(source: ArchiveSource | DirectorySource) -> list[Named]:
    """A layout is one, whatever else it is: its documents are those of the image's maker."""
    if is_layout(source):
        return read_layout(source)
    if isinstance(source, ArchiveSource) and source.document(MANIFEST) is not None:
        return read_docker(source)
    raise ImageError(
        "there is neither an oci-layout nor a manifest.json",
        hint="of a root file system an image is made by cloche image import",
    )
