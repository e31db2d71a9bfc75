"""A digest is one exactly, or it is refused: it becomes the name of a file."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import ImageError
from cloche.images.digest import algorithm_of, check_digest, digest_of, encoded, hasher


@given(st.binary(max_size=100), st.sampled_from(["sha256", "sha512"]))
def test_the_digest_of_content_is_one(data, algorithm):
    digest = digest_of(data, algorithm)
    assert check_digest(digest) == digest
    assert (algorithm_of(digest), encoded(digest)) == (
        algorithm,
        hashlib.new(algorithm, data).hexdigest(),
    )
    running = hasher(digest)
    running.update(data)
    assert running.hexdigest() == encoded(digest)


@pytest.mark.parametrize(
    "text",
    [
        "", "sha256", "sha256:", "a" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 65,
        "sha256:" + "A" * 64, "sha256:" + "g" * 64, "sha512:" + "a" * 64, "md5:" + "a" * 32,
        "sha256:../../etc/passwd", "SHA256:" + "a" * 64, "sha256:" + "a" * 63 + "\n",
        "sha256:" + "a" * 63 + "٣", " sha256:" + "a" * 64,
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ImageError, match="not a digest"):
        check_digest(text)


@given(st.text())
def test_no_text_does_more_than_be_refused(text):
    with pytest.raises(ImageError) as caught:
        check_digest(text)
    assert caught.value.message.isprintable()
