"""Backup streams are read and written as Windows publishes them."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import ImageError
from cloche_hcs.layers.backupstream import METADATA_LIMIT, StreamHeader, StreamId, StreamReader

NAMES = st.text(st.characters(exclude_categories=()), max_size=40)
STREAMS = st.lists(
    st.tuples(
        st.sampled_from([StreamId.DATA, StreamId.SECURITY_DATA, StreamId.SPARSE_BLOCK, 4711]),
        st.binary(max_size=200_000),
        st.integers(0, 2**32 - 1),
        NAMES,
        st.integers(0, 2**63 - 1),
    ),
    max_size=5,
)

#: A content of three bytes and an alternate stream, written out from the documentation.
KNOWN = bytes.fromhex(
    "01000000 00000000 0300000000000000 00000000 616263"
    "04000000 00000000 0100000000000000 10000000 3a0078003a002400440041005400 4100"
    "7a"
)


def reader(data: bytes) -> StreamReader:
    return StreamReader(io.BytesIO(data).read)


def test_a_known_file_is_read() -> None:
    streams = reader(KNOWN)
    found = [(header, streams.read_all()) for header in streams]
    assert found == [
        (StreamHeader(StreamId.DATA, 3), b"abc"),
        (StreamHeader(StreamId.ALTERNATE_DATA, 1, name=":x:$DATA"), b"z"),
    ]


def test_headers_are_written_as_they_are_read() -> None:
    packed = [header.pack() for header in reader(KNOWN)]
    assert packed == [KNOWN[:20], KNOWN[23:-1]]


@given(STREAMS)
def test_what_is_written_is_read_again(
    streams: list[tuple[int, bytes, int, str, int]],
) -> None:
    headers = [
        StreamHeader(kind, len(data), flags, name, offset if kind == StreamId.SPARSE_BLOCK else 0)
        for kind, data, flags, name, offset in streams
    ]
    data = b"".join(h.pack() + stream[1] for h, stream in zip(headers, streams, strict=True))
    source = reader(data)
    assert [(header, source.read_all()) for header in source] == [
        (header, stream[1]) for header, stream in zip(headers, streams, strict=True)
    ]


@given(STREAMS)
def test_what_is_not_read_is_skipped(streams: list[tuple[int, bytes, int, str, int]]) -> None:
    data = b"".join(StreamHeader(i, len(d), f, n).pack() + d for i, d, f, n, _ in streams)
    assert [header.size for header in reader(data)] == [len(stream[1]) for stream in streams]


@given(st.integers(0, len(KNOWN)))
def test_an_early_end_is_found_out(length: int) -> None:
    whole = {0: 0, 23: 1, len(KNOWN): 2}
    if length in whole:
        assert len(list(reader(KNOWN[:length]))) == whole[length]
    else:
        with pytest.raises(ImageError):
            list(reader(KNOWN[:length]))


@given(st.binary(max_size=300))
def test_no_bytes_do_more_harm_than_an_error(data: bytes) -> None:
    source = reader(data)
    with suppress(ImageError):
        assert sum(len(source.read_all()) for _ in source) <= len(data)


def test_metadata_of_any_size_is_not_taken_into_memory() -> None:
    source = reader(StreamHeader(StreamId.SECURITY_DATA, METADATA_LIMIT + 1).pack())
    with pytest.raises(ImageError, match="too large"):
        [source.read_all() for _ in source]
