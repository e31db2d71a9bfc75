"""From a layer of the filter driver to an OCI layer's tar file."""

from __future__ import annotations

import os
import tarfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

from cloche.errors import NotFound, NotSupported
from cloche_hcs.layers.backupstream import StreamReader
from cloche_hcs.layers.driver import descriptors_of
from cloche_hcs.layers.mutated import ORIGINALS
from cloche_hcs.layers.names import WHITEOUT
from cloche_hcs.layers.onethread import on_one_thread
from cloche_hcs.layers.packing import Packer
from cloche_hcs.layers.places import check_folder, check_id, long, present
from cloche_hcs.layers.privileges import backup_privileges
from cloche_hcs.layers.streaming import exported
from cloche_hcs.layers.tarstream import forget_members, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche_hcs.layers.fileinfo import BasicInfo
    from cloche_hcs.layers.readable import Writable
    from cloche_hcs.layers.streaming import ExportedLayer

__all__ = ["export_layer"]


def export_layer(
    home: str,
    id: str,
    parents: Sequence[str],
    tar_stream: Writable,
    *,
    timeout: float | None = None,
) -> None:
    """Write the layer ``id`` in the folder ``home`` as a tar file.

    A sandbox can be exported when it is mounted and its container has stopped: the tar file has
    its changes. ``parents`` are the folders of the layers below it, topmost first. Nothing is held
    in memory or on the disk. Raises NotFound, NotSupported for what a tar file can't say or where
    this build of Windows does not export layers file by file, TimedOut after ``timeout`` seconds;
    what has been written until then is no whole tar file.
    """
    home = check_folder(home, "home")
    folders = [check_folder(path, f"parents[{number}]") for number, path in enumerate(parents)]
    if not present(os.path.join(home, check_id(id))):
        raise NotFound(f"no layer {id} in {home}", backend="filter")

    def export(go_on: Callable[[], None]) -> None:
        below = descriptors_of(folders)
        with backup_privileges(), exported(home, id, below) as layer:
            _export(layer, os.path.join(home, id), tar_stream, go_on)

    on_one_thread("export_layer", export, timeout)


def _export(
    layer: ExportedLayer, folder: str, tar_stream: Writable, go_on: Callable[[], None]
) -> None:
    with writer(tar_stream) as tar:
        for name, info, size in layer:
            go_on()
            if info is None:
                _add_whiteout(tar, name.replace("\\", "/"))
            else:
                _add(tar, layer, folder, name, info, size)


def _add(
    tar: tarfile.TarFile,
    layer: ExportedLayer,
    folder: str,
    name: str,
    info: BasicInfo,
    size: int,
) -> None:
    entry = name.replace("\\", "/")
    if entry.rpartition("/")[2].startswith(WHITEOUT):
        raise NotSupported(f"{entry}: a tar file would say that something is gone")
    with ExitStack() as stack:
        original = _original(folder, name, stack)
        Packer(tar, entry, info, size, StreamReader(layer.read), original).pack()


def _original(folder: str, name: str, stack: ExitStack) -> IO[bytes] | None:
    """The content that a file of a base layer had before Windows changed it."""
    if name not in ORIGINALS:
        return None
    place = os.path.join(folder, ORIGINALS[name])
    return stack.enter_context(open(long(place), "rb")) if present(place) else None


def _add_whiteout(tar: tarfile.TarFile, name: str) -> None:
    directory, slash, last = name.rpartition("/")
    tar.addfile(tarfile.TarInfo(f"{directory}{slash}{WHITEOUT}{last}"))
    forget_members(tar)
