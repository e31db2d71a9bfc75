"""Trees are taken away by descriptor."""

from __future__ import annotations

import os
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


def test_paths_longer_than_the_kernel_takes_are_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    directory = os.open(top, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 200, dir_fd=directory)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    os.close(directory)
    remove_tree(str(top))
    assert not top.exists()


def test_what_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not permitted"):
        remove_tree("/proc/self")
