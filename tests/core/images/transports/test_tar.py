"""Archives are read as the standard library reads them, within limits that it has not."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layouts.archives import pack

from cloche.errors import ImageError
from cloche.images.transports.stream import Stream
from cloche.images.transports.tar import Tar

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
KINDS = {
    tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "link",
    tarfile.CHRTYPE: "other", tarfile.BLKTYPE: "other", tarfile.FIFOTYPE: "other",
}  # fmt: skip
#: Names that every format can say; those of any length come below.
NAMES = st.text("ab/.é\N{SNOWMAN}", min_size=1, max_size=40).map(lambda name: f"x{name}y")


def ours(data: bytes, piece: int = 1 << 16) -> list[tuple]:
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    tar = Tar(Stream(pieces))
    return [(e.name, e.kind, tar.read() if e.kind == "file" else b"", e.target) for e in tar]


def theirs(data: bytes) -> list[tuple]:
    found = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member).read() if member.isreg() else b""
            name = member.name + "/" if member.isdir() else member.name
            found.append((name, KINDS[member.type], content, member.linkname))
    return found


@st.composite
def members(draw) -> list[tuple[tarfile.TarInfo, bytes]]:
    found = []
    for name in draw(st.lists(NAMES, max_size=5, unique=True)):
        info = tarfile.TarInfo(name)
        info.type = draw(st.sampled_from(list(KINDS)))
        info.linkname = draw(NAMES) if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
        content = draw(st.binary(max_size=1500)) if info.isreg() else b""
        info.size = len(content)
        info.mtime = draw(st.integers(0, 2**33 - 1))
        found.append((info, content))
    return found


def packed(members: list[tuple[tarfile.TarInfo, bytes]], dialect: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=dialect) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@settings(deadline=None, max_examples=150)
@given(
    members=members(),
    dialect=st.sampled_from(FORMATS),
    piece=st.sampled_from([1, 100, 511, 512, 4096]),
)
def test_every_archive_is_read_as_the_standard_library_reads_it(members, dialect, piece):
    data = packed(members, dialect)
    assert ours(data, piece) == theirs(data)


@settings(deadline=None, max_examples=100)
@given(length=st.integers(1, 3000), dialect=st.sampled_from(FORMATS[1:]))
@example(length=100, dialect=tarfile.GNU_FORMAT)
@example(length=101, dialect=tarfile.GNU_FORMAT)
@example(length=256, dialect=tarfile.PAX_FORMAT)
def test_names_and_targets_of_any_length(length, dialect):
    info = tarfile.TarInfo("é" * length)
    info.type, info.linkname = tarfile.SYMTYPE, "b" * length
    data = packed([(info, b"")], dialect)
    assert ours(data) == theirs(data) == [("é" * length, "symlink", b"", "b" * length)]


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damage_is_an_error_or_harmless(data):
    """Whatever single byte is another: never anything but entries or ImageError."""
    whole = bytearray(pack({"a": b"x" * 600, "b" * 200: b"y"}))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    with suppress(ImageError):
        assert len(ours(bytes(whole))) <= 2


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=2000))
def test_what_is_no_archive_is_said_to_be_none(data):
    with pytest.raises(ImageError):
        ours(data + b"x" * 512)


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 600, 1024, 1535, 1536, 2000])
def test_an_archive_that_is_cut_short_is_none(cut):
    whole = pack({"a": b"x" * 600})
    with pytest.raises(ImageError, match=r"ends too early, in or after (its first entry|a)$"):
        ours(whole[:cut])


def test_an_extended_header_may_not_fill_the_memory():
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
        info = tarfile.TarInfo("a")
        info.type, info.size = kind, 2**34
        with pytest.raises(ImageError, match="names and attributes are longer"):
            ours(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize(
    "record", [b"5 a=b", b"99 a=b\n", b"a=b\n", b"0 a=b\n", b"-6 a=b\n", b"6 abc\n", b"4 =\n4 =\n"]
)
def test_a_damaged_extended_header_is_an_error(record):
    info = tarfile.TarInfo("a")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    data = info.tobuf() + record.ljust(512, b"\0") + tarfile.TarInfo("b").tobuf() + bytes(1024)
    with pytest.raises(ImageError, match="extended header is damaged"):
        ours(data)


def test_a_size_in_an_extended_header_counts():
    info = tarfile.TarInfo("a")
    info.pax_headers = {"size": "3"}
    data = info.tobuf(tarfile.PAX_FORMAT) + b"abc".ljust(512, b"\0") + bytes(1024)
    assert ours(data) == [("a", "file", b"abc", "")]
    info.pax_headers = {"size": "-3"}
    with pytest.raises(ImageError, match="size is no number"):
        ours(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))


def test_sizes_beyond_octal_digits():
    """Nothing is read that is not there."""
    info = tarfile.TarInfo("a")
    info.size = 2**40
    with pytest.raises(ImageError, match="ends too early"):
        ours(info.tobuf(tarfile.GNU_FORMAT))
