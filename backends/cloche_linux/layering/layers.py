"""The layers that a store has unpacked: each in a directory that is called by its digest.

A layer is unpacked in a part of its own, which is locked for as long as somebody works on it, and
gets its name when it is whole. What was written is flushed before that, all of it at once
(``syncfs``: one call, where one for each file takes ten times as long), so a layer that has its
name is whole after a loss of power, too, as far as the file system keeps its promise. The name
itself is not flushed: a layer that loses it is unpacked again.

A layer with directories that none of its entries names depends on the layers below
(``adopting``), so its name has them in it; all others are the same in every image.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, InvalidSpec, NotFound
from cloche.layers import Layer, LayerSource
from cloche_linux.calls import syncfs
from cloche_linux.layering.work import worker
from cloche_linux.trash import Trash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Layers"]

_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,128}")
_NAME = re.compile(r"([a-z0-9][a-z0-9+._-]*)-([0-9a-f]{32,128})(\.[0-9a-f]{16})?")
_PART = ".part-"
_PARENTS = ".parents-"


class Layers:
    """Unpacked layers beneath one directory, which is made on first use; thread-safe."""

    def __init__(self, home: str) -> None:
        self._place = os.path.join(home, "layers")
        self._trash = Trash(os.path.join(self._place, ".trash"))
        self._worker = worker()

    def find(self, source: LayerSource) -> Layer | None:
        """Look for a layer: one system call if it is here, two if it depends on others or is not.

        Raises InvalidSpec for what is no digest.
        """
        for name in _names(source):
            path = os.path.join(self._place, name)
            if os.path.isdir(path):
                return Layer(kind="directory", path=Path(path), digest=source.digest)
        return None

    def unpack(self, source: LayerSource, chunks: Iterable[bytes]) -> Layer:
        """Unpack a layer, as ``LayerStore.unpack`` says."""
        found = self.find(source)
        if found is not None:
            return found
        with _disk_errors("unpack"):
            self._clear_up()
            path, part = self._begin()
        try:
            implied = self._worker.untar(part, chunks)
            with _disk_errors("unpack"):
                return self._finish(source, path, part, implied)
        except BaseException:
            with suppress(FileNotFoundError):
                self._throw(os.path.basename(path))
            raise
        finally:
            os.close(part)

    def _finish(
        self, source: LayerSource, path: str, part: int, implied: tuple[bytes, ...]
    ) -> Layer:
        name, dependent = _names(source)
        if implied:
            name = dependent
            self._worker.adopt(part, implied, self._parents(source))
            self._note_parents(dependent, source.parents)
        syncfs(part)
        self._rename(path, os.path.join(self._place, name))
        found = self.find(source)
        assert found is not None
        return found

    def _parents(self, source: LayerSource) -> list[str]:
        """The directories of the layers below; raises NotFound."""
        paths = []
        for number, digest in enumerate(source.parents, 1):
            found = self.find(LayerSource(digest=digest, parents=source.parents[number:]))
            if found is None:
                raise NotFound(
                    f"the layer {digest} is not unpacked, and {source.digest} depends on it",
                    hint="unpack an image's layers from the lowest to the topmost",
                    operation="unpack",
                )
            paths.append(str(found.path))
        return paths

    def discard(self, source: LayerSource) -> None:
        """Take a layer away."""
        for name in _names(source):
            with suppress(FileNotFoundError):
                self._throw(name)
                os.unlink(os.path.join(self._place, _PARENTS + name))

    def unpacked(self) -> list[LayerSource]:
        """Name the layers that are here, whole."""
        found = filter(None, map(_NAME.fullmatch, self._listed()))
        return [
            LayerSource(digest=f"{match[1]}:{match[2]}", parents=self._noted_parents(match[0]))
            for match in sorted(found, key=lambda match: match[0])
        ]

    def close(self) -> None:
        """Wait until what was discarded is gone."""
        self._trash.finish()

    def _listed(self) -> list[str]:
        try:
            return os.listdir(self._place)
        except FileNotFoundError:
            return []

    def _begin(self) -> tuple[str, int]:
        os.makedirs(self._place, 0o700, exist_ok=True)
        while True:
            path = os.path.join(self._place, f"{_PART}{os.urandom(8).hex()}")
            os.mkdir(path)
            part = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            if _lock(part) and os.path.exists(path):
                os.chmod(part, 0o755)  # noqa: S103 - a root that everybody may enter
                return path, part
            os.close(part)  # somebody who cleared up was faster

    def _clear_up(self) -> None:
        """Throw away what those left who died while they unpacked, or removed."""
        for name in self._trash.names():
            self._trash.throw(os.path.join(self._place, name))
        for name in self._listed():
            if name.startswith(_PART):
                with suppress(FileNotFoundError):
                    self._throw_unlocked(name)

    def _throw_unlocked(self, name: str) -> None:
        directory = os.open(os.path.join(self._place, name), os.O_RDONLY | os.O_DIRECTORY)
        try:
            if _lock(directory):
                self._throw(name)
        finally:
            os.close(directory)

    def _rename(self, path: str, target: str) -> None:
        try:
            os.rename(path, target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            self._throw(os.path.basename(path))  # somebody else was faster

    def _throw(self, name: str) -> None:
        """Take a directory away: from others' sight at once, and for good as soon as it goes."""
        path = os.path.join(self._place, name)
        try:
            if not name.startswith(_PART):
                gone = os.path.join(self._place, f"{_PART}{os.urandom(8).hex()}")
                os.rename(path, gone)
                path = gone
            self._worker.remove(path, self._trash)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise CleanupFailed(f"a layer remains: {error}", problems=[error]) from error

    def _note_parents(self, name: str, parents: tuple[str, ...]) -> None:
        draft = os.path.join(self._place, f"{_PARENTS}{name}")
        with open(draft, "w", encoding="ascii") as file:
            file.write("\n".join(parents))

    def _noted_parents(self, name: str) -> tuple[str, ...]:
        try:
            with open(os.path.join(self._place, _PARENTS + name), encoding="ascii") as file:
                return tuple(file.read().split())
        except FileNotFoundError:
            return ()


def _names(source: LayerSource) -> tuple[str, str]:
    """What a layer is called if it depends on no other, and if it does."""
    for digest in (source.digest, *source.parents):
        if not _DIGEST.fullmatch(digest):
            raise InvalidSpec(f"not a digest: {digest!r}", path="digest")
    name = source.digest.replace(":", "-")
    return name, f"{name}.{sha256(' '.join(source.parents).encode()).hexdigest()[:16]}"


def _lock(directory: int) -> bool:
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _disk_errors(operation: str) -> Iterator[None]:
    """Say in our words what the disk refuses."""
    try:
        yield
    except OSError as error:
        from cloche.machine import refused

        raise refused(error, operation, operation=operation) from error
