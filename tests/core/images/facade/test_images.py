"""What is kept of images: found, named, counted, and gone when nobody needs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from registries import images as made

from cloche import Engine, ImageError, InvalidSpec, InvalidState
from cloche.images import Platform

HELLO = {"Cmd": ["echo", "hello"]}


def layered(*texts: str, config=None, **options) -> made.Image:
    """An image with a layer for each text."""
    layers = [made.archive({f"srv/{n}": t.encode()}) for n, t in enumerate(texts)]
    options.setdefault("platform", here())
    return made.image(*layers, config=config or HELLO, **options)


def here(**more: str) -> dict[str, str]:
    platform = Platform.here()
    return {"os": platform.os, "architecture": platform.architecture, **more}


class TestFinding:
    def test_by_name_in_all_its_forms(self, engine, kept):
        digest = kept("alpine", layered("a", platform=here()))
        for name in ("alpine", "alpine:latest", "docker.io/library/alpine", f"alpine@{digest}"):
            assert engine.images.get(name).digest == digest

    def test_by_digest_and_by_the_beginning_of_it(self, engine, kept):
        digest = kept("alpine", layered("a"))
        image = engine.images.get(digest)
        assert image.name == "alpine:latest"
        hexadecimal = digest.removeprefix("sha256:")
        assert engine.images.get(hexadecimal[:12]) == image
        assert engine.images.get(hexadecimal) == image
        assert engine.images.get(image.id) == image

    def test_what_is_not_here(self, engine):
        with pytest.raises(ImageError, match="image not found: nothing") as caught:
            engine.images.get("nothing")
        assert caught.value.hint == "cloche pull nothing"

    def test_what_can_be_no_name(self, engine):
        with pytest.raises(InvalidSpec):
            engine.images.get("Capital")

    def test_of_an_index_the_one_for_this_machine(self, engine, kept):
        other = layered("a", platform={"os": "linux", "architecture": "s390x"})
        kept("both", made.index(other, layered("b", platform=here())))
        assert engine.images.get("both").platform.architecture == here()["architecture"]
        found = engine.images.get("both", platform="linux/s390x")
        assert found.digest == other.digest
        assert len(engine.images.list()) == 2

    def test_a_platform_that_is_not_there(self, engine, kept):
        kept("one", layered("a", platform=here()))
        with pytest.raises(ImageError, match=r"one is for .* not for linux/s390x"):
            engine.images.get("one", platform="linux/s390x")

    def test_layers_are_told_from_the_topmost(self, engine, kept):
        kept("three", layered("a", "b", "c"))
        image = engine.images.get("three")
        top, middle, base = image.layers
        assert (base.digest, middle.digest, top.digest) == image.diff_ids
        assert top.parents == (middle.digest, base.digest)
        assert base.parents == ()


class TestRunning:
    def test_the_second_time_it_is_found_by_two_small_files(self, engine, kept, monkeypatch):
        kept("it", layered("a", "b"))
        first = engine.run([], image="it", capture_output=True).stdout
        monkeypatch.delattr("cloche.images.content.Content.open")
        assert engine.run([], image="it", capture_output=True).stdout == first == b"hello\n"

    def test_pull_never_says_how_to_get_it(self, engine):
        with pytest.raises(ImageError, match="image not found: it") as caught:
            engine.run(["true"], image="it", pull="never")
        assert caught.value.hint == "cloche pull it"

    def test_an_image_of_another_platform_is_refused(self, engine, kept):
        kept("it", layered("a", platform={"os": "plan9", "architecture": "mips"}))
        with pytest.raises(ImageError, match="it is for plan9/mips, not for"):
            engine.run([], image="it", pull="never")

    def test_upper_layers_cover_and_take_away(self, engine, kept, make_engine):
        layers = [
            made.archive({"srv/a": b"below", "srv/b": b"below"}),
            made.archive({"srv/a": b"above", "srv/.wh.b": b""}),
        ]
        kept("it", made.image(*layers, platform=here()))
        seen = []

        def look(call):
            seen.extend(sorted(p.name for p in Path(call.root, "srv").iterdir()))
            seen.append(Path(call.root, "srv/a").read_text())

        make_engine(programs={"look": look}).run(["look"], image="it")
        assert seen == ["a", "above"]

    def test_a_layer_that_is_not_what_the_image_says_is_refused(self, engine, kept):
        good, bad = layered("a"), layered("b")
        (blob,) = (d for d in bad.blobs if d not in good.blobs and bad.blobs[d][:2] == b"\x1f\x8b")
        document = good.data.decode()
        (layer,) = (d for d in good.blobs if good.blobs[d][:2] == b"\x1f\x8b")
        wrong = document.replace(layer, blob).replace(
            f'"size": {len(good.blobs[layer])}', f'"size": {len(bad.blobs[blob])}'
        )
        kept("wrong", made.Image(wrong.encode(), good.media_type, {**good.blobs, **bad.blobs}))
        with pytest.raises(ImageError, match="a layer is not what its image says"):
            engine.run([], image="wrong")
        assert list(store_of(engine).unpacked()) == []


class TestRemoving:
    def test_a_name_goes_first_and_with_the_last_the_image(self, engine, kept):
        digest = kept("it", layered("a"))
        engine.images.tag("it", "other:1")
        assert engine.images.remove("it") == ["it:latest"]
        name, *gone = engine.images.remove("other:1")
        assert name == "other:1"
        assert digest in gone
        assert engine.images.usage().count == 0

    def test_unpacked_layers_go_with_it(self, engine, kept):
        kept("it", layered("a", "b"))
        engine.run([], image="it")
        assert len(list(store_of(engine).unpacked())) == 2
        engine.images.remove("it")
        assert list(store_of(engine).unpacked()) == []

    def test_layers_that_others_have_stay(self, engine, kept):
        kept("it", layered("a", "b"))
        kept("on-it", layered("a", "c"))
        for name in ("it", "on-it"):
            engine.run([], image=name)
        engine.images.remove("it")
        assert len(list(store_of(engine).unpacked())) == 2
        assert engine.run([], image="on-it", pull="never").returncode == 0

    def test_an_id_with_two_names_is_refused(self, engine, kept):
        digest = kept("it", layered("a"))
        engine.images.tag("it", "other")
        with pytest.raises(InvalidState, match="has 2 names: it:latest, other:latest"):
            engine.images.remove(digest)
        assert engine.images.remove(digest, force=True)[:2] == ["it:latest", "other:latest"]

    def test_what_a_container_uses_is_refused_and_stays(self, engine, kept):
        kept("it", layered("a"))
        with engine.start(["sleep", "9"], image="it", name="user"):
            with pytest.raises(InvalidState, match="it is used by the container user"):
                engine.images.remove("it")
            assert engine.images.remove("it", force=True) == ["it:latest"]
            assert engine.images.list() == []
            assert len(list(store_of(engine).unpacked())) == 1
        engine.images.prune()
        assert list(store_of(engine).unpacked()) == []

    def test_layers_stay_while_a_damaged_record_may_be_that_of_who_uses_them(self, engine, kept):
        kept("it", layered("a"))
        container = engine.start(["sleep", "9"], image="it")
        (journal,) = Path(engine.workshop.records.directory(container.id)).glob("*.journal")
        whole = journal.read_bytes()
        journal.write_bytes(b"?" + whole)
        engine.images.remove("it")
        assert len(list(store_of(engine).unpacked())) == 1
        journal.write_bytes(whole)
        container.remove(force=True)
        engine.images.prune()
        assert list(store_of(engine).unpacked()) == []

    def test_what_is_not_here(self, engine):
        with pytest.raises(ImageError, match="image not found: it"):
            engine.images.remove("it")


class TestPruning:
    def test_what_lost_its_name_goes(self, engine, kept):
        old = kept("it", layered("a"))
        new = kept("it", layered("b"))
        removed = engine.images.prune().removed
        assert old in removed
        assert new not in removed

    def test_all_is_what_no_container_uses(self, engine, kept):
        kept("used", layered("a"))
        kept("unused", layered("b"))
        with engine.start(["sleep", "9"], image="used"):
            engine.images.prune(all=True)
            assert [image.name for image in engine.images.list()] == ["used:latest"]


def test_history_puts_layers_beside_their_steps(engine, kept):
    kept("it", layered("a", "b"))
    steps = engine.images.history("it")
    assert len(steps) == 2
    assert all(step.layer and step.size for step in steps)


def test_what_is_damaged_is_told_and_the_rest_is_well(engine, kept):
    kept("it", layered("a"))
    assert engine.images.verify() == []
    image = engine.images.get("it")
    with open(engine.images.content.path(image.id), "ab") as file:
        file.write(b" ")
    problems = engine.images.verify()
    assert [p.digest for p in problems] == [image.id, image.id]


def store_of(engine: Engine):
    return engine.workshop.chooser.store_called("fake").backend
