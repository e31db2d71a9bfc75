"""What is written is read again as it was: each format, through files and pipes."""

from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path

import pytest
import zstandard
from layouts.keeping import keep, remains
from layouts.rules import faults
from registries import images as made

from cloche.errors import AlreadyExists, ImageError, InvalidSpec, NotFound
from cloche.images.transports import Named, read_archive, write_archive

NAME = "docker.io/library/app:1"
FORMATS = ["docker-archive", "oci-archive", "oci"]


@pytest.fixture(params=FORMATS)
def written(request, content, image, tmp_path) -> Path:
    """An image, written in each format."""
    path = tmp_path / f"out.{request.param}"
    write_archive(content, [Named(NAME, keep(content, image))], path, format=request.param)
    return path


def test_it_comes_back_as_it_was(written, other, lease, image):
    (found,) = read_archive(written, other, lease=lease)
    assert (found.name, found.descriptor.digest) == (NAME, image.digest)
    assert {digest for digest, _ in other.layout.stored()} == {image.digest, *image.blobs}
    other.names.set("app:1", found.descriptor)
    assert other.verify() == []


def test_what_is_written_follows_the_specification(written):
    assert faults(written) == []


def test_the_lease_holds_it_until_it_has_a_name(written, other, lease, image):
    read_archive(written, other, lease=lease)
    assert other.collect().removed == ()
    lease.close()
    assert len(other.collect().removed) == 1 + len(image.blobs)


def test_what_is_there_already_is_not_kept_twice(written, other, lease, image):
    keep(other, image)
    before = remains(other)
    read_archive(written, other, lease=lease)
    assert remains(other) == before


