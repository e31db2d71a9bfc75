"""Trees are taken away by descriptor."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloche_linux.trees import remove_tree


def test_a_deep_tree_goes_whole(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "a/b/c").mkdir(parents=True)
    (top / "a/file").write_text("x")
    os.mkfifo(top / "a/b/fifo")
    (top / "locked").mkdir(mode=0o000)
    remove_tree(str(top))
    assert not top.exists()


def test_what_a_link_points_to_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(kept)
    remove_tree(str(top))
    assert (kept / "file").read_text() == "x"
    assert not top.exists()


def test_a_path_that_is_not_there_is_fine(tmp_path: Path) -> None:
    remove_tree(str(tmp_path / "nothing"))
    assert list(tmp_path.iterdir()) == []


def test_neither_depth_nor_the_length_of_paths_matters(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    directory = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d" * 50, dir_fd=directory)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=directory))
        inner = os.open("d" * 50, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    os.close(directory)
    remove_tree(str(top))
    assert not top.exists()


def test_a_normal_user_removes_what_was_made_unreadable(open_to_all: Path) -> None:
    home = open_to_all
    (home / "top/locked/inner").mkdir(parents=True)
    for path in (home, home / "top", home / "top/locked", home / "top/locked/inner"):
        os.chown(path, 4242, 4242)
    (home / "top/locked").chmod(0)
    pid = os.fork()
    if pid == 0:
        os.setgid(4242)
        os.setuid(4242)
        remove_tree(str(home / "top"))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert list(home.iterdir()) == []


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that other users reach; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def test_the_rest_goes_where_something_cannot(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "a/mounted").mkdir(parents=True)
    (top / "b/c").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", str(top / "a/mounted")], check=True)
    try:
        with pytest.raises(OSError, match="busy"):
            remove_tree(str(top))
        assert [str(p.relative_to(top)) for p in top.rglob("*")] == ["a", "a/mounted"]
    finally:
        subprocess.run(["umount", str(top / "a/mounted")], check=True)


def test_what_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not permitted"):
        remove_tree("/proc/1")
