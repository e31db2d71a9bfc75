"""Images in and out of files, with names and without."""

from __future__ import annotations

import io

import pytest
from registries import images as made

from cloche import ImageError, InvalidSpec, NotFound
from cloche.images import Platform

HERE = {"os": Platform.here().os, "architecture": Platform.here().architecture}
HELLO = {"Cmd": ["echo", "hello"]}


def hello() -> made.Image:
    return made.image(made.archive({"a": b"a"}), config=HELLO, platform=HERE)


@pytest.mark.parametrize("format", ["docker-archive", "oci-archive", "oci"])
def test_what_is_saved_is_loaded_and_runs(engine, kept, tmp_path, format):
    digest = kept("it", hello())
    engine.images.save("it", tmp_path / "saved", format=format)
    engine.images.remove("it")
    (image,) = engine.images.load(tmp_path / "saved")
    assert (image.name, image.digest) == ("it:latest", digest)
    assert engine.run([], image="it", pull="never", capture_output=True).stdout == b"hello\n"


def test_several_are_saved_into_one(engine, kept, tmp_path):
    kept("one", hello())
    kept("two", made.image(made.archive({"b": b"b"}), platform=HERE))
    engine.images.save(["one", "two"], tmp_path / "both")
    engine.images.prune(all=True)
    assert [i.name for i in engine.images.load(tmp_path / "both")] == ["one:latest", "two:latest"]


def test_an_image_saved_by_its_id_has_no_name_and_lives_until_it_is_pruned(engine, kept, tmp_path):
    digest = kept("it", hello())
    engine.images.save(digest, tmp_path / "saved")
    engine.images.remove("it")
    (image,) = engine.images.load(tmp_path / "saved")
    assert (image.name, image.digest) == (None, digest)
    assert engine.images.list() == [image]
    assert engine.run([], image=digest[7:19], capture_output=True).stdout == b"hello\n"
    engine.images.tag(digest, "named")
    engine.images.prune()
    assert [each.name for each in engine.images.list()] == ["named:latest"]


def test_nothing_to_save_is_refused(engine, tmp_path):
    with pytest.raises(InvalidSpec, match="names: there is none"):
        engine.images.save([], tmp_path / "saved")
    with pytest.raises(ImageError, match="image not found: it"):
        engine.images.save("it", tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_what_is_no_archive_leaves_nothing(engine, tmp_path):
    (tmp_path / "it").write_bytes(b"nothing of the kind")
    with pytest.raises(ImageError):
        engine.images.load(tmp_path / "it")
    with pytest.raises(NotFound):
        engine.images.load(tmp_path / "nowhere")
    assert engine.images.usage().count == 0


def test_a_root_file_system_becomes_an_image(engine):
    archive = io.BytesIO(made.archive({"etc/it": b"it"}))
    image = engine.images.import_(
        archive, "root:1", changes=['CMD ["echo", "hi"]', "ENV A=1 B='2 3'"], message="made here"
    )
    assert image.name == "root:1"
    assert image.config.env == ("A=1", "B=2 3")
    assert engine.run([], image="root:1", capture_output=True).stdout == b"hi\n"
    (step,) = engine.images.history("root:1")
    assert (step.comment, step.created_by, step.layer is None) == (
        "made here",
        "cloche import",
        False,
    )


def test_it_may_be_for_another_platform_and_have_no_name(engine):
    archive = io.BytesIO(made.archive({"a": b""}))
    image = engine.images.import_(archive, platform="linux/arm64")
    assert (image.name, str(image.platform)) == (None, "linux/arm64")


def test_a_change_that_is_none_is_refused_before_anything_is_read(engine):
    with pytest.raises(InvalidSpec, match="changes: 'FROM x' is not one of CMD"):
        engine.images.import_(io.BytesIO(b"no archive"), "it", changes=["FROM x"])
    assert engine.images.usage().count == 0