@pytest.mark.parametrize("format", ["docker-archive", "oci-archive"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_through_pipes_compressed_or_not(content, other, lease, image, format, compress):
    packed = io.BytesIO()
    write_archive(content, [Named(NAME, keep(content, image))], packed, format=format)
    outlet, inlet = os.pipe()
    with open(inlet, "wb") as writer, open(outlet, "rb", buffering=0) as reader:
        data = compress(packed.getvalue())
        thread = threading.Thread(target=lambda: (writer.write(data), writer.close()))
        thread.start()
        (found,) = read_archive(reader, other, lease=lease)
        thread.join()
    assert found.descriptor.digest == image.digest


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_images_make_the_same_bytes(content, image, tmp_path, format):
    named = [Named(NAME, keep(content, image))]
    for name in "ab":
        write_archive(content, named, tmp_path / name, format=format)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def tree(path: Path) -> dict[str, bytes]:
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in files}


def test_an_image_of_several_names_is_written_once(content, other, lease, image, tmp_path):
    descriptor = keep(content, image)
    names = [NAME, "localhost:5000/team/app:2"]
    write_archive(content, [Named(name, descriptor) for name in names], tmp_path / "x.tar")
    assert (tmp_path / "x.tar").stat().st_size < 2 * sum(map(len, image.blobs.values())) + 20480
    found = read_archive(tmp_path / "x.tar", other, lease=lease)
    assert {each.name for each in found} == set(names)
    assert {each.descriptor.digest for each in found} == {image.digest}


def image_for(architecture: str) -> made.Image:
    platform = {"os": "linux", "architecture": architecture}
    return made.image(made.archive({"f": architecture.encode()}), platform=platform)


def test_an_index_is_written_with_the_images_that_are_here(content, other, lease, tmp_path):
    images = [
        made.image(
            made.archive({"f": arch.encode()}), platform={"os": "linux", "architecture": arch}
        )
        for arch in ("amd64", "arm64", "s390x")
    ]
    whole = made.index(*images)
    keep(content, images[1])
    descriptor = content.put(whole.data, whole.media_type)
    for path in (tmp_path / "oci", tmp_path / "oci-archive"):
        write_archive(content, [Named(NAME, descriptor)], path, format=path.name)
        assert faults(path) == []
        (found,) = read_archive(path, other, lease=lease)
        assert found.descriptor.digest == whole.digest
        assert other.has(images[1].digest)
        assert not other.has(images[0].digest)


def test_dockers_format_has_the_image_of_an_index_that_is_here(content, other, lease, tmp_path):
    images = [
        made.image(
            made.archive({"f": arch.encode()}), platform={"os": "linux", "architecture": arch}
        )
        for arch in ("arm64", "s390x")
    ]
    whole = made.index(*images)
    keep(content, images[1])
    descriptor = content.put(whole.data, whole.media_type)
    write_archive(content, [Named(NAME, descriptor)], tmp_path / "x.tar")
    (found,) = read_archive(tmp_path / "x.tar", other, lease=lease)
    assert found.descriptor.digest == images[1].digest


def test_a_layout_gets_further_images_beside_its_own(content, other, lease, image, tmp_path):
    small = made.image(made.archive({"x": b"x"}))
    descriptors = [keep(content, image), keep(content, small)]
    path = tmp_path / "layout"
    write_archive(content, [Named("a:1", descriptors[0])], path, format="oci")
    write_archive(content, [Named("b:1", descriptors[1])], path, format="oci")
    assert [n.name for n in read_archive(path, other, lease=lease)] == ["a:1", "b:1"]
    write_archive(content, [Named("a:1", descriptors[1])], path, format="oci")
    found = {n.name: n.descriptor.digest for n in read_archive(path, other, lease=lease)}
    assert found == {"a:1": small.digest, "b:1": small.digest}
    assert faults(path) == []


def test_nothing_is_written_into_a_directory_that_is_no_layout(content, image, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter").write_text("dear")
    with pytest.raises(AlreadyExists, match="no image layout"):
        write_archive(content, [Named(NAME, keep(content, image))], tmp_path / "home", format="oci")
    assert os.listdir(tmp_path / "home") == ["letter"]


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_damaged_here_is_not_given_away(content, image, tmp_path, format):
    descriptor = keep(content, image)
    layer = Path(content.path(list(image.blobs)[1]))
    layer.write_bytes(layer.read_bytes()[:-1] + b"?")
    with pytest.raises(ImageError, match="is damaged"):
        write_archive(content, [Named(NAME, descriptor)], tmp_path / "out", format=format)
    files = [
        each for each in (tmp_path / "out").rglob("*") if each.name in (layer.name, "index.json")
    ]
    assert files == []
    assert not (tmp_path / "out").is_file()
    assert [each.name for each in tmp_path.glob("*~")] == []


def test_an_archive_that_is_there_stays_until_the_new_one_is_whole(content, image, tmp_path):
    path = tmp_path / "out.tar"
    path.write_bytes(b"old")
    descriptor = keep(content, image)
    Path(content.path(next(iter(image.blobs)))).unlink()
    with pytest.raises(ImageError, match="is not here"):
        write_archive(content, [Named(NAME, descriptor)], path)
    assert path.read_bytes() == b"old"
    keep(content, image)
    write_archive(content, [Named(NAME, descriptor)], path)
    assert faults(path) == []


def test_what_cannot_be_had_is_refused(content, other, lease, image, tmp_path):
    named = [Named(NAME, keep(content, image))]
    with pytest.raises(InvalidSpec, match="none of docker-archive"):
        write_archive(content, named, tmp_path / "x", format="zip")  # type: ignore[arg-type]
    with pytest.raises(InvalidSpec, match="a layout is a directory"):
        write_archive(content, named, io.BytesIO(), format="oci")
    with pytest.raises(InvalidSpec, match="is a directory"):
        write_archive(content, named, tmp_path)
    with pytest.raises(NotFound, match="does not exist"):
        read_archive(tmp_path / "none.tar", other, lease=lease)
    with pytest.raises(ImageError, match=r"neither an oci-layout nor a manifest\.json"):
        read_archive(io.BytesIO(made.archive({"a": b"b"})), other, lease=lease)
