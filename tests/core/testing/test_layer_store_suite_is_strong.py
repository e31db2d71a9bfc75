"""Each way to break the contract of layer stores is noticed by the suite."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from cloche.errors import ClocheError, NotFound
from cloche.layers import RootFilesystem
from cloche.testing import LayerStoreSubject, LayerStoreSuite, fake_layers, lab
from cloche.testing.fake_layers import FakeLayerStore
from cloche.testing.fake_subject import fake_subject
from cloche.testing.layer_store_suite import Shelf

#: What a failing test raises. Other errors would be the mutant's own, and prove nothing.
NOTICED = (AssertionError, pytest.fail.Exception, ClocheError, OSError)

Patch = pytest.MonkeyPatch
PREPARE, RELEASE, LIST = FakeLayerStore.prepare, FakeLayerStore.release, FakeLayerStore.list


class Mutant(NamedTuple):
    breaks: Callable[[Patch], None]
    test: str
    arguments: tuple[object, ...]


MUTANTS: list[Mutant] = []


def caught_by(test: str, *arguments: object) -> Callable[..., Any]:
    def register(breaks: Callable[[Patch], None]) -> Callable[[Patch], None]:
        MUTANTS.append(Mutant(breaks, test, arguments))
        return breaks

    return register


@caught_by("test_to_open_it_makes_nothing")
def to_open_it_makes_a_directory(patch: Patch) -> None:
    def init(self, home):
        self._home = home
        home.mkdir(exist_ok=True)

    patch.setattr(FakeLayerStore, "__init__", init)


@caught_by("test_a_root_has_the_form_that_was_asked_for")
def roots_have_another_form(patch: Patch) -> None:
    patch.setattr(FakeLayerStore, "prepare", lambda *_, **__: RootFilesystem(form="overlay"))


@caught_by("test_an_unknown_form_is_not_supported")
def any_form_will_do(patch: Patch) -> None:
    def prepare(self, name, layers, form, **options):
        return PREPARE(self, name, layers, "path", **options)

    patch.setattr(FakeLayerStore, "prepare", prepare)


@caught_by("test_an_unknown_form_is_not_supported")
def what_is_refused_leaves_a_directory(patch: Patch) -> None:
    def prepare(self, name, *args, **options):
        os.makedirs(os.path.join(self._home, name), exist_ok=True)
        return PREPARE(self, name, *args, **options)

    patch.setattr(FakeLayerStore, "prepare", prepare)


@caught_by("test_an_unknown_kind_of_layer_is_not_supported")
@caught_by("test_a_missing_layer_is_not_found", 0)
@caught_by("test_a_missing_layer_is_not_found", 1)
def unusable_layers_are_left_out(patch: Patch) -> None:
    def prepare(self, name, layers, *args, **options):
        usable = [layer for layer in layers if layer.path is not None and layer.path.is_dir()]
        return PREPARE(self, name, usable, *args, **options)

    patch.setattr(FakeLayerStore, "prepare", prepare)


@caught_by("test_a_missing_layer_is_not_found", 1)
def a_failure_half_way_leaves_what_was_made(patch: Patch) -> None:
    def prepare(self, name, layers, form, **options):
        root = os.path.join(self._home, name)
        for layer in layers:
            if not layer.path.is_dir():
                raise NotFound("absent")
            shutil.copytree(layer.path, root, dirs_exist_ok=True)
        return RootFilesystem(form=form, path=root)

    patch.setattr(FakeLayerStore, "prepare", prepare)


@caught_by("test_what_is_held_is_listed_until_it_is_released")
def nothing_is_listed(patch: Patch) -> None:
    patch.setattr(FakeLayerStore, "list", lambda _: ())


@caught_by("test_what_is_held_is_listed_until_it_is_released")
@caught_by("test_nothing_of_a_container_stays")
def nothing_is_released(patch: Patch) -> None:
    patch.setattr(FakeLayerStore, "release", lambda *_: None)


@caught_by("test_what_is_held_is_listed_until_it_is_released")
def all_is_released_at_once(patch: Patch) -> None:
    def release(self, name):
        for each in LIST(self):
            RELEASE(self, each)

    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_nothing_of_a_container_stays")
def a_note_stays_of_each_container(patch: Patch) -> None:
    def release(self, name):
        (self._home / f".{len(os.listdir(self._home))}-released").touch()
        RELEASE(self, name)

    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_release_is_repeatable_and_an_unknown_id_is_fine")
def an_unknown_id_is_an_error(patch: Patch) -> None:
    def release(self, name):
        if name not in LIST(self):
            raise NotFound(name)
        RELEASE(self, name)

    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_release_needs_the_id_alone")
def only_who_prepared_can_release(patch: Patch) -> None:
    def prepare(self, name, *args, **options):
        self.__dict__.setdefault("mine", set()).add(name)
        return PREPARE(self, name, *args, **options)

    def release(self, name):
        if name in self.__dict__.get("mine", ()):
            RELEASE(self, name)

    patch.setattr(FakeLayerStore, "prepare", prepare)
    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_release_needs_the_id_alone")
def only_who_prepared_can_list(patch: Patch) -> None:
    def prepare(self, name, *args, **options):
        self.__dict__.setdefault("mine", []).append(name)
        return PREPARE(self, name, *args, **options)

    patch.setattr(FakeLayerStore, "prepare", prepare)
    patch.setattr(FakeLayerStore, "list", lambda self: self.__dict__.get("mine", ()))


@caught_by("test_a_closed_store_leaves_its_roots")
def to_close_is_to_release(patch: Patch) -> None:
    def close(self):
        for each in LIST(self):
            RELEASE(self, each)

    patch.setattr(FakeLayerStore, "close", close)


@caught_by("test_layers_stay_as_they_are")
def a_layer_is_the_root_itself(patch: Patch) -> None:
    def prepare(self, name, layers, form, **options):
        (layers[0].path / "mark").write_text(name)
        return PREPARE(self, name, layers, form, **options)

    patch.setattr(FakeLayerStore, "prepare", prepare)


@caught_by("test_layers_stay_as_they_are")
def release_empties_the_layers(patch: Patch) -> None:
    layers_seen: list[Any] = []

    def prepare(self, name, layers, form, **options):
        layers_seen.extend(layers)
        return PREPARE(self, name, layers, form, **options)

    def release(self, name):
        RELEASE(self, name)
        for layer in layers_seen:
            shutil.rmtree(layer.path / "etc", ignore_errors=True)

    patch.setattr(FakeLayerStore, "prepare", prepare)
    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_ids_are_no_paths", "..")
@caught_by("test_ids_are_no_paths", "")
@caught_by("test_ids_are_no_paths", "../precious")
def ids_are_taken_for_paths(patch: Patch) -> None:
    def release(self, name):
        shutil.rmtree(os.path.join(self._home, name), ignore_errors=True)

    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_many_may_be_prepared_at_once")
def all_roots_are_one(patch: Patch) -> None:
    def prepare(self, name, layers, form, **options):
        os.makedirs(self._home / "shared", exist_ok=True)
        return RootFilesystem(form=form, path=str(self._home / "shared"))

    patch.setattr(FakeLayerStore, "prepare", prepare)


@caught_by("test_no_descriptor_is_kept")
def a_descriptor_is_kept(patch: Patch) -> None:
    def release(self, name):
        LEAKED.append(os.dup(0))
        RELEASE(self, name)

    patch.setattr(FakeLayerStore, "release", release)


LEAKED: list[int] = []


@pytest.fixture(autouse=True)
def _mended(monkeypatch: Patch) -> Iterator[None]:
    monkeypatch.setattr(lab, "PATIENCE", 0.3)
    yield
    while LEAKED:
        os.close(LEAKED.pop())


def fails(mutant: Mutant, shelf: Shelf) -> bool:
    try:
        getattr(LayerStoreSuite(), mutant.test)(shelf, *mutant.arguments)
    except NOTICED:
        return True
    return False


@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.breaks.__name__}-{mutant.test}"
)
def test_the_suite_notices(monkeypatch: Patch, tmp_path, mutant: Mutant) -> None:
    with monkeypatch.context() as patch:
        mutant.breaks(patch)
        shelf = Shelf(LayerStoreSubject(store=fake_subject().store), tmp_path)
        assert fails(mutant, shelf)
    shelf.close()
    assert fake_layers.FakeLayerStore.release is RELEASE
