"""Damage is found, told with what to do about it, and gone after that was done."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from layouts.keeping import keep
from registries import images as made


def test_a_whole_store_has_no_problems(content, image):
    assert content.verify() == []
    keep(content, image, "a:1")
    keep(content, made.index(image, made.image(made.archive({"x": b"y"}))), "b:1")
    assert content.verify() == []


@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
def test_a_damaged_blob_is_named_thrown_away_and_comes_again(content, image, which):
    keep(content, image, "a:1")
    digest = [image.digest, *image.blobs][["manifest", "config", "layer"].index(which)]
    path = Path(content.path(digest))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    damage, loss = content.verify()
    assert (damage.digest, damage.where) == (digest, str(path))
    assert str(damage) == f"{digest} is damaged: it has another digest"
    assert "pull or load again" in damage.remedy
    assert (loss.digest, loss.where) == (digest, "a:1")
    assert loss.remedy == "pull a:1 again, or remove it"
    assert not content.has(digest)
    keep(content, image, "a:1")
    assert content.verify() == []


def test_what_came_anew_meanwhile_is_not_thrown_away(content, image):
    """Of two who look at the same time, the later one finds what was fetched after the first."""
    keep(content, image, "a:1")
    path = Path(content.path(image.digest))
    path.write_bytes(b"?")
    with ThreadPoolExecutor(1) as pool:
        with content.layout.locked():
            looking = pool.submit(content.verify)
            time.sleep(0.3)
            path.unlink()
            path.write_bytes(image.data)
        assert looking.result() == []
    assert path.read_bytes() == image.data


@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
def test_a_missing_blob_is_named_with_the_image(content, image, which):
    keep(content, image, "a:1")
    digest = [image.digest, *image.blobs][["manifest", "config", "layer"].index(which)]
    os.unlink(content.path(digest))
    (problem,) = content.verify()
    assert str(problem) == f"a:1: {digest} is missing"


def test_an_index_need_not_have_all_its_images(content):
    images = [made.image(made.archive({"f": name})) for name in (b"a", b"b")]
    keep(content, made.index(*images), "a:1")
    for digest in (images[0].digest, *images[0].blobs):
        if digest not in images[1].blobs:
            os.unlink(content.path(digest))
    assert content.verify() == []
    os.unlink(content.path(images[1].digest))
    (problem,) = content.verify()
    assert "is an index of which no image is here" in str(problem)


def test_layers_that_others_keep_may_be_missing(content):
    """Windows' base layers, that only Microsoft distributes, were so for long."""
    image = made.image(made.archive({"a": b"b"}))
    document = json.loads(image.data)
    document["layers"][0]["urls"] = ["https://example.com/layer"]
    changed = made.Image(json.dumps(document).encode(), image.media_type, image.blobs)
    keep(content, changed, "a:1")
    os.unlink(content.path(document["layers"][0]["digest"]))
    assert content.verify() == []


def test_strangers_among_the_blobs_are_named(content, image):
    keep(content, image, "a:1")
    for name in ("sha256/x", "md5/0"):
        path = Path(content.layout.blobs, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    strangers = {os.path.join(content.layout.blobs, *each) for each in (["md5"], ["sha256", "x"])}
    assert {each.where for each in content.verify()} == strangers


def test_damaged_names_are_named(content, image):
    keep(content, image, "a:1")
    (record,) = Path(content.layout.names).iterdir()
    record.write_bytes(b"{}")
    (problem,) = content.verify()
    assert (problem.where, problem.remedy) == (str(record), "remove the file")


@pytest.mark.parametrize("size", [1, 10**9])
def test_a_manifest_that_lies_about_sizes_is_named(content, image, size):
    document = json.loads(image.data)
    document["layers"][0]["size"] = size
    liar = made.Image(json.dumps(document).encode(), image.media_type, image.blobs)
    keep(content, liar, "a:1")
    (problem,) = content.verify()
    assert f"has not the {size} bytes" in str(problem)


def test_what_other_programs_see_is_made_right_again(content, image):
    keep(content, image, "a:1")
    index = Path(content.layout.index)
    good = index.read_bytes()
    index.write_bytes(b"{}")
    assert content.verify() == []
    assert index.read_bytes() == good
