"""Files of a group that goes away meanwhile are as if they had not been there."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from cloche_linux.cgroups import files, freezer, kill
from cloche_linux.cgroups.node import Node


@pytest.fixture
def node(groups, directories) -> Node:
    """A group that can be frozen, of either version."""
    directory = next(path for path in directories(groups()) if _freezer(path).exists())
    version = 1 if _freezer(directory).name == "freezer.state" else 2
    return Node(version=version, controllers=frozenset({"freezer"}), path=directory, inode=None)


def _freezer(directory: str) -> Path:
    old = Path(directory, "freezer.state")
    return old if old.exists() else Path(directory, "cgroup.freeze")


@pytest.fixture
def goes_once_opened(node, monkeypatch) -> None:
    """The group ends between the opening of a file and what is done with it."""
    real = os.open

    def opened(path, flags, *rest):
        descriptor = real(path, flags, *rest)
        with suppress(FileNotFoundError):
            os.rmdir(node.path)
        return descriptor

    monkeypatch.setattr(files.os, "open", opened)


@pytest.mark.usefixtures("goes_once_opened")
def test_what_is_written_to_a_group_that_has_gone_says_that_it_is_not_there(node):
    with pytest.raises(FileNotFoundError) as caught:
        files.write(str(_freezer(node.path)), "0")
    assert caught.value.filename is None or caught.value.filename.startswith(node.path)


@pytest.mark.usefixtures("goes_once_opened")
def test_a_group_that_goes_meanwhile_is_thawed(node):
    freezer.thaw(node)
    assert not freezer.frozen(node)


@pytest.mark.usefixtures("goes_once_opened")
def test_a_group_that_goes_meanwhile_has_nobody_to_be_killed(node):
    kill.kill_all([node])


def test_what_comes_and_goes_is_not_there_and_nothing_else(node):
    """The kernel has a word of its own for what is going just now, when a file is opened."""
    path, ended = f"{node.path}/nested", threading.Event()

    def come_and_go() -> None:
        for _ in range(300):
            os.mkdir(path)
            os.rmdir(path)
        ended.set()

    churn = threading.Thread(target=come_and_go)
    churn.start()
    while not ended.is_set():
        with suppress(FileNotFoundError):
            files.write(str(_freezer(path)), "THAWED" if node.version == 1 else "0")
    churn.join()


#: Files that take a limit of a device, and how each is written to.
LIMITS = {"blkio/blkio.throttle.read_bps_device": "4000:4000 1", "*/io.max": "4000:4000 rbps=1"}


def test_a_device_that_nobody_knows_is_told():
    """The same word of the kernel's, of a group that is there."""
    top = Path("/sys/fs/cgroup")
    file, limit = next((file, LIMITS[each]) for each in LIMITS for file in top.glob(each))
    with pytest.raises(OSError, match="No such device") as caught:
        files.write(str(file), limit)
    assert caught.value.errno == errno.ENODEV
