"""What is thrown away is out of sight at once, and soon gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cloche_linux.trash import Trash


def tree(path: Path) -> str:
    (path / "a/b").mkdir(parents=True)
    (path / "a/file").write_text("x")
    return str(path)


def test_it_is_gone_from_its_place_at_once_and_for_good_soon(tmp_path: Path) -> None:
    trash = Trash(str(tmp_path / "trash"))
    trash.throw(tree(tmp_path / "thing"))
    assert not (tmp_path / "thing").exists()
    assert trash.names() == []
    deadline = time.monotonic() + 5
    while os.listdir(tmp_path / "trash"):
        assert time.monotonic() < deadline


def test_what_is_not_there_is_fine(tmp_path: Path) -> None:
    trash = Trash(str(tmp_path / "trash"))
    trash.throw(str(tmp_path / "nothing"))
    assert trash.names() == []


def test_what_a_killed_process_left_is_listed_and_taken_away(tmp_path: Path) -> None:
    tree(tmp_path / "trash/left")
    trash = Trash(str(tmp_path / "trash"))
    assert trash.names() == ["left"]
    trash.throw(str(tmp_path / "left"))
    assert (trash.names(), os.listdir(tmp_path / "trash")) == ([], [])


@pytest.mark.parametrize("leave", ["pass", "import os; os.fork() or os._exit(0)"])
def test_a_process_ends_only_when_its_trash_is_gone(tmp_path: Path, leave: str) -> None:
    script = (
        "import sys; from cloche_linux.trash import Trash\n"
        "trash = Trash(sys.argv[1])\n"
        "for path in sys.argv[2:]: trash.throw(path)\n"
        f"{leave}\n"
    )
    things = [tree(tmp_path / f"thing{number}") for number in range(20)]
    command = [sys.executable, "-c", script, str(tmp_path / "trash"), *things]
    subprocess.run(command, check=True, timeout=30)
    assert os.listdir(tmp_path / "trash") == []


def test_no_thread_stays_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    trash = Trash(str(tmp_path / "trash"))
    for number in range(2):
        trash.throw(tree(tmp_path / f"thing{number}"))
        trash.finish()
        deadline = time.monotonic() + 5
        while any(thread.name == "trash" for thread in threading.enumerate()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert os.listdir(tmp_path / "trash") == []
