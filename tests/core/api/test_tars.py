"""Files of a container as tar archives: out and in again, and what hostile ones get."""

from __future__ import annotations

import io
import os
import socket
import stat
import tarfile

import pytest

from cloche import BackendError, InvalidSpec, NotFound


@pytest.fixture
def box(engine):
    with engine.start(idle=True) as container:
        yield container


@pytest.fixture
def root(box, place):
    """The container's root as this machine sees it."""
    return place / "data/fake" / box.id


@pytest.fixture
def tree(root):
    top = root / "tree"
    (top / "sub/empty").mkdir(parents=True)
    (top / "sub/file").write_bytes(b"content" * 100_000)
    (top / "sub/file").chmod(0o754)
    os.link(top / "sub/file", top / "twin")
    os.symlink("/etc/passwd", top / "link")
    for path in (top / "sub/file", top / "sub/empty", top / "link", top / "sub", top):
        os.chown(path, 12, 34, follow_symlinks=False)
        os.utime(path, ns=(1, 1_500_000_000_250_000_000), follow_symlinks=False)
    return top


class OneWay(io.RawIOBase):
    """A pipe: what was read is gone, and it gives a little at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 700) if size >= 0 else 700)


def packed(box, path, **more) -> bytes:
    file = io.BytesIO()
    box.pack(path, file, **more)
    return file.getvalue()


def archive(*entries: tarfile.TarInfo, mode: str = "w", content: bytes = b"") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:
        for entry in entries:
            entry.size = len(content) if entry.isreg() else 0
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    for key, value in more.items():
        setattr(made, key, value)
    return made


def test_a_tree_goes_out_and_in_again(box, root, tree):
    (root / "new").mkdir()
    box.unpack(OneWay(packed(box, "/tree")), "/new", owners=True)
    copy = root / "new/tree"
    assert (copy / "sub/file").read_bytes() == b"content" * 100_000
    assert (copy / "twin").samefile(copy / "sub/file")
    assert os.readlink(copy / "link") == "/etc/passwd"
    assert stat.S_IMODE((copy / "sub/file").stat().st_mode) == 0o754
    for path in (copy / "sub/file", copy / "sub/empty", copy / "link", copy / "sub", copy):
        found = path.lstat()
        assert (found.st_uid, found.st_gid, found.st_mtime) == (12, 34, 1_500_000_000.25)


def test_without_owners_everything_is_whose_who_unpacks_it(box, root, tree):
    (root / "new").mkdir()
    box.unpack(OneWay(packed(box, "/tree")), "/new")
    assert {path.lstat().st_uid for path in (root / "new").rglob("*")} == {os.geteuid()}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/tree/sub", ["sub", "sub/empty", "sub/file"]),
        ("/tree/sub/.", [".", "./empty", "./file"]),
        ("/tree/sub/file", ["file"]),
        ("/tree/link", ["link"]),
    ],
)
def test_entries_are_named_from_what_was_asked_for(box, tree, path, names):
    with tarfile.open(fileobj=io.BytesIO(packed(box, path))) as tar:
        assert tar.getnames() == names


def test_a_link_is_followed_if_asked_for(box, root, tree):
    os.symlink("sub", tree / "way")
    with tarfile.open(fileobj=io.BytesIO(packed(box, "/tree/way", follow=True))) as tar:
        assert tar.getnames() == ["way", "way/empty", "way/file"]


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_compressed_archives_are_unpacked(box, root, mode):
    box.unpack(OneWay(archive(entry("f"), mode=mode, content=b"in it")), "/")
    assert (root / "f").read_text() == "in it"


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([entry("../up")], r"\.\./up leads upwards"),
        ([entry("a/../../up")], "leads upwards"),
        ([entry("dev", tarfile.CHRTYPE)], "dev is a device or FIFO"),
        ([entry("disk", tarfile.BLKTYPE, devmajor=7)], "disk is a device or FIFO"),
        ([entry("fifo", tarfile.FIFOTYPE)], "fifo is a device or FIFO"),
        ([entry("hard", tarfile.LNKTYPE, linkname="../../etc/passwd")], "leads upwards"),
        ([entry("hard", tarfile.LNKTYPE, linkname="nothing")], "nothing is no file"),
    ],
)
def test_what_an_archive_may_not_hold_is_refused_by_name(box, root, place, entries, says):
    with pytest.raises(InvalidSpec, match=says):
        box.unpack(OneWay(archive(*entries)), "/")
    assert not (root / "dev").exists()
    assert not list(place.rglob("up"))


def test_links_of_an_archive_lead_nowhere_outside(box, root, tmp_path):
    """It makes a link, and then a file by way of it: the container's root is where it ends."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for target in (str(outside), "../" * 40 + str(outside)):
        way = [entry("way", tarfile.SYMTYPE, linkname=target), entry("way/file")]
        box.unpack(OneWay(archive(*way, content=b"x")), "/")
        assert list(outside.iterdir()) == []
        inside = root / str(outside).lstrip("/") / "file"
        assert inside.read_text() == "x"
        inside.unlink()


