"""File methods: contents by path, never outside the root."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading

import pytest

from cloche import BackendError, InvalidSpec, InvalidState, NotFound, Unavailable
from cloche.beneath import file_errors


@pytest.fixture
def box(engine):
    with engine.start(idle=True) as container:
        yield container


@pytest.fixture
def root(box, place):
    """The container's root as this machine sees it."""
    return place / "data/fake" / box.id


def test_text_and_bytes(box):
    box.write_text("/a.txt", "\u00e4\n")
    assert (box.read_text("/a.txt"), box.read_bytes("/a.txt")) == ("\u00e4\n", b"\xc3\xa4\n")
    box.write_bytes("/a.txt", b"\xff")
    assert (box.read_bytes("/a.txt"), box.read_text("/a.txt")) == (b"\xff", "\ufffd")


def test_missing_directories_are_made_for_writing(box, root):
    box.write_text("/deep/er/x", "1")
    assert (root / "deep/er/x").read_text() == "1"
    assert stat.S_IMODE((root / "deep/er").stat().st_mode) == 0o755


def test_writing_replaces_in_place(box, root):
    box.write_text("/x", "long content")
    inode = (root / "x").stat().st_ino
    box.write_text("/x", "short")
    assert ((root / "x").read_text(), (root / "x").stat().st_ino) == ("short", inode)


@pytest.mark.parametrize("path", ["relative", "", "./x", "/a\0b"])
def test_paths_are_absolute(box, path):
    with pytest.raises(InvalidSpec, match="not an absolute path"):
        box.read_bytes(path)


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/x"])
def test_what_is_not_there(box, path):
    with pytest.raises(NotFound, match=f"{path}: there is no such"):
        box.read_bytes(path)


