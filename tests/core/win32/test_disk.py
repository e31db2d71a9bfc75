"""Files of ours stand in nobody's way; locks and names are there for all processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloche import _disk
from cloche._win32.files import empty_directory
from cloche._win32.patience import patiently
from cloche.errors import InvalidSpec
from cloche.records import check_new_name


def test_what_is_read_elsewhere_can_be_renamed_and_removed(tmp_path: Path):
    path, other = str(tmp_path / "a"), str(tmp_path / "b")
    held = [_disk.open_new(path), _disk.open_existing(path)]
    os.write(held[0], b"x")
    assert _disk.read(path) == b"x"
    _disk.replace(path, other)
    assert _disk.read(other) == b"x"
    _disk.unlink(other)
    for fd in held:
        os.close(fd)
    assert not os.path.lexists(other)


def test_a_new_file_is_new(tmp_path: Path):
    path = str(tmp_path / "a")
    os.close(_disk.open_new(path))
    with pytest.raises(FileExistsError):
        _disk.open_new(path)


def test_read_only_files_are_removed(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"")
    path.chmod(0o400)
    _disk.unlink(str(path))
    assert not path.exists()


def test_who_holds_a_file_for_a_moment_is_waited_for():
    calls = []

    def remove() -> str:
        calls.append(time.monotonic())
        if len(calls) < 4:
            raise OSError(13, "in use", "x", 32)
        return "done"

    assert patiently(remove) == "done"
    assert len(calls) == 4


def test_other_errors_are_no_matter_of_patience():
    calls = []

    def remove() -> None:
        calls.append(1)
        raise OSError(2, "gone", "x", 2)

    with pytest.raises(FileNotFoundError):
        patiently(remove)
    assert calls == [1]


def test_a_lock_ends_with_its_process(tmp_path: Path):
    path = str(tmp_path / "lock")
    os.close(_disk.open_new(path))
    script = f"""if True:
        import sys
        from cloche import _disk
        fd = _disk.open_existing({path!r})
        print(_disk.try_lock(fd), flush=True)
        sys.stdin.read()
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"True"
    fd = _disk.open_existing(path)
    assert not _disk.try_lock(fd)
    assert _disk.read(path) == b""  # who only reads is not kept out
    holder.kill()
    holder.wait(30)
    assert _disk.try_lock(fd)
    os.close(fd)
    for stream in (holder.stdin, holder.stdout):
        stream.close()


def test_directories_are_locked_one_by_one(tmp_path: Path):
    for name in "ab":
        (tmp_path / "all" / name).mkdir(parents=True)
    first = _disk.lock_directory(str(tmp_path / "all" / "a"), wait=False)
    assert first is not None
    assert _disk.lock_directory(str(tmp_path / "all" / "A"), wait=False) is None
    other = _disk.lock_directory(str(tmp_path / "all" / "b"), wait=False)
    assert other is not None
    threading.Timer(0.2, os.close, [first]).start()
    again = _disk.lock_directory(str(tmp_path / "all" / "a"), wait=True)
    assert again is not None
    _disk.remove_directory(str(tmp_path / "all" / "a"), again, last=".journal")
    os.close(again)
    os.close(other)
    with pytest.raises(FileNotFoundError):
        _disk.lock_directory(str(tmp_path / "all" / "a"), wait=False)


def test_a_name_is_given_once(tmp_path: Path):
    (tmp_path / "names").mkdir()
    path = str(tmp_path / "names" / "web")

    def give(number: int) -> bool:
        try:
            _disk.point(str(number), path)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(give, range(20)))
    assert sum(given) == 1
    assert _disk.pointed(path) == str(given.index(True))
    assert os.listdir(tmp_path) == ["names"]


def test_a_directory_goes_although_its_last_file_is_open(tmp_path: Path):
    path = tmp_path / "run" / "containers" / "c"
    path.mkdir(parents=True)
    held = _disk.open_new(str(path / "x.journal"))
    lock = _disk.lock_directory(str(path), wait=False)
    assert lock is not None
    _disk.remove_directory(str(path), lock, last=".journal")
    assert not path.exists()
    os.close(held)
    os.close(lock)


@pytest.mark.parametrize("path", ["", ".", "..", "x"])
def test_nothing_is_emptied_that_depends_on_where_we_stand(path, tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "kept").write_bytes(b"")
    monkeypatch.chdir(tmp_path / "x")
    with pytest.raises(ValueError, match="not a whole path"):
        empty_directory(path)
    assert (tmp_path / "x" / "kept").exists()


def test_paths_may_be_long(tmp_path: Path):
    from cloche.locations import locate, private_directory

    places = locate(str(tmp_path / ("d" * 120) / ("e" * 120)))
    private_directory(places.run)
    path = os.path.join(places.run, "f" * 120)
    os.close(_disk.open_new(path))
    assert _disk.read(path) == b""
    assert len(path) > 300
    _disk.unlink(path)


@pytest.mark.parametrize("name", ["con", "NUL.txt", "com1", "web."])
def test_names_are_files_so_those_of_devices_are_refused(name):
    with pytest.raises(InvalidSpec, match="no name for a file of Windows"):
        check_new_name(name)
    assert check_new_name("console") == "console"
