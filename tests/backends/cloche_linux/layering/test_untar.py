"""What archives say is what is there, in whatever words they say it."""

from __future__ import annotations

import base64
import os
import stat
import tarfile
from pathlib import Path

import pytest
from tarballs import (
    FORMATS,
    MOMENT,
    directory,
    entry,
    hardlink,
    in_pieces,
    packed,
    record,
    symlink,
    tree,
    unpacked,
    with_records,
)

from cloche.errors import ImageError
from cloche_linux.layering.untar import Rules


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "layer"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 1 << 20])
def test_every_kind_of_entry_in_pieces_of_any_size(top: Path, format: str, size: int) -> None:
    archive = packed(
        directory("etc", mode=0o1750, uid=3, gid=4),
        entry("etc/hosts", b"x" * 1500, mode=0o4755, uid=1, gid=2),
        entry("etc/empty"),
        symlink("etc/link", "../nowhere"),
        hardlink("etc/same", "etc/hosts"),
        entry("etc/fifo", kind=tarfile.FIFOTYPE),
        entry("etc/null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        entry("etc/disk", kind=tarfile.BLKTYPE, devmajor=7, devminor=300),
        format=format,
    )
    assert unpacked(top, in_pieces(archive, size)) == ()
    found = {name: (each[0], each[1], each[2]) for name, each in tree(top).items()}
    assert found == {
        "etc": ("0o41750", 3, 4),
        "etc/hosts": ("0o104755", 1, 2),
        "etc/same": ("0o104755", 1, 2),
        "etc/empty": ("0o100644", 0, 0),
        "etc/link": ("0o120777", 0, 0),
        "etc/fifo": ("0o10644", 0, 0),
        "etc/null": ("0o20666", 0, 0),
        "etc/disk": ("0o60644", 0, 0),
    }
    assert (top / "etc/hosts").read_bytes() == b"x" * 1500
    assert (top / "etc/hosts").samefile(top / "etc/same")
    assert os.readlink(top / "etc/link") == "../nowhere"
    assert os.lstat(top / "etc/disk").st_rdev == os.makedev(7, 300)
    assert {os.lstat(path).st_mtime for path in top.rglob("*")} == {MOMENT}


@pytest.mark.parametrize("format", ["gnu", "pax"])
def test_names_may_be_long(top: Path, format: str) -> None:
    name, target = "d/" * 60 + "f" * 200, "../" * 100 + "t" * 200
    unpacked(top, packed(entry(name, b"1"), symlink("link", target), format=format))
    assert (top / name).read_bytes() == b"1"
    assert os.readlink(top / "link") == target


def test_names_may_be_bytes_of_any_kind(top: Path) -> None:
    name = os.fsdecode(bytes(range(1, 47)) + bytes(range(48, 100)))
    unpacked(top, packed(entry(name, b"1"), format="gnu"))
    assert os.listdir(top) == [name]


@pytest.mark.parametrize("format", ["gnu", "pax"])
def test_numbers_may_be_large(top: Path, format: str) -> None:
    unpacked(top, packed(entry("f", uid=4_000_000_000, gid=3_000_000, mtime=2**33), format=format))
    status = os.stat(top / "f")
    assert (status.st_uid, status.st_gid, status.st_mtime) == (4_000_000_000, 3_000_000, 2**33)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        (b"12.5", 12_500_000_000),
        (b"12.000000001", 12_000_000_001),
        (b"12.0000000019", 12_000_000_001),
        (b"-1.25", -1_250_000_000),
        (b"-3", -3_000_000_000),
    ],
)
def test_times_have_nanoseconds(top: Path, text: bytes, nanoseconds: int) -> None:
    unpacked(top, with_records(record("mtime", text), entry("f")))
    assert os.stat(top / "f").st_mtime_ns == nanoseconds


def test_gnus_times_may_lie_before_1970(top: Path) -> None:
    unpacked(top, packed(entry("f", mtime=-5), format="gnu"))
    assert os.stat(top / "f").st_mtime == -5


def test_a_later_entry_leaves_a_directorys_time(top: Path) -> None:
    """Also one that replaces, links, hides, or makes directories on its way."""
    archive = packed(
        directory("a"),
        directory("b"),
        entry("a/1"),
        entry("b/1"),
        hardlink("a/2", "b/1"),
        entry("a/.wh.3"),
        entry("a/deep/er/4"),
        symlink("a/1", "x"),
        directory("a/deep", mode=0o700),
    )
    assert unpacked(top, archive) == (b"a/deep/er",)
    times = {name: os.lstat(top / name).st_mtime for name in ("a", "b", "a/deep", "a/deep/er")}
    assert times == {"a": MOMENT, "b": MOMENT, "a/deep": MOMENT, "a/deep/er": 0}


def test_the_layer_itself_may_be_an_entry(top: Path) -> None:
    unpacked(top, packed(entry("first"), directory("./", mode=0o711, uid=5), entry("f")))
    status = os.stat(top)
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_mtime) == (0o711, 5, MOMENT)


def test_directories_that_nobody_names_are_told(top: Path) -> None:
    archive = packed(entry("a/b/c/f"), entry("x/y/f"), directory("x/y"), directory("a", uid=7))
    assert unpacked(top, archive) == (b"a/b", b"a/b/c", b"x")
    assert os.stat(top / "a").st_uid == 7