def test_what_is_no_file(box, root):
    (root / "directory").mkdir()
    os.mkfifo(root / "fifo")
    os.mknod(root / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    for path, what in (
        ("/directory", "is a directory"),
        ("/fifo", "not a reg"),
        ("/device", "not a reg"),
    ):
        with pytest.raises(InvalidSpec, match=what):
            box.read_bytes(path)
        with pytest.raises(InvalidSpec, match=what):
            box.write_bytes(path, b"x")


def test_a_file_in_a_directorys_place(box, root):
    (root / "file").write_text("x")
    with pytest.raises(BackendError, match="/file/x: not a directory"):
        box.read_bytes("/file/x")


LINKS = {
    "absolute": ("/etc/passwd", "/link"),
    "up": ("../../../../etc/passwd", "/link"),
    "directory": ("/etc", "/link/passwd"),
    "directory up": ("../../etc", "/link/passwd"),
    "chain": ("/other", "/link"),
}


@pytest.mark.parametrize(("target", "path"), LINKS.values(), ids=LINKS)
def test_links_are_walked_within_the_root(box, root, target, path):
    """What they point at is the container's, though this machine has something there too."""
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("the container's")
    os.symlink("etc/passwd", root / "other")
    os.symlink(target, root / "link")
    assert box.read_text(path) == "the container's"
    box.write_text(path, "written")
    assert (root / "etc/passwd").read_text() == "written"


@pytest.mark.parametrize(("target", "path"), list(LINKS.values())[:4], ids=list(LINKS)[:4])
def test_links_to_what_only_this_machine_has(box, root, target, path):
    os.symlink(target, root / "link")
    with pytest.raises(NotFound):
        box.read_bytes(path)


def test_going_up_ends_at_the_root(box, root, place):
    (place / "data" / "secret").write_text("outside")
    (root / "x").write_text("inside")
    assert box.read_text("/../../../x") == "inside"
    with pytest.raises(NotFound):
        box.read_bytes("/../../secret")


def test_a_loop_of_links(box, root):
    os.symlink("b", root / "a")
    os.symlink("a", root / "b")
    with pytest.raises(BackendError, match=r"levels of symbolic links"):
        box.read_bytes("/a")


def test_a_root_that_changes_all_the_time(box, root, tmp_path):
    """A directory becomes a link out of the root and back, as fast as it goes: never an escape."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("outside")
    (root / "d").mkdir()
    (root / "d/file").write_text("inside")
    os.symlink(tmp_path / "outside", root / "l")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for one, other in (("d", "t"), ("l", "d"), ("d", "l"), ("t", "d")):
                os.rename(root / one, root / other)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(2000):
            try:
                seen.add(box.read_text("/d/file"))
            except (NotFound, BackendError) as error:
                seen.add(type(error))
    finally:
        stop.set()
        swapper.join()
    assert "inside" in seen
    assert "outside" not in seen


def test_files_of_what_has_stopped(engine):
    with engine.start(["true"], name="web") as container:
        container.wait()
        with pytest.raises(
            InvalidState, match=r"web is stopped .*: read needs a running container"
        ):
            container.read_bytes("/x")


@pytest.fixture
def tree(tmp_path):
    """A tree with a bit of everything that can be copied."""
    top = tmp_path / "tree"
    (top / "sub/empty").mkdir(parents=True)
    (top / "sub/file").write_text("content")
    (top / "sub/file").chmod(0o4754)
    (top / "sub/empty").chmod(0o711)
    os.symlink("/etc/passwd", top / "sub/absolute")
    os.symlink("nowhere", top / "dangling")
    return top


def is_copy(path) -> bool:
    """Of ``tree``, with links as links, and without rights over other users'."""
    return (
        (path / "sub/file").read_text() == "content"
        and stat.S_IMODE((path / "sub/file").stat().st_mode) == 0o754
        and stat.S_IMODE((path / "sub/empty").stat().st_mode) == 0o711
        and os.readlink(path / "sub/absolute") == "/etc/passwd"
        and os.readlink(path / "dangling") == "nowhere"
    )


def test_a_tree_goes_in_and_out(box, root, tree, tmp_path):
    box.copy_in(tree, "/new/place")
    assert is_copy(root / "new/place")
    box.copy_out("/new/place", tmp_path / "out")
    assert is_copy(tmp_path / "out")


def test_into_a_directory_it_goes_under_its_own_name(box, root, tree, tmp_path):
    (root / "d").mkdir()
    box.copy_in(tree, "/d")
    assert is_copy(root / "d/tree")
    (tmp_path / "o").mkdir()
    box.copy_out("/d/tree", tmp_path / "o")
    assert is_copy(tmp_path / "o/tree")


def test_what_is_in_a_directory_goes_without_its_name(box, root, tree, tmp_path):
    (root / "d").mkdir()
    box.copy_in(f"{tree}/.", "/d")
    assert is_copy(root / "d")
    (tmp_path / "o").mkdir()
    box.copy_out("/d/.", tmp_path / "o")
    assert is_copy(tmp_path / "o")


def test_a_target_that_ends_in_a_slash_is_a_directory(box, root, tmp_path):
    (tmp_path / "f").write_text("content")
    box.copy_in(tmp_path / "f", "/new/")
    assert (root / "new/f").read_text() == "content"
    with pytest.raises(BackendError, match="/out/: not a directory"):
        box.copy_out("/new/f", f"{tmp_path}/out/")
    assert not (tmp_path / "out").exists()


def test_times_are_copied(box, root, tree, tmp_path):
    for path in (tree / "sub/file", tree / "sub/empty", tree / "dangling", tree):
        os.utime(path, ns=(1, 1_234_567_890_123_456_789), follow_symlinks=False)
    box.copy_in(tree, "/t")
    box.copy_out("/t", tmp_path / "out")
    for path in ("sub/file", "sub/empty", "dangling", "."):
        for copy in (root / "t", tmp_path / "out"):
            assert (copy / path).lstat().st_mtime_ns == 1_234_567_890_123_456_789


def test_owners_are_kept_if_asked_for(box, root, tree, tmp_path):
    for path in (tree / "sub/file", tree / "sub", tree / "dangling"):
        os.chown(path, 1234, 4321, follow_symlinks=False)

    def owners(top):
        found = [(top / path).lstat() for path in ("sub/file", "sub", "dangling")]
        return {(each.st_uid, each.st_gid) for each in found}

    box.copy_in(tree, "/plain")
    box.copy_in(tree, "/kept", owners=True)
    assert (owners(root / "plain"), owners(root / "kept")) == ({(0, 0)}, {(1234, 4321)})
    box.copy_out("/kept", tmp_path / "plain")
    box.copy_out("/kept", tmp_path / "kept", owners=True)
    assert (owners(tmp_path / "plain"), owners(tmp_path / "kept")) == ({(0, 0)}, {(1234, 4321)})


def test_a_link_is_followed_if_asked_for_and_keeps_its_name(box, root, tmp_path):
    (tmp_path / "real").write_text("content")
    os.symlink("real", tmp_path / "link")
    (root / "d").mkdir()
    box.copy_in(tmp_path / "link", "/d", follow=True)
    assert not (root / "d/link").is_symlink()
    assert (root / "d/link").read_text() == "content"
    os.symlink("/d/link", root / "in")
    box.copy_out("/in", tmp_path / "out", follow=True)
    assert (tmp_path / "out").read_text() == "content"


def test_a_file_replaces_what_is_there(box, root, tmp_path):
    (tmp_path / "f").write_text("new")
    (root / "f").write_text("old")
    os.link(root / "f", root / "hard")
    box.copy_in(tmp_path / "f", "/f")
    assert ((root / "f").read_text(), (root / "hard").read_text()) == ("new", "old")


def test_a_tree_is_laid_over_another(box, root, tree):
    (root / "t/sub").mkdir(parents=True)
    (root / "t/sub/own").write_text("stays")
    box.copy_in(tree / "sub", "/t")
    assert (root / "t/sub/own").read_text() == "stays"
    assert (root / "t/sub/file").read_text() == "content"


def test_a_link_in_the_way_is_replaced_and_not_followed(box, root, tree, tmp_path):
    """A container has prepared its tree so that a copy would be written elsewhere."""
    (tmp_path / "victim").mkdir()
    (root / "t/tree").mkdir(parents=True)
    os.symlink(tmp_path / "victim", root / "t/tree/sub")
    box.copy_in(tree, "/t")
    assert is_copy(root / "t/tree")
    assert list((tmp_path / "victim").iterdir()) == []


def test_a_link_is_copied_and_not_followed(box, root, tmp_path):
    os.symlink("/etc/passwd", root / "link")
    box.copy_out("/link", tmp_path / "out")
    assert os.readlink(tmp_path / "out") == "/etc/passwd"


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_special_files_are_refused(box, root, tmp_path, kind):
    (root / "d").mkdir()
    special = root / "d" / kind
    if kind == "fifo":
        os.mkfifo(special)
    elif kind == "device":
        os.mknod(special, 0o600 | stat.S_IFBLK, os.makedev(7, 0))
    else:
        with socket.socket(socket.AF_UNIX) as unix:
            directory = os.open(root / "d", os.O_RDONLY)
            unix.bind(f"/proc/self/fd/{directory}/{kind}")
            os.close(directory)
    with pytest.raises(InvalidSpec, match="device, socket or FIFO"):
        box.copy_out("/d", tmp_path / "out")


def test_a_bottomless_tree_is_refused(box, root, tmp_path):
    directory = os.open(root, os.O_RDONLY)
    for _ in range(250):
        os.mkdir("d", dir_fd=directory)
        deeper = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = deeper
    os.close(directory)
    with pytest.raises(InvalidSpec, match="directories deep"):
        box.copy_out("/d", tmp_path / "out")


def test_copying_what_is_not_there(box, tmp_path):
    with pytest.raises(NotFound, match="/nowhere"):
        box.copy_out("/nowhere", tmp_path / "x")
    with pytest.raises(NotFound, match="missing"):
        box.copy_in(tmp_path / "missing", "/x")
    box.write_text("/x", "")
    with pytest.raises(NotFound):
        box.copy_out("/x", tmp_path / "no/such/directory")


@pytest.mark.parametrize(
    ("number", "error", "says"),
    [
        (errno.EROFS, Unavailable, "/x: read-only file system"),
        (errno.EACCES, Unavailable, "/x: permission denied"),
        (errno.ENOSPC, BackendError, "/x: no space left on device"),
    ],
)
def test_what_the_system_refuses_is_told_with_the_path(number, error, says):
    with pytest.raises(error, match=says), file_errors("/x"):
        raise OSError(number, os.strerror(number))


def test_no_descriptor_stays(box, root, tree, tmp_path):
    def count():
        return len(os.listdir("/proc/self/fd"))

    before = count()
    box.copy_in(tree, "/t")
    box.copy_out("/t", tmp_path / "out")
    os.mkfifo(root / "t/fifo")
    with pytest.raises(InvalidSpec):
        box.copy_out("/t", tmp_path / "out2")
    with pytest.raises(NotFound):
        box.read_bytes("/a/b/c")
    assert count() == before
