"""The contract's own tests for layer stores."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from cloche.errors import CleanupFailed, InvalidSpec, NotFound, NotSupported
from cloche.layers import Layer
from cloche.runtime import BackendContext
from cloche.testing.lab import comes_true, descriptors, settled, works_here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloche.layers import LayerStore, LayerStoreDescriptor, RootFilesystem

__all__ = ["LayerStoreSubject", "LayerStoreSuite", "snapshot"]

#: Ids that name a place outside when they are taken for paths.
_HOSTILE = ["..", ".", "", "../precious", "a/../../precious", "/precious"]


@dataclass(frozen=True, kw_only=True)
class LayerStoreSubject:
    """A layer store under test."""

    store: LayerStoreDescriptor
    #: Two layers, topmost first; None: directories that the suite makes.
    layers: tuple[Layer, ...] | None = None


class Shelf:
    """A layer store in a place of its own, and layers to prepare roots of."""

    def __init__(self, subject: LayerStoreSubject, home: Path) -> None:
        works_here(subject.store)
        self.subject = subject
        self.home = home
        self.form = subject.store.offers[0]
        self.layers = subject.layers or _directories(home / "layers")
        self.store = self.another()
        self._prepared: list[str] = []

    def another(self) -> LayerStore:
        """Open the store once more, as another process does."""
        context = BackendContext(home=self.home / "store", owner="cloche-conformance")
        return self.subject.store.open(context)

    def prepare(self, id: str, *layers: Layer, form: str | None = None) -> RootFilesystem:
        """Prepare a root, to be released when the test ends."""
        self._prepared.append(id)
        form = form or self.form
        return self.store.prepare(id, layers or self.layers, form, volatile=True, size=None)

    def held(self) -> set[str]:
        """Name the containers for which the store holds something."""
        return set(self.store.list())

    def comes_to_hold(self, *ids: str) -> bool:
        """Wait until the store holds just these: what was released may go in the background."""
        return comes_true(lambda: self.held() == set(ids))

    def own(self, root: RootFilesystem) -> list[str]:
        """Name what a root has in the store: nobody else's root may have the same."""
        inside = str(self.home / "store")
        named = [str(name) for name in (root.path, *root.info.values())]
        return [name for name in named if name.startswith(inside)]

    def files_of(self, id: str) -> list[str]:
        """Name the store's files and directories that are called by a container's id."""
        store = self.home / "store"
        return [path for path in snapshot(store) if id in os.path.relpath(path, store)]

    def close(self) -> None:
        """Release everything."""
        for id in self._prepared:  # noqa: A001 - as the contract calls it
            self.store.release(id)
        self.store.close()


