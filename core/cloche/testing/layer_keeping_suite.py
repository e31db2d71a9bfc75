"""The contract's own tests for layer stores that keep layers of images."""

from __future__ import annotations

import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cloche.errors import ImageError, NotFound, NotSupported
from cloche.layers import Layer, LayerSource
from cloche.testing.lab import comes_true, descriptors
from cloche.testing.layer_store_suite import LayerStoreSuite, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.layers import LayerStore
    from cloche.testing.layer_store_suite import Shelf

__all__ = ["LayerKeepingSuite"]


class LayerKeepingSuite(LayerStoreSuite):
    """As ``LayerStoreSuite``, for stores that name ``image`` among the kinds they take."""

    #: Archives of two layers as the store's platform has them, the lower one first.
    archives: tuple[bytes, bytes] | None = None

    def test_it_says_that_it_keeps_layers(self, shelf: Shelf) -> None:
        """A store that keeps layers of images has ``image`` among its kinds."""
        assert "image" in shelf.subject.store.kinds

    def test_an_unpacked_layer_is_found_by_all(self, shelf: Shelf) -> None:
        """``find`` gives what ``unpack`` gave, to others too, and ``unpacked`` names it."""
        (lower, data), _ = self._sources()
        assert shelf.store.find(lower) is None
        assert [*shelf.store.unpacked()] == []
        layer = shelf.store.unpack(lower, [data])
        assert layer.digest == lower.digest
        another = shelf.another()
        assert shelf.store.find(lower) == another.find(lower) == layer
        assert [source.digest for source in another.unpacked()] == [lower.digest]
        another.close()

    @pytest.mark.parametrize("size", [1, 511, 1 << 20])
    def test_archives_come_in_pieces_of_any_size(self, shelf: Shelf, size: int) -> None:
        """``chunks`` are pieces of any size, and are read to their end."""
        (lower, data), _ = self._sources()
        chunks = iter([data[at : at + size] for at in range(0, len(data), size)])
        layer = shelf.store.unpack(lower, chunks)
        assert shelf.store.find(lower) == layer
        assert next(chunks, None) is None

    def test_a_layer_that_is_there_is_given_back(self, shelf: Shelf) -> None:
        """To unpack a layer once more gives back the one that is there."""
        (lower, data), _ = self._sources()
        layer = shelf.store.unpack(lower, [data])
        assert shelf.store.unpack(lower, [data]) == layer

    def test_roots_are_made_of_kept_layers(self, shelf: Shelf) -> None:
        """``prepare`` takes layers as ``find`` gives them, topmost first."""
        layers = self._unpack(shelf.store)
        assert shelf.prepare("c", *layers).form == shelf.form
        before = [snapshot(layer.path) for layer in layers if layer.path]
        shelf.store.release("c")
        assert [snapshot(layer.path) for layer in layers if layer.path] == before

    def test_an_error_of_the_chunks_keeps_nothing(self, shelf: Shelf) -> None:
        """What ``chunks`` raises is raised, at their very end too, and nothing is kept."""
        (lower, data), _ = self._sources()
        for length in (0, len(data) // 2, len(data)):
            with pytest.raises(ZeroDivisionError):
                shelf.store.unpack(lower, _breaking(data[:length]))
            self._keeps_nothing(shelf, lower)

    def test_a_damaged_archive_keeps_nothing(self, shelf: Shelf) -> None:
        """An archive that was cut, or is none, is an ImageError, and nothing is kept."""
        (lower, data), _ = self._sources()
        for damaged in (data[:2000], b"\xff" * 1024):
            with pytest.raises(ImageError):
                shelf.store.unpack(lower, [damaged])
            self._keeps_nothing(shelf, lower)

    @pytest.mark.parametrize("name", ["../outside", "a/../../outside"])
    def test_a_hostile_archive_writes_nothing_outside(self, shelf: Shelf, name: str) -> None:
        """An entry that leads out of its layer is an ImageError naming it; nothing is written."""
        (lower, _), _ = self._sources()
        hostile = _archive({name: b"1"}, folder=None)
        with pytest.raises(ImageError) as refused:
            shelf.store.unpack(lower, [hostile])
        assert "outside" in str(refused.value)
        self._keeps_nothing(shelf, lower)
        assert not [path for path in snapshot(shelf.home) if "outside" in path]

    def test_a_discarded_layer_is_gone(self, shelf: Shelf) -> None:
        """``discard`` takes a layer away, may be repeated, and leaves the others."""
        lower, upper = self._unpack_sources(shelf.store)
        for _ in range(2):
            shelf.store.discard(upper)
        assert shelf.store.find(upper) is None
        assert shelf.store.find(lower) is not None
        assert [source.digest for source in shelf.store.unpacked()] == [lower.digest]

    def test_a_closed_store_leaves_its_layers(self, shelf: Shelf) -> None:
        """``close`` gives back what the store object holds; layers stay."""
        lower, _ = self._unpack_sources(shelf.store)
        shelf.store.close()
        shelf.store = shelf.another()
        assert shelf.store.find(lower) is not None

    def test_a_container_without_a_root_has_no_changes(self, shelf: Shelf) -> None:
        """``changes`` and ``archive`` of an unknown container are NotFound, or NotSupported."""
        for verb in (shelf.store.changes, shelf.store.archive):
            with pytest.raises((NotFound, NotSupported)):
                list(verb("never-heard-of"))

    def test_different_layers_may_be_unpacked_at_once(self, shelf: Shelf) -> None:
        """The store is thread-safe: different layers don't get in each other's way."""
        archives = [self._sources()[0][1] + bytes(512 * number) for number in range(6)]
        sources = [LayerSource(digest=_digest(data)) for data in archives]
        with ThreadPoolExecutor(4) as pool:
            layers = [
                *pool.map(
                    lambda one: shelf.store.unpack(one[0], [one[1]]),
                    zip(sources, archives, strict=True),
                )
            ]
        assert [shelf.store.find(source) for source in sources] == layers
        assert len({str(layer.path) for layer in layers}) == len(layers)

    def test_no_descriptor_is_kept_by_layers(self, shelf: Shelf) -> None:
        """Neither what is unpacked nor what is refused holds a descriptor of this process."""
        lower, _ = self._unpack_sources(shelf.store)
        shelf.store.discard(lower)
        before = descriptors()
        self._unpack_sources(shelf.store)
        with pytest.raises(ImageError):
            shelf.store.unpack(LayerSource(digest=_digest(b"")), [b"\xff" * 1024])
        assert comes_true(lambda: descriptors() == before)

    def _sources(self) -> tuple[tuple[LayerSource, bytes], tuple[LayerSource, bytes]]:
        """The two layers, the lower one first, each with its archive."""
        lower, upper = self.archives or (
            _archive({"etc/lower": b"1" * 3000, "etc/both": b"1"}),
            _archive({"etc/upper": b"2", "etc/both": b"2"}),
        )
        below = LayerSource(digest=_digest(lower))
        above = LayerSource(digest=_digest(upper), parents=(below.digest,))
        return (below, lower), (above, upper)

    def _unpack_sources(self, store: LayerStore) -> tuple[LayerSource, LayerSource]:
        (below, lower), (above, upper) = self._sources()
        store.unpack(below, [lower])
        store.unpack(above, [upper])
        return below, above

    def _unpack(self, store: LayerStore) -> list[Layer]:
        """Both layers, topmost first."""
        found = [store.find(source) for source in reversed(self._unpack_sources(store))]
        return [layer for layer in found if layer is not None]

    def _keeps_nothing(self, shelf: Shelf, source: LayerSource) -> None:
        assert shelf.store.find(source) is None
        assert [*shelf.store.unpacked()] == []


def _breaking(data: bytes) -> Iterator[bytes]:
    yield data
    raise ZeroDivisionError


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _archive(files: dict[str, bytes], folder: str | None = "etc") -> bytes:
    """An archive of files, with the directory that they lie in."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        if folder is not None:
            directory = tarfile.TarInfo(folder)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(directory)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()