def test_an_absolute_name_is_one_of_the_target(box, root):
    (root / "d").mkdir()
    box.unpack(OneWay(archive(entry("/etc/x"), content=b"x")), "/d")
    assert (root / "d/etc/x").read_text() == "x"


def test_a_file_takes_the_place_of_a_link_and_does_not_follow_it(box, root):
    (root / "real").write_text("old")
    os.symlink("real", root / "f")
    box.unpack(OneWay(archive(entry("f"), content=b"new")), "/")
    assert ((root / "real").read_text(), (root / "f").read_text()) == ("old", "new")


def test_rights_over_others_are_not_unpacked(box, root):
    box.unpack(OneWay(archive(entry("evil", mode=0o6777), content=b"x")), "/")
    assert stat.S_IMODE((root / "evil").stat().st_mode) == 0o777


@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100, b"\x1f\x8b\x08 broken"])
def test_what_is_no_archive_is_told(box, data):
    with pytest.raises(InvalidSpec, match="this is no tar archive"):
        box.unpack(OneWay(data), "/")


def test_an_archive_that_ends_early_is_told(box):
    whole = archive(entry("f"), content=b"x" * 5000)
    with pytest.raises(InvalidSpec, match="this is no tar archive, or not all of it"):
        box.unpack(OneWay(whole[:3000]), "/")


def test_the_target_is_a_directory(box, root):
    (root / "f").write_text("x")
    with pytest.raises(NotFound, match="/nowhere"):
        box.unpack(OneWay(archive()), "/nowhere")
    with pytest.raises(BackendError, match="/f: not a directory"):
        box.unpack(OneWay(archive()), "/f")


def test_what_is_not_there_cannot_be_packed(box):
    with pytest.raises(NotFound, match="/nowhere"):
        packed(box, "/nowhere")


def test_special_files_are_not_packed(box, root):
    (root / "d").mkdir()
    os.mkfifo(root / "d/fifo")
    with pytest.raises(InvalidSpec, match="d/fifo is a device, socket or FIFO"):
        packed(box, "/d")


def test_a_whole_root_is_exported_with_its_devices(box, root, tree):
    os.mkfifo(root / "fifo")
    os.mknod(root / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as unix:
        directory = os.open(root, os.O_RDONLY)
        unix.bind(f"/proc/self/fd/{directory}/socket")
        os.close(directory)
    file = io.BytesIO()
    box.export(file)
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        found = {member.name: member for member in tar}
    assert {"tree", "tree/sub/file", "tree/twin", "tree/link", "fifo", "null"} <= found.keys()
    assert "socket" not in found
    assert (found["null"].devmajor, found["null"].devminor) == (1, 3)
    assert found["fifo"].isfifo()
    assert found["tree/twin"].islnk()


def test_an_export_that_fails_leaves_no_file(box, root, tmp_path):
    directory = os.open(root, os.O_RDONLY)
    for _ in range(250):
        os.mkdir("d", dir_fd=directory)
        deeper = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = deeper
    os.close(directory)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InvalidSpec, match="directories deep"):
        box.export(out / "root.tar")
    assert list(out.iterdir()) == []


def test_no_descriptor_stays(box, tree):
    def count():
        return len(os.listdir("/proc/self/fd"))

    before = count()
    box.unpack(OneWay(packed(box, "/tree")), "/")
    with pytest.raises(InvalidSpec):
        box.unpack(OneWay(archive(entry("x/y"), entry("../z"))), "/")
    assert count() == before