class LayerStoreSuite:
    """Derive, and say in ``subject`` what is to be tested.

    Each test's docstring is a sentence of the contract.
    """

    def subject(self, home: Path) -> LayerStoreSubject:
        """Name the layer store; ``home`` is an empty directory of the test's."""
        raise NotImplementedError

    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Iterator[Shelf]:
        """A layer store, which gives everything back after the test."""
        shelf = Shelf(self.subject(tmp_path), tmp_path)
        yield shelf
        shelf.close()

    def test_to_open_it_makes_nothing(self, shelf: Shelf) -> None:
        """To open a store makes nothing: its home is made on first use."""
        assert not (shelf.home / "store").exists()
        assert shelf.held() == set()

    def test_a_root_has_the_form_that_was_asked_for(self, shelf: Shelf) -> None:
        """A root has the form that was asked for, of those that the store offers."""
        for number, form in enumerate(shelf.subject.store.offers):
            assert shelf.prepare(f"c{number}", form=form).form == form

    def test_an_unknown_form_is_not_supported(self, shelf: Shelf) -> None:
        """A form that the store does not offer is NotSupported, and nothing is left."""
        before = snapshot(shelf.home)
        with pytest.raises(NotSupported):
            shelf.prepare("c", form="no-such-form")
        assert shelf.held() == set()
        assert snapshot(shelf.home) == before

    def test_an_unknown_kind_of_layer_is_not_supported(self, shelf: Shelf) -> None:
        """A kind of layer that the store does not know is NotSupported, and nothing is left."""
        with pytest.raises(NotSupported):
            shelf.prepare("c", Layer(kind="no-such-kind"))
        assert shelf.held() == set()

    @pytest.mark.parametrize("position", [0, 1])
    def test_a_missing_layer_is_not_found(self, shelf: Shelf, position: int) -> None:
        """A layer that is not there is NotFound, wherever it stands, and nothing is left."""
        layers = list(shelf.layers)
        layers.insert(position, Layer(kind="directory", path=shelf.home / "absent"))
        before = descriptors()
        with pytest.raises(NotFound):
            shelf.prepare("c", *layers)
        assert shelf.held() == set()
        assert descriptors() == before

    def test_what_is_held_is_listed_until_it_is_released(self, shelf: Shelf) -> None:
        """``release`` takes away all that ``prepare`` made, and ``list`` names what is held."""
        for container in ("one", "other"):
            shelf.prepare(container)
            assert container in shelf.held() or not shelf.files_of(container)
        held = shelf.held()
        assert held <= {"one", "other"}
        shelf.store.release("one")
        assert shelf.comes_to_hold(*(held - {"one"}))
        shelf.store.release("other")
        assert shelf.comes_to_hold()

    def test_nothing_of_a_container_stays(self, shelf: Shelf) -> None:
        """After ``release`` the store's home is as it was before ``prepare``."""
        shelf.prepare("first")
        shelf.store.release("first")  # what is made for all containers may stay
        assert comes_true(lambda: not shelf.files_of("first"))
        before = snapshot(shelf.home / "store")
        shelf.prepare("second")
        shelf.store.release("second")
        assert comes_true(lambda: snapshot(shelf.home / "store") == before)

    def test_release_is_repeatable_and_an_unknown_id_is_fine(self, shelf: Shelf) -> None:
        """``release`` may be repeated, and of an unknown id it does nothing."""
        shelf.prepare("c")
        for _ in range(2):
            shelf.store.release("c")
            shelf.store.release("never-heard-of")

    def test_release_needs_the_id_alone(self, shelf: Shelf) -> None:
        """Another process releases by the id alone, without memory of the preparation."""
        shelf.prepare("c")
        held = shelf.held()
        another = shelf.another()
        assert set(another.list()) == held
        another.release("c")
        another.close()
        assert shelf.comes_to_hold()

    def test_a_closed_store_leaves_its_roots(self, shelf: Shelf) -> None:
        """``close`` gives back what the store object holds; prepared roots stay."""
        shelf.prepare("c")
        held = shelf.held()
        shelf.store.close()
        shelf.store = shelf.another()
        assert shelf.held() == held

    def test_layers_stay_as_they_are(self, shelf: Shelf) -> None:
        """Layers are read-only: neither ``prepare`` nor ``release`` changes one."""
        before = snapshot(shelf.home / "layers")
        shelf.prepare("c")
        shelf.store.release("c")
        assert snapshot(shelf.home / "layers") == before

    @pytest.mark.parametrize("id", _HOSTILE)
    def test_ids_are_no_paths(self, shelf: Shelf, id: str) -> None:
        """An id that would lead out of the store's home touches nothing outside."""
        shelf.prepare("first")
        precious = shelf.home / "precious" / "file"
        precious.parent.mkdir()
        precious.write_text("kept")
        before = snapshot(shelf.home)
        try:
            shelf.store.release(id)
        except (InvalidSpec, NotFound, CleanupFailed):
            assert precious.read_text() == "kept"
        assert snapshot(shelf.home) == before

    def test_many_may_be_prepared_at_once(self, shelf: Shelf) -> None:
        """The store is thread-safe: roots of different containers don't get in each other's way."""
        ids = [f"c{number}" for number in range(16)]
        with ThreadPoolExecutor(8) as pool:
            places = [place for root in pool.map(shelf.prepare, ids) for place in shelf.own(root)]
            assert len(places) == len(set(places))
            list(pool.map(shelf.store.release, ids))
        assert shelf.comes_to_hold()

    def test_no_descriptor_is_kept(self, shelf: Shelf) -> None:
        """A root that is held holds no descriptor of this process once it is released."""
        shelf.prepare("first")
        shelf.store.release("first")
        gc.collect()  # what ran in this process before is not to let go of one meanwhile
        before = settled().descriptors
        for number in range(5):
            shelf.prepare(f"c{number}")
            shelf.store.release(f"c{number}")
        assert comes_true(lambda: descriptors() == before)


def _directories(home: Path) -> tuple[Layer, ...]:
    layers = []
    for name in ("top", "bottom"):
        directory = home / name
        (directory / "etc").mkdir(parents=True)
        (directory / "etc" / name).write_text(name)
        (directory / "link").symlink_to("etc")
        layers.append(Layer(kind="directory", path=directory))
    return tuple(layers)


def snapshot(top: Path | str) -> dict[str, tuple[int, float, int]]:
    """Describe every file beneath a directory: mode, change of content, size."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            with suppress(FileNotFoundError):  # it may be on its way out
                status = os.lstat(path)
                changed = status.st_mtime if name in files else 0
                found[path] = (status.st_mode, changed, status.st_size)
    return found
