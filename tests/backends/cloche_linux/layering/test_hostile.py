"""Archives that mean harm, or are damaged, are refused by the name of the entry."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tarballs import (
    Entry,
    directory,
    entry,
    hardlink,
    header,
    packed,
    record,
    symlink,
    unpacked,
    with_records,
)

from cloche.errors import ImageError
from cloche_linux.layering.untar import Rules


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that no archive may touch."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "file").write_text("kept")
    return place


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "layer"


def said(name: str, make: Callable[..., Entry] = entry) -> str:
    """A name as errors have it; tarfile ends those of directories with a slash."""
    return repr(f"{name}/" if make is directory else name)


def refused(top: Path, archive: bytes, rules: Rules | None = None) -> str:
    with pytest.raises(ImageError) as error:
        unpacked(top, archive, rules)
    assert error.value.hint
    return str(error.value)


@pytest.mark.parametrize(
    "name", ["../outside/x", "a/../../outside/x", "..", "a/..", "/../outside/x", "./../x", "a/b/.."]
)
@pytest.mark.parametrize("make", [entry, directory])
def test_a_way_back_is_refused(
    top: Path, outside: Path, name: str, make: Callable[..., Entry]
) -> None:
    assert refused(top, packed(make(name))) == (
        f'layer entry {said(name, make)}: it leads out of the layer by ".."'
    )
    assert os.listdir(outside) == ["file"]
    assert os.listdir(top) == []


def test_an_absolute_name_stays_in_the_layer(top: Path, outside: Path) -> None:
    unpacked(top, packed(entry(f"{outside}/x", b"1")))
    assert os.listdir(outside) == ["file"]
    assert (top / str(outside)[1:] / "x").read_bytes() == b"1"


@pytest.mark.parametrize(
    "last",
    [
        entry("way/x"),
        directory("way/x"),
        symlink("way/x", "y"),
        hardlink("way/x", "f"),
        entry("way/x", kind=tarfile.FIFOTYPE),
        entry("way/.wh.file"),
        entry("way/.wh..wh..opq"),
        entry("way/deep/er/x"),
    ],
)
@pytest.mark.parametrize("before", [[], [entry("sub/other")]])
def test_nothing_goes_through_a_symbolic_link(
    top: Path, outside: Path, last: Entry, before: list[Entry]
) -> None:
    for target in (str(outside), "../outside", "sub"):
        archive = packed(
            directory("sub"), entry("f"), symlink("way", target), *before, last, format="gnu"
        )
        assert "': it leads through a symbolic link" in refused(top, archive)
        assert os.listdir(outside) == ["file"]
        assert set(os.listdir(top / "sub")) <= {"other"}
        os.unlink(top / "way")


def test_a_directory_that_becomes_a_link_is_not_gone_through(top: Path, outside: Path) -> None:
    """Also where its descriptor was at hand from the entry before."""
    archive = packed(
        directory("a"), entry("a/b/f"), symlink("a", str(outside)), entry("a/x"), entry("a/b/x")
    )
    assert "through a symbolic link" in refused(top, archive)
    assert os.listdir(outside) == ["file"]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("../outside/file", "by"),
        ("way/file", "a hard link through what is no directory: way/file"),
        ("nothing", "a hard link to what is not in this layer: nothing"),
        ("d", "a hard link to a directory: d"),
        ("/etc/passwd", "a hard link to what is not in this layer: etc/passwd"),
        ("gone", "a hard link to what is not in this layer: gone"),
        (".", "a hard link to nothing that can have one"),
    ],
)
def test_hard_links_are_to_what_the_layer_has(
    top: Path, outside: Path, target: str, why: str
) -> None:
    archive = packed(
        directory("d"), symlink("way", str(outside)), entry(".wh.gone"), hardlink("x", target)
    )
    assert why in refused(top, archive)
    assert os.stat(outside / "file").st_nlink == 1


def test_a_link_in_a_files_place_is_not_written_through(top: Path, outside: Path) -> None:
    unpacked(top, packed(symlink("f", str(outside / "file")), entry("f", b"changed")))
    assert (outside / "file").read_text() == "kept"


def test_what_lies_beneath_a_file_is_refused(top: Path) -> None:
    assert "beneath what is no directory" in refused(top, packed(entry("f"), entry("f/x")))


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "a/.wh...", "a/.wh."])
def test_whiteouts_of_nothing_are_refused(top: Path, name: str) -> None:
    assert "a whiteout of nothing" in refused(top, packed(directory("a"), entry(name)))
    assert sorted(os.listdir(top)) == ["a"]


@pytest.mark.parametrize("name", ["a/.wh.b/c", ".wh.b/c"])
def test_nothing_lies_beneath_a_whiteouts_name(top: Path, name: str) -> None:
    assert "beneath a whiteout" in refused(top, packed(entry(name)))


def test_the_mark_of_a_whiteout_is_no_device(top: Path) -> None:
    archive = packed(entry("zero", kind=tarfile.CHRTYPE, devmajor=0, devminor=0))
    assert "the device 0:0" in refused(top, archive)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_devices_may_be_forbidden(top: Path, kind: bytes) -> None:
    archive = packed(entry("disk", kind=kind, devmajor=8, devminor=1))
    assert "a device node, which only root can make" in refused(top, archive, Rules(devices=False))
    assert os.listdir(top) == []


@pytest.mark.parametrize("key", ["path", "linkpath"])
def test_a_nul_in_a_name_is_refused(top: Path, key: str) -> None:
    archive = with_records(record(key, b"a\0b"), symlink("f", "x"))
    assert "NUL" in refused(top, archive)


@pytest.mark.parametrize(
    "records",
    [
        b"7 a=b\n",
        b"99 a=b\n",
        b"0 a=b\n",
        b"-6 a=b\n",
        b"99999999999999999999999 a=b\n",
        b"6 ab\n\n",
        b"6 a=b ",
        b"5 =b\n",
        b"6a=bc\n",
        b"a",
    ],
)
@pytest.mark.parametrize("kind", [b"x", b"g"])
def test_records_are_whole(top: Path, records: bytes, kind: bytes) -> None:
    assert "extended header is damaged" in refused(
        top, with_records(records, entry("f"), kind=kind)
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("size", b"-1"),
        ("size", b"99999999999999999999"),
        ("size", b"1.5"),
        ("size", b""),
        ("uid", b"4294967295"),
        ("uid", b"-1"),
        ("gid", b"0x1"),
        ("mtime", b"now"),
        ("mtime", b"1.2.3"),
        ("mtime", b"9223372036854775807"),
        ("SCHILY.xattr.", b"1"),
        ("SCHILY.xattr." + "n" * 256, b"1"),
        ("SCHILY.xattr.user.large", b"1" * 65537),
        ("GNU.sparse.map", b"0,1,2"),
        ("GNU.sparse.numbytes", b"5"),
        ("GNU.sparse.major", b"2"),
    ],
)
def test_values_are_ones_that_can_be(top: Path, key: str, value: bytes) -> None:
    refused(top, with_records(record(key, value), entry("f")))
    assert os.listdir(top) == []


def test_an_extended_header_has_a_size(top: Path) -> None:
    big = record("comment", b"x" * (1 << 20))
    assert "an extended header of 1048" in refused(top, with_records(big, entry("f")))
    long, _ = entry("././@LongLink", b"", kind=b"L", size=1 << 30)
    assert "an extended header of 1073741824" in refused(top, packed((long, b""), end=b""))


def test_an_entry_has_one_extended_header(top: Path) -> None:
    """Which of two would count is another thing for each reader."""
    twice = with_records(record("path", b"a"), entry("f"))
    extended = with_records(record("path", b"a"))[:-1024]
    long = entry("././@LongLink", b"b\0", kind=b"L")
    assert "two extended headers" in refused(top, extended + twice)
    assert "two names" in refused(top, extended + packed(long, entry("f")))
    assert "two names" in refused(top, packed(long, long, entry("f")))
    assert "without an entry" in refused(top, extended + bytes(1024))


FIELDS = {"mode": 100, "uid": 108, "gid": 116, "size": 124, "mtime": 136}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_no_number_is_refused(top: Path, field: str) -> None:
    refused(top, packed(header(entry("f")[0], {FIELDS[field]: b"0000x00\0"})))
    assert os.listdir(top) == []


@pytest.mark.parametrize("field", ["mode", "uid", "gid", "size"])
def test_a_negative_number_is_refused(top: Path, field: str) -> None:
    width = 12 if field == "size" else 8
    refused(top, packed(header(entry("f")[0], {FIELDS[field]: b"\xff" * width})))


@pytest.mark.parametrize("number", [b"\x80" + b"\xff" * 11, b"\x80\x00\x00\x00\x80" + b"\0" * 7])
def test_a_number_beyond_all_bounds_is_refused(top: Path, number: bytes) -> None:
    refused(top, packed(header(entry("f")[0], {FIELDS["size"]: number})))
    refused(top, packed(header(entry("f")[0], {FIELDS["mtime"]: number})))


def test_a_wrong_checksum_is_refused(top: Path) -> None:
    archive = bytearray(packed(entry("f", b"1")))
    archive[0] ^= 1
    assert refused(top, bytes(archive)) == "layer: the checksum of a header is wrong"


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE])
def test_what_can_have_no_data_has_none(top: Path, kind: bytes) -> None:
    assert "has no data" in refused(top, packed(entry("d", bytes(512), kind=kind, to="x")))


@pytest.mark.parametrize("kind", [b"V", b"M", b"N", b"Z", b"\xff"])
def test_an_unknown_kind_is_refused(top: Path, kind: bytes) -> None:
    assert "of an unknown kind" in refused(top, packed(header(entry("f")[0], {156: kind})))


def test_every_cut_is_noticed(top: Path) -> None:
    """But for one where an entry could begin: of that the digest tells."""
    long = "d/" * 60 + "f" * 99
    archive = packed(entry(long, b"1" * 700), entry("g", b"2"), end=b"")
    whole = 0
    for length in range(0, len(archive), 64):
        try:
            unpacked(top, archive[:length])
        except ImageError as error:
            assert "cut off" in str(error)  # noqa: PT017 - some of them are whole
        else:
            whole += 1
    assert whole == 2, "nothing at all, and the first entry"


def test_what_follows_a_blank_block_is_refused(top: Path) -> None:
    assert "follows" in refused(top, packed(entry("f"), bytes(512), entry("g")))


def test_a_name_is_not_longer_than_a_path_can_be(top: Path) -> None:
    for name in ("d/" * 2100 + "f", "f" * 256, "f" * 5000):
        refused(top, packed(entry(name)))
    assert os.listdir(top) == []


def test_limits_are_kept_before_anything_is_made(top: Path) -> None:
    large = entry("f", size=1 << 50)[0].tobuf(tarfile.GNU_FORMAT)
    assert "more bytes" in refused(top, large)
    many = packed(*(entry(f"f{number}") for number in range(11)))
    assert "more entries" in refused(top, many, Rules(most_entries=10))
    assert len(os.listdir(top)) == 10
    deep = packed(entry("d/" * 20 + "f"))
    assert "more entries" in refused(top, deep, Rules(most_entries=10))
    hole = with_records(
        record("GNU.sparse.realsize", b"5000") + record("GNU.sparse.map", b"0,0"), entry("hole")
    )
    assert "more bytes" in refused(top, hole, Rules(most_bytes=4999))


def test_a_hostile_name_is_told_on_one_line(top: Path) -> None:
    told = refused(top, packed(entry("../\n\x1b[2J"), format="gnu"))
    assert told.startswith(r"layer entry '../\n\x1b[2J':")
