"""Images of plain root file systems: a new layer, and the documents that make an image of it."""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO

from cloche.errors import ImageError, NotSupported
from cloche.images import media
from cloche.images.digest import Digest
from cloche.images.manifest import Descriptor, Manifest
from cloche.machine import refused
from cloche.values import Value

from .compression import gzip, layer_type
from .stream import PIECE, Readable, Replayed, Stream, label, opened, uncompressed
from .tar import Tar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cloche.images.content import Content, Lease, Spool
    from cloche.images.image_config import ImageConfig

    from .named import File

__all__ = ["Layer", "add_layer", "assemble", "import_layer"]


class Layer(Value):
    """A layer that is in the content now."""

    descriptor: Descriptor
    #: Of its uncompressed archive, for the configuration.
    diff_id: Digest


def import_layer(file: File, content: Content, *, lease: Lease) -> Layer:
    """Make a layer of a directory, or of a tar archive: gzip, zstd or plain; from a path or a pipe.

    What is compressed is kept as it is, the rest by gzip. ``lease`` holds the layer. Raises
    ImageError naming the entry of an archive that is damaged, NotFound if there is no such file,
    Unavailable where the disk is full, NotSupported for a directory on Windows; nothing stays then.
    Does not promise that the layer can be unpacked: where its entries lead is looked at there.
    """
    try:
        if isinstance(file, (str, os.PathLike)) and os.path.isdir(file):
            pieces = _packed(os.path.abspath(os.fspath(file)))
            return add_layer(pieces, content, lease=lease)
        with opened(file) as raw:
            return _import_archive(raw, content, lease)
    except ImageError as error:
        raise ImageError(f"{label(file)}: {error.message}", hint=error.hint) from error
    except OSError as error:
        raise refused(error, label(file)) from error


def _packed(path: str) -> Iterator[bytes]:
    if sys.platform == "win32":
        raise NotSupported("a directory of Windows does not say what a layer of Windows needs")
    else:  # noqa: RET506 - of which only one is there
        from .packing import pack_directory

        return pack_directory(path)


def _import_archive(raw: BinaryIO, content: Content, lease: Lease) -> Layer:
    file = Replayed(raw)
    kind = layer_type(file.head)
    if kind == media.LAYER:
        return add_layer(_checked(uncompressed(file)), content, lease=lease)
    seen = sha256()
    with content.spool(lease) as spool:
        for piece in _checked(uncompressed(_Copied(file, spool.write))):
            seen.update(piece)
        return _layer(spool, kind, Digest(f"sha256:{seen.hexdigest()}"))


def add_layer(pieces: Iterable[bytes], content: Content, *, lease: Lease) -> Layer:
    """Make a layer of an uncompressed archive, in pieces of any size; it is kept by gzip.

    Raises what ``pieces`` does, and Unavailable where the disk is full; nothing stays then.
    """
    seen = sha256()
    with content.spool(lease) as spool:
        for data in gzip(_tapped(pieces, seen.update)):
            spool.write(data)
        return _layer(spool, media.LAYER_GZIP, Digest(f"sha256:{seen.hexdigest()}"))


def assemble(
    layers: Sequence[Descriptor],
    config: ImageConfig,
    content: Content,
    *,
    lease: Lease,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Make an image of layers that are in the content, from the base to the top.

    ``config`` has the diffID of each. ``lease`` holds the image until it has a name.
    """
    from cloche.documents import write
    from cloche.images.digest import digest_of

    text = write(config)
    lease.add(digest_of(text))
    manifest = Manifest(
        media_type=media.MANIFEST,
        config=content.put(text, media.CONFIG),
        layers=tuple(layers),
        annotations=annotations,
    )
    text = write(manifest)
    lease.add(digest_of(text))
    return content.put(text, media.MANIFEST)


def _layer(spool: Spool, kind: str, diff_id: Digest) -> Layer:
    digest = spool.commit()
    return Layer(Descriptor(media_type=kind, digest=digest, size=spool.size), diff_id)


def _tapped(pieces: Iterable[bytes], tap: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in pieces:
        tap(piece)
        yield piece


def _checked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass an archive on, to its very end; ImageError names the entry where it is no archive."""
    passed: list[bytes] = []
    stream = Stream(_tapped(pieces, passed.append))
    for _ in _steps(stream):
        yield from passed
        passed.clear()
    yield from passed


def _steps(stream: Stream) -> Iterator[object]:
    """Go through an archive and what stands behind its end, a piece at a time."""
    tar = Tar(stream)
    for entry in tar:
        yield entry
        yield from tar.content()
    while rest := stream.some(PIECE):
        yield rest


class _Copied:
    """A file of which everything that is read is written elsewhere, too."""

    def __init__(self, file: Readable, write: Callable[[bytes], None]) -> None:
        self._file, self._write = file, write

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._write(data)
        return data
