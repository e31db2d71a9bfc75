"""From a tar file to backup streams and back: nothing that a layer says is lost."""

from __future__ import annotations

import base64
import io
import struct
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import ImageError, NotSupported
from cloche_hcs.layers import attributes
from cloche_hcs.layers.backupstream import StreamAttributes, StreamHeader, StreamId, StreamReader
from cloche_hcs.layers.fileinfo import BasicInfo, info_of
from cloche_hcs.layers.packing import Packer
from cloche_hcs.layers.reparse import ReparsePoint
from cloche_hcs.layers.tarstream import entries, reader, writer
from cloche_hcs.layers.unpacking import alternate_stream, file_streams

DESCRIPTOR = struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + bytes.fromhex(
    "01020000000000052000000020020000"
)
INFO = BasicInfo(132_000_000_000_000_001, 132_000_000_000_000_002, 133_000_000_012_345_678, 5, 0x20)
DIRECTORY = INFO._replace(attributes=0x10)
LINK = INFO._replace(attributes=0x420)

TIMES = st.integers(0, 2**63 - 1)
CONTENTS = st.one_of(
    st.binary(max_size=3000),
    st.tuples(st.integers(0, 150_000), st.binary(max_size=9)).map(lambda t: bytes(t[0]) + t[1]),
)
EXTENDED = st.dictionaries(st.from_regex(r"\A[A-Z.]{1,20}\Z"), st.binary(max_size=50), max_size=3)


def stream(id: int, data: bytes, flags: int = 0, name: str = "") -> bytes:
    return StreamHeader(id, len(data), flags, name).pack() + data


def pack(info: BasicInfo, data: bytes, size: int = 0, name: str = "Files/x") -> bytes:
    """Make a tar file of one file's backup streams."""
    out = io.BytesIO()
    with writer(out) as tar:
        Packer(tar, name, info, size, StreamReader(io.BytesIO(data).read)).pack()
    return out.getvalue()


def unpack(data: bytes) -> tuple[BasicInfo, bytes]:
    """Make backup streams of a tar file with one file and its alternate streams."""
    info, found = None, b""
    with reader(io.BytesIO(data)) as tar:
        for entry in entries(tar):
            file = tar.extractfile(entry) if entry.isreg() else None
            read = file.read if file else io.BytesIO().read
            if ":" in entry.name:
                stream_name = f":{entry.name.partition(':')[2]}:$DATA"
                found += b"".join(alternate_stream(stream_name, entry, read))
            else:
                info = info_of(entry)
                found += b"".join(file_streams(entry, info, read))
    assert info is not None
    return info, found


@given(st.builds(BasicInfo, TIMES, TIMES, TIMES, TIMES, st.just(0x20)), CONTENTS, EXTENDED)
def test_a_file_survives(info: BasicInfo, content: bytes, extended: dict[str, bytes]) -> None:
    data = stream(StreamId.SECURITY_DATA, DESCRIPTOR, StreamAttributes.CONTAINS_SECURITY)
    if extended:
        data += stream(StreamId.EA_DATA, attributes.pack(extended))
    data += stream(StreamId.DATA, content)
    data += stream(StreamId.ALTERNATE_DATA, content[:50], name=":one:$DATA")
    data += stream(StreamId.ALTERNATE_DATA, b"", name=":other:$DATA")
    assert unpack(pack(info, data, len(content))) == (info, data)


@given(st.text("ab\\:.", min_size=1, max_size=20), st.booleans())
def test_a_link_survives(target: str, mount_point: bool) -> None:
    data = stream(StreamId.REPARSE_DATA, ReparsePoint(target, mount_point).pack())
    assert unpack(pack(LINK, data)) == (LINK, data)


def test_a_directory_survives() -> None:
    data = stream(StreamId.SECURITY_DATA, DESCRIPTOR, 2)
    assert unpack(pack(DIRECTORY, data)) == (DIRECTORY, data)


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=1, max_size=70_000)), max_size=4))
def test_what_is_sparse_has_its_content_and_stays_sparse(blocks: list[tuple[int, bytes]]) -> None:
    content, data = b"", StreamHeader(StreamId.DATA, 0, StreamAttributes.SPARSE).pack()
    for gap, block in blocks:
        content += bytes(gap << 16)
        data += StreamHeader(StreamId.SPARSE_BLOCK, len(block), offset=len(content)).pack() + block
        content += block
    content += bytes(1 << 16)
    data += StreamHeader(StreamId.SPARSE_BLOCK, 0, offset=len(content)).pack()
    sparse = INFO._replace(attributes=0x220)
    packed = pack(sparse, data, len(content))
    assert contents(packed) == content
    info, again = unpack(packed)
    assert info == sparse
    assert contents(pack(sparse, again, len(content))) == content
    stored = sum(h.size for h in StreamReader(io.BytesIO(again).read) if h.id == 9)
    assert stored <= sum(len(block) + (2 << 16) for _, block in blocks)


