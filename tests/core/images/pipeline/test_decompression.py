"""Layers are decompressed by what they are, and no further than the limits allow."""

from __future__ import annotations

import gzip
import io

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cloche import ImageError
from cloche.images import Limits
from cloche.images.decompression import LIMITS, decompress

#: Small pieces of any bytes, and runs of one: what compresses well and what does not.
CONTENT = st.lists(
    st.one_of(st.binary(max_size=200), st.integers(1, 300_000).map(lambda n: b"\0" * n)), max_size=4
).map(b"".join)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def skippable(data: bytes) -> bytes:
    return b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd(data)


COMPRESSORS = {
    "plain": lambda data: b"ustar" + data,
    "gzip": lambda data: gzip.compress(b"ustar" + data, 1),
    "zstd": lambda data: zstd(b"ustar" + data),
    "zstd behind a skippable frame": lambda data: skippable(b"ustar" + data),
}


def decompressed(data: bytes, limits: Limits = LIMITS) -> bytes:
    return b"".join(decompress(io.BytesIO(data), len(data), limits))


@pytest.mark.parametrize("form", COMPRESSORS)
@given(content=CONTENT)
def test_every_form_gives_back_what_went_in(form, content):
    assert decompressed(COMPRESSORS[form](content)) == b"ustar" + content


@given(parts=st.lists(CONTENT, min_size=1, max_size=3), padding=st.integers(0, 700_000))
def test_gzip_members_are_read_one_after_the_other(parts, padding):
    """As pigz and estargz write them; zeros behind the last are padding."""
    packed = b"".join(gzip.compress(part, 1) for part in parts) + b"\0" * padding
    assert decompressed(packed) == b"".join(parts)


@given(content=CONTENT, at=st.floats(0, 1, exclude_max=True))
def test_a_gzip_stream_that_is_cut_is_an_error(content, at):
    packed = gzip.compress(content, 1)
    cut = packed[: max(4, int(len(packed) * at))]
    with pytest.raises(ImageError):
        decompressed(cut)


@pytest.mark.parametrize("at", [-1, -5, 12])
def test_a_damaged_gzip_stream_is_an_error(at):
    packed = bytearray(gzip.compress(b"content" * 1000))
    packed[at] ^= 0x55
    with pytest.raises(ImageError, match="gzip stream is damaged"):
        decompressed(bytes(packed))


def test_a_damaged_zstd_stream_is_an_error():
    with pytest.raises(ImageError, match="zstd stream is damaged"):
        decompressed(zstd(b"content") + b"more than that")


def test_a_zstd_window_of_gigabytes_is_refused():
    """What a frame asks for is memory that the reader has to have."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = compressor.compress(b"a") + compressor.flush()
    with pytest.raises(ImageError, match="zstd stream is damaged"):
        decompressed(packed)


@pytest.mark.parametrize("form", COMPRESSORS)
def test_what_becomes_too_big_is_refused(form):
    packed = COMPRESSORS[form](b"\0" * 1_000_000)
    with pytest.raises(ImageError, match="becomes more than 1000") as caught:
        decompressed(packed, Limits(size=1000))
    assert "made to fill disks" in str(caught.value.hint)


def test_what_grows_too_much_is_refused_beyond_what_is_free():
    packed = gzip.compress(b"\0" * 1_000_000)
    assert len(decompressed(packed, Limits(ratio=2, free=1_000_000))) == 1_000_000
    with pytest.raises(ImageError, match="becomes more than"):
        decompressed(packed, Limits(ratio=2, free=999_999))
