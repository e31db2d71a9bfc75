"""Each way to break what the contract says of images' layers is noticed by the suite."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from cloche.errors import ClocheError
from cloche.layers import Change, ChangeKind, Layer
from cloche.testing import LayerKeepingSuite, LayerStoreSubject, lab
from cloche.testing.fake_images import FakeLayers
from cloche.testing.fake_layers import FakeLayerStore
from cloche.testing.fake_subject import fake_subject
from cloche.testing.layer_store_suite import Shelf

#: What a failing test raises. Other errors would be the mutant's own, and prove nothing.
NOTICED = (AssertionError, pytest.fail.Exception, ClocheError, OSError)

Patch = pytest.MonkeyPatch
FIND, UNPACK, DISCARD = FakeLayers.find, FakeLayers.unpack, FakeLayers.discard
LEAKED: list[int] = []


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


@caught_by("test_an_unpacked_layer_is_found_by_all")
@caught_by("test_a_closed_store_leaves_its_layers")
def nothing_is_ever_found(patch: Patch) -> None:
    def unpack(self, source, chunks):
        layer = UNPACK(self, source, chunks)
        self.forgotten = True
        return layer

    patch.setattr(FakeLayers, "unpack", unpack)
    patch.setattr(
        FakeLayers,
        "find",
        lambda self, source: FIND(self, source) if not hasattr(self, "forgotten") else None,
    )


@caught_by("test_an_unpacked_layer_is_found_by_all")
@caught_by("test_a_discarded_layer_is_gone")
def nothing_is_named(patch: Patch) -> None:
    patch.setattr(FakeLayers, "unpacked", lambda self: ())


@caught_by("test_an_unpacked_layer_is_found_by_all")
def layers_have_no_digest(patch: Patch) -> None:
    def find(self, source):
        found = FIND(self, source)
        return found and Layer(kind=found.kind, path=found.path)

    patch.setattr(FakeLayers, "find", find)


@caught_by("test_archives_come_in_pieces_of_any_size", 1)
def what_follows_the_end_is_left(patch: Patch) -> None:
    def unpack(self, source, chunks):
        data = b""
        for chunk in chunks:
            data += chunk
            if len(data) > 3 * 512 and data.endswith(bytes(1024)):
                break
        return UNPACK(self, source, [data])

    patch.setattr(FakeLayers, "unpack", unpack)


@caught_by("test_an_error_of_the_chunks_keeps_nothing")
def an_error_at_the_end_comes_too_late(patch: Patch) -> None:
    def unpack(self, source, chunks):
        pieces = []
        try:
            pieces += [chunks] if isinstance(chunks, bytes) else chunks
        finally:
            UNPACK(self, source, pieces or [bytes(1024)])
        return FIND(self, source)

    patch.setattr(FakeLayers, "unpack", unpack)


@caught_by("test_a_damaged_archive_keeps_nothing")
def damage_is_overlooked(patch: Patch) -> None:
    def unpack(self, source, chunks):
        try:
            return UNPACK(self, source, chunks)
        except ClocheError:
            return UNPACK(self, source, [bytes(1024)])

    patch.setattr(FakeLayers, "unpack", unpack)


@caught_by("test_a_hostile_archive_writes_nothing_outside", "../outside")
def archives_are_trusted(patch: Patch) -> None:
    def unpack(self, source, chunks):
        part = self._kept / "part"
        part.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            archive.extractall(part, filter="fully_trusted")
        part.rename(self._layer(source))
        return FIND(self, source)

    patch.setattr(FakeLayers, "unpack", unpack)


@caught_by("test_a_layer_that_is_there_is_given_back")
def a_layer_that_is_there_is_in_the_way(patch: Patch) -> None:
    def unpack(self, source, chunks):
        if FIND(self, source):
            raise FileExistsError(source.digest)
        return UNPACK(self, source, chunks)

    patch.setattr(FakeLayers, "unpack", unpack)


@caught_by("test_roots_are_made_of_kept_layers")
def roots_change_layers(patch: Patch) -> None:
    prepare = FakeLayerStore.prepare

    def write(self, name, layers, form, **options):
        (layers[0].path / "written").write_text("")
        return prepare(self, name, layers, form, **options)

    def release(self, name):
        for source in self.unpacked():
            (FIND(self, source).path / "written").unlink(missing_ok=True)

    patch.setattr(FakeLayerStore, "prepare", write)
    patch.setattr(FakeLayerStore, "release", release)


@caught_by("test_a_discarded_layer_is_gone")
def nothing_is_discarded(patch: Patch) -> None:
    patch.setattr(FakeLayers, "discard", lambda self, source: None)


@caught_by("test_a_discarded_layer_is_gone")
def all_is_discarded(patch: Patch) -> None:
    def discard(self, source):
        for each in self.unpacked():
            DISCARD(self, each)

    patch.setattr(FakeLayers, "discard", discard)


@caught_by("test_a_container_without_a_root_has_no_changes")
def strangers_have_changes(patch: Patch) -> None:
    change = Change(ChangeKind.ADDED, "/made-up")
    patch.setattr(FakeLayers, "changes", lambda self, name: [change])


@caught_by("test_different_layers_may_be_unpacked_at_once")
def all_layers_are_one(patch: Patch) -> None:
    patch.setattr(FakeLayers, "_layer", lambda self, source: self._kept / "sha256-0")


@caught_by("test_no_descriptor_is_kept_by_layers")
def a_descriptor_is_kept(patch: Patch) -> None:
    def unpack(self, source, chunks):
        LEAKED.append(os.dup(0))
        return UNPACK(self, source, chunks)

    patch.setattr(FakeLayers, "unpack", unpack)


@pytest.fixture(autouse=True)
def _mended(monkeypatch: Patch) -> Iterator[None]:
    monkeypatch.setattr(lab, "PATIENCE", 0.3)
    yield
    while LEAKED:
        os.close(LEAKED.pop())


def fails(mutant: Mutant, shelf: Shelf) -> bool:
    try:
        getattr(LayerKeepingSuite(), mutant.test)(shelf, *mutant.arguments)
    except NOTICED:
        return True
    return False


@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.breaks.__name__}-{mutant.test}"
)
def test_the_suite_notices(monkeypatch: Patch, tmp_path, mutant: Mutant) -> None:
    shelf = Shelf(LayerStoreSubject(store=fake_subject().store), tmp_path)
    with monkeypatch.context() as patch:
        mutant.breaks(patch)
        assert fails(mutant, shelf)
    shelf.close()