def contents(packed: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        file = tar.extractfile("Files/x")
        assert file is not None
        return file.read()


def test_it_is_written_in_the_words_of_the_format() -> None:
    data = stream(StreamId.SECURITY_DATA, DESCRIPTOR, 2)
    data += stream(StreamId.EA_DATA, attributes.pack({"K": b"v"}))
    data += stream(StreamId.REPARSE_DATA, ReparsePoint("C:\\x", mount_point=True).pack())
    with tarfile.open(fileobj=io.BytesIO(pack(LINK, data))) as tar:
        entry = tar.getmembers()[0]
    assert (entry.name, entry.type, entry.linkname) == ("Files/x", tarfile.SYMTYPE, "C:\\x")
    assert entry.pax_headers == {
        "mtime": "1655526401.2345678",
        "atime": "1555526400.0000002",
        "ctime": "-11644473599.9999995",
        "LIBARCHIVE.creationtime": "1555526400.0000001",
        "MSWINDOWS.fileattr": str(0x420),
        "MSWINDOWS.rawsd": base64.b64encode(DESCRIPTOR).decode(),
        "MSWINDOWS.xattr.K": "dg==",
        "MSWINDOWS.mountpoint": "1",
    }


def entry_of(kind: bytes = tarfile.REGTYPE, **headers: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo("Files/x")
    entry.type, entry.mtime = kind, 1_000_000_000
    entry.pax_headers = {key.replace("__", "."): value for key, value in headers.items()}
    return entry


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(tarfile.REGTYPE, 0x80), (tarfile.DIRTYPE, 0x10), (tarfile.SYMTYPE, 0x400)],
)
def test_what_is_not_said_follows(kind: bytes, expected: int) -> None:
    time = 116_444_736_000_000_000 + 10**16
    assert info_of(entry_of(kind)) == BasicInfo(time, time, time, time, expected)


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [(tarfile.REGTYPE, "16"), (tarfile.DIRTYPE, "32"), (tarfile.SYMTYPE, "32"),
     (tarfile.REGTYPE, "1024"), (tarfile.REGTYPE, "-1"), (tarfile.REGTYPE, "4294967296"),
     (tarfile.REGTYPE, "x")],
)  # fmt: skip
def test_attributes_that_contradict_are_refused(kind: bytes, attributes: str) -> None:
    with pytest.raises(ImageError):
        info_of(entry_of(kind, MSWINDOWS__fileattr=attributes))


@pytest.mark.parametrize(
    "headers",
    [
        {"MSWINDOWS__rawsd": "!"},
        {"MSWINDOWS__rawsd": "AAAA"},
        {"MSWINDOWS__xattr__a/b": "AAAA"},
        {"MSWINDOWS__xattr__A": "AAA"},
    ],
)
def test_damaged_descriptions_are_refused(headers: dict[str, str]) -> None:
    entry = entry_of(**headers)
    with pytest.raises(ImageError):
        list(file_streams(entry, info_of(entry), io.BytesIO().read))


def test_content_that_ends_early_is_found_out() -> None:
    entry = entry_of()
    entry.size = 10
    with pytest.raises(ImageError, match="ends early"):
        list(file_streams(entry, info_of(entry), io.BytesIO(b"short").read))


@pytest.mark.parametrize(
    "data",
    [
        stream(4711, b""),
        stream(StreamId.DATA, b"x") + stream(StreamId.SECURITY_DATA, DESCRIPTOR),
        StreamHeader(StreamId.DATA, 0, 8).pack()
        + StreamHeader(StreamId.SPARSE_BLOCK, 5, offset=8).pack()
        + b"12345",
        stream(StreamId.ALTERNATE_DATA, b"", name=":x"),
    ],
    ids=["unknown", "late", "beyond", "name"],
)
def test_streams_that_make_no_sense_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        pack(INFO, data, 12)


def test_a_directory_with_content_is_refused() -> None:
    with pytest.raises(ImageError, match="with content"):
        pack(DIRECTORY, stream(StreamId.DATA, b"x"))


def test_a_sparse_alternate_stream_is_not_supported() -> None:
    with pytest.raises(NotSupported):
        pack(INFO, stream(StreamId.ALTERNATE_DATA, b"", 8, ":x:$DATA"))


def test_what_says_nothing_is_left_out() -> None:
    data = stream(StreamId.OBJECT_ID, bytes(64)) + stream(StreamId.DATA, b"x")
    late = stream(StreamId.EA_DATA, attributes.pack({"K": b"v"}))
    assert unpack(pack(INFO, data + late, 1))[1] == stream(StreamId.DATA, b"x")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE])
def test_files_that_windows_does_not_have_are_refused(kind: bytes) -> None:
    out = io.BytesIO()
    with writer(out) as tar:
        tar.addfile(entry_of(kind))
    with pytest.raises(ImageError), reader(io.BytesIO(out.getvalue())) as tar:
        list(entries(tar))


def test_a_description_of_any_size_is_not_taken_into_memory() -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    with pytest.raises(ImageError, match="describes an entry"):
        reader(io.BytesIO(header.tobuf(tarfile.GNU_FORMAT) + bytes(2000)))


@pytest.mark.parametrize("data", [b"", b"not a tar file", bytes(511)])
def test_what_is_no_tar_file_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        reader(io.BytesIO(data))