def test_extended_attributes_are_set(top: Path) -> None:
    """On links and devices, too; capabilities are not lost by what is set after them."""
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    attribute = record("SCHILY.xattr.trusted.a", b"\0=\n\xff")
    archive = with_records(
        record("SCHILY.xattr.security.capability", capability) + attribute,
        entry("ping", b"x", uid=5, mode=0o755),
    )[:-1024]
    for each in (symlink("link", "ping"), entry("node", kind=tarfile.CHRTYPE, devmajor=1)):
        archive += with_records(attribute, each)[:-1024]
    unpacked(top, archive + bytes(1024))
    assert os.getxattr(top / "ping", "security.capability") == capability
    for name in ("ping", "link", "node"):
        found = os.getxattr(top / name, "trusted.a", follow_symlinks=False)
        assert found == b"\0=\n\xff"


def test_libarchives_attributes_are_set(top: Path) -> None:
    value = base64.b64encode(b"\0\x01\xfe").rstrip(b"=")
    unpacked(top, with_records(record("LIBARCHIVE.xattr.user.a%20%3d", value), entry("f")))
    assert os.getxattr(top / "f", "user.a =") == b"\0\x01\xfe"


@pytest.mark.parametrize(
    "name", ["trusted.overlay.redirect", "user.overlay.opaque", "user.fuseoverlayfs.origin"]
)
def test_overlays_own_attributes_are_left_out(top: Path, name: str) -> None:
    """They are in archives by mistake, or to redirect a directory; the entry is as good as any."""
    records = record(f"SCHILY.xattr.{name}", b"y") + record("SCHILY.xattr.user.kept", b"1")
    unpacked(top, with_records(records, directory("d")))
    assert os.listxattr(top / "d") == ["user.kept"]


def test_attributes_that_a_file_system_has_not_are_left_out(top: Path) -> None:
    unpacked(top, with_records(record("SCHILY.xattr.no.such", b"1"), entry("f", b"1")))
    assert os.listxattr(top / "f") == []


def test_global_headers_count_for_nothing(top: Path) -> None:
    """As in containerd, docker and umoci: a layer is one tree, whoever unpacks it."""
    unpacked(top, with_records(record("path", b"other"), entry("f"), kind=b"g"))
    assert os.listdir(top) == ["f"]


def test_owners_may_be_left_to_who_unpacks(top: Path) -> None:
    unpacked(top, packed(entry("f", uid=5, gid=6)), Rules(owners=False))
    assert (os.stat(top / "f").st_uid, os.stat(top / "f").st_gid) == (0, 0)


def test_an_old_archives_directory_has_a_slash(top: Path) -> None:
    unpacked(top, packed(entry("d/", kind=tarfile.AREGTYPE, mode=0o755), entry("d/f", b"1")))
    assert (top / "d/f").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["/etc/f", "//etc//f", "./etc/./f", "/./etc/f"])
def test_names_are_taken_from_the_layers_top(top: Path, name: str) -> None:
    unpacked(top, packed(directory("etc"), entry(name, b"1"), hardlink("/same", f"/{name}")))
    assert (top / "etc/f").samefile(top / "same")


def test_what_comes_later_counts(top: Path) -> None:
    archive = packed(
        entry("a", b"1"),
        entry("a", b"22"),
        directory("b", mode=0o700),
        directory("b", mode=0o711),
        symlink("c", "a"),
        entry("c", b"3"),
        entry("d", b"4"),
        symlink("d", "/etc/passwd"),
        directory("e"),
        entry("e/deep/inside", b"5"),
        entry("e", b"6"),
        symlink("f", "a"),
        directory("f"),
        entry("f/in", b"7"),
        entry("g", b"8"),
        hardlink("g", "g"),
    )
    unpacked(top, archive)
    assert (top / "a").read_bytes() == b"22"
    assert stat.S_IMODE(os.stat(top / "b").st_mode) == 0o711
    assert (top / "c").read_bytes() == b"3"
    assert os.readlink(top / "d") == "/etc/passwd"
    assert (top / "e").read_bytes() == b"6"
    assert (top / "f/in").read_bytes() == b"7"
    assert (top / "g").read_bytes() == b"8"


def test_a_hard_link_may_be_to_a_symbolic_one(top: Path) -> None:
    unpacked(top, packed(symlink("a", "nowhere"), hardlink("b", "a")))
    assert os.readlink(top / "b") == "nowhere"


@pytest.mark.parametrize("end", [b"", bytes(512), bytes(1024), bytes(10240), bytes(1024) + b"more"])
def test_an_archive_ends_where_an_entry_could_begin(top: Path, end: bytes) -> None:
    unpacked(top, packed(entry("f", b"1"), end=end))
    assert (top / "f").read_bytes() == b"1"


def test_an_empty_archive_is_an_empty_layer(top: Path) -> None:
    unpacked(top, [])
    assert os.listdir(top) == []


def test_what_chunks_raise_is_raised(top: Path) -> None:
    """A wrong digest, for instance, told at the end of all."""

    def chunks():
        yield packed(entry("f"))
        raise ImageError("another digest")

    with pytest.raises(ImageError, match="another digest"):
        unpacked(top, chunks())
