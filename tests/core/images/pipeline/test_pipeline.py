"""Decompression, hashing and unpacking go on side by side, and all of it ends together."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche import ImageError
from cloche.images.pipeline import ahead, layer_pieces, verified


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def workers() -> int:
    return sum(thread.name == "cloche-layer" for thread in threading.enumerate())


@given(st.lists(st.binary(max_size=9)), st.sampled_from(["sha256", "sha512"]))
def test_verified_pieces_pass_unchanged(pieces, algorithm):
    whole = b"".join(pieces)
    assert list(verified(pieces, digest_of(whole, algorithm))) == pieces


@given(st.lists(st.binary(min_size=1, max_size=9)), st.binary(min_size=1, max_size=9))
def test_other_content_is_told_at_the_end(pieces, other):
    passed = []
    with pytest.raises(ImageError, match="is not what its image says"):
        passed.extend(verified([*pieces, other], digest_of(b"".join(pieces))))


def test_a_layer_comes_whole_through_all_threads():
    content = bytes(range(256)) * 20_000
    packed = gzip.compress(content)
    pieces = layer_pieces(io.BytesIO(packed), len(packed), digest_of(content))
    assert b"".join(pieces) == content
    assert workers() == 0


def test_what_a_thread_raises_arrives_in_its_place():
    def items():
        yield 1
        raise ImageError("no more")

    made = ahead(items())
    assert next(made) == 1
    with pytest.raises(ImageError, match="no more"):
        next(made)
    assert workers() == 0


def test_who_stops_early_leaves_no_thread():
    ended = threading.Event()

    def items():
        try:
            while True:
                yield b"x"
        finally:
            ended.set()

    made = ahead(items())
    next(made)
    made.close()
    assert ended.is_set()
    assert workers() == 0


def test_no_more_is_made_ahead_than_there_is_room_for():
    made = 0

    def items():
        nonlocal made
        while True:
            made += 1
            yield made

    results = ahead(items(), 3)
    assert next(results) == 1
    time.sleep(0.05)
    assert made <= 6
    results.close()


def test_a_layer_that_nobody_began_to_read_starts_nothing():
    layer_pieces(io.BytesIO(b""), 0, digest_of(b"")).close()
    assert workers() == 0
