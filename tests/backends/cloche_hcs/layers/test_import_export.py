"""Layers come in and go out as tar files, file by file through the driver."""

from __future__ import annotations

import io
import os
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from cloche.errors import (
    AlreadyExists,
    BackendError,
    CleanupFailed,
    ImageError,
    InvalidSpec,
    NotFound,
    TimedOut,
)
from cloche.layers import Layer
from cloche_hcs.layers.exporting import export_layer
from cloche_hcs.layers.importing import import_layer
from cloche_hcs.layers.store import FilterStore

BOOT = "UtilityVM/Files/EFI/Microsoft/Boot"
CALLS = [
    "NameToGuid", "ImportLayerBegin", "ImportLayerNext", "ImportLayerWrite", "ImportLayerEnd",
    "ProcessBaseImage", "ProcessUtilityImage",
]  # fmt: skip
SPARSE = {"MSWINDOWS.fileattr": "544"}
OFTEN = {"ImportLayerNext", "ImportLayerWrite"}


def simple(tars) -> bytes:
    return tars().directory("Files").file("Files/a.txt", b"hello").done()


def whole(tars) -> bytes:
    """A tar file with everything that the format has, but for hard links."""
    tar = tars().directory("Files").directory("Files/dir", **{"MSWINDOWS.fileattr": "18"})
    tar.file("Files/dir/a.txt", b"hello" * 30_000, **{"MSWINDOWS.xattr.KEY": "dmFsdWU="})
    tar.bare("Files/dir/a.txt:stream", b"more")
    tar.file("Files/sparse", bytes(200_000) + b"x" + bytes(70_000), **SPARSE)
    tar.file("Files/empty")
    tar.link("Files/link", r"C:\Windows")
    tar.link("Files/mount", r"D:\x", **{"MSWINDOWS.mountpoint": "1"})
    tar.directory("Hives").file("Hives/System_Delta", b"hive").bare("Files/.wh.gone")
    return tar.done()


def take_in(place: Path, data: bytes, id: str = "new", parents: tuple[str, ...] = ()) -> str:
    return import_layer(io.BytesIO(data), str(place), id, parents)


def put_out(place: Path, id: str = "new", parents: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    export_layer(str(place), id, parents, out)
    return out.getvalue()


@pytest.fixture
def place(service, tmp_path: Path) -> Path:
    (tmp_path / "layers" / "base" / "Files").mkdir(parents=True)
    return tmp_path / "layers"


@pytest.fixture
def base(place: Path) -> str:
    return str(place / "base")


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def calls(service) -> list[Any]:
    return [line for line in service.trace() if line["kind"] == "call"]


def asked(service) -> list[str]:
    return [call["fn"] for call in calls(service)]


def test_what_was_imported_is_exported(place: Path, base: str, tars, told) -> None:
    data = whole(tars)
    assert take_in(place, data, parents=(base,)) == str(place / "new")
    time = {"mtime": "1655526401.2345678"}
    assert told(put_out(place, parents=(base,))) == [
        (name, kind, target, time if ":" in name else headers, content)
        for name, kind, target, headers, content in told(data)
    ]


def test_the_files_are_there(place: Path, tars) -> None:
    take_in(place, simple(tars))
    assert (place / "new" / "Files" / "a.txt").read_bytes() == b"hello"


def test_a_base_layer_is_completed_by_windows(service, place: Path, tars) -> None:
    tar = tars().directory("Files").directory("UtilityVM").directory("UtilityVM/Files")
    take_in(place, tar.done())
    assert asked(service)[-2:] == ["ProcessBaseImage", "ProcessUtilityImage"]
    paths = [call["args"]["path"] for call in calls(service)[-2:]]
    assert paths == [str(place / "new"), str(place / "new" / "UtilityVM")]


def test_another_layer_is_not(service, place: Path, base: str, tars) -> None:
    take_in(place, simple(tars), parents=(base,))
    assert asked(service)[-1] == "ImportLayerEnd"
    assert calls(service)[1]["args"]["descriptors"][0]["Path"] == base


def test_directories_have_their_times_at_the_end(place: Path, tars) -> None:
    take_in(place, simple(tars))
    assert (place / "new" / "Files").stat().st_mtime_ns // 100 == 16555264012345678


def test_a_file_that_windows_changes_is_exported_as_it_was(place: Path, tars, told) -> None:
    tar = tars()
    for number in range(len(BOOT.split("/"))):
        tar.directory("/".join(BOOT.split("/")[: number + 1]))
    take_in(place, tar.file(f"{BOOT}/BCD", b"original").directory("Files").done())
    kept = place / "new" / "bcd.bak"
    assert kept.read_bytes() == b"original"
    kept.write_bytes(b"as the original says")
    found = {name: content for name, _, _, _, content in told(put_out(place))}
    assert found[f"{BOOT}/BCD"] == b"as the original says"


def test_hard_links_are_made(place: Path, tars) -> None:
    tar = tars().directory("Files").file("Files/a", b"x").same("Files/b", "Files/a")
    take_in(place, tar.done())
    first, second = (place / "new" / "Files" / name for name in "ab")
    assert os.path.samefile(first, second)


def test_hard_links_reach_into_the_layers_below(place: Path, base: str, tars) -> None:
    (place / "base" / "Files" / "old").write_text("old")
    tar = tars().directory("Files").same("Files/b", "Files/old")
    take_in(place, tar.done(), parents=(base,))
    assert os.path.samefile(place / "base/Files/old", place / "new/Files/b")


@pytest.mark.parametrize("target", ["Files/none", "Files", "../base/Files/x", "Files/link/x"])
def test_hard_links_to_nothing_are_refused(place: Path, tars, target: str) -> None:
    tar = tars().directory("Files").link("Files/link", "C:\\").same("Files/b", target)
    with pytest.raises(ImageError):
        take_in(place, tar.done())
    assert names(place) == ["base"]


if sys.platform != "win32":  # links need a privilege of their own there

    def test_hard_links_follow_nothing(place: Path, base: str, tars) -> None:
        (place / "base" / "Files" / "way").symlink_to(place.parent)
        (place.parent / "secret").write_text("secret")
        tar = tars().directory("Files").same("Files/b", "Files/way/secret")
        with pytest.raises(ImageError):
            take_in(place, tar.done(), parents=(base,))


@pytest.mark.parametrize(
    "name",
    ["/Files/x", "Files/../x", "../x", "Files/con", "Files/a:b:c", "etc/x", "Files/link/x",
     "Files/LINK/x", "Files/.wh..wh..opq", "Files/.wh...", "Files/b:stream", "Files/x\\y"],
)  # fmt: skip
def test_a_hostile_tar_file_is_refused_and_nothing_is_left(place: Path, tars, name: str) -> None:
    tar = tars().directory("Files").link("Files/link", "C:\\").file(name)
    with pytest.raises(ImageError):
        take_in(place, tar.done())
    assert names(place) == ["base"]


def test_a_tar_file_that_ends_early_leaves_nothing(service, place: Path, tars) -> None:
    """Between two entries, too, and in the middle of a block."""
    service.expect_left("misuses")  # there is no other end for half a file
    data = whole(tars)
    for length in (*range(100, len(data) - 10_240, 40_003), 1536, 2560, 3072):
        with pytest.raises(ImageError):
            take_in(place, data[:length])
        assert names(place) == ["base"]


@pytest.mark.parametrize("function", CALLS)
@pytest.mark.parametrize("nth", [1, 2])
def test_whatever_fails_nothing_is_left(
    service, place: Path, base: str, tars, function: str, nth: int
) -> None:
    tar = tars().directory("Files").directory("UtilityVM").file("Files/x", b"x").done()
    parents = (base,) if function == "NameToGuid" else ()
    service.expect_left("misuses")  # there is no other end for half a file
    service.steer(f"fault\t{function}\t{nth}\t0xc0370112")
    with pytest.raises(BackendError) if function in OFTEN or nth == 1 else nullcontext():
        take_in(place, tar, parents=parents)
    failed = [call["fn"] for call in calls(service) if call["hr"] == "0xc0370112"]
    assert failed == ([function] if names(place) == ["base"] else [])
    assert service.counts()["streams"] == 0


def test_what_cant_be_undone_is_cleared_up_by_the_next_import(service, place: Path, tars) -> None:
    service.steer("fault\tImportLayerWrite\t1\t0x8007001f", "fault\tDestroyLayer\t1\t0x8007001f")
    with pytest.raises(BackendError) as caught:
        take_in(place, simple(tars))
    assert caught.value.__notes__[0].startswith("and then, clearing up: DestroyLayer")
    assert names(place) == ["base", "new", "new.importing"]
    with pytest.raises(NotFound, match="still being imported"):
        put_out(place, parents=(str(place / "new"),))
    take_in(place, simple(tars))
    assert names(place) == ["base", "new"]


def test_a_folder_that_is_another_one_is_not_destroyed(service, place: Path, tars) -> None:
    (place / "new").mkdir()
    with pytest.raises(AlreadyExists):
        take_in(place, simple(tars))
    (place / "new.importing").write_text("[1, 2]")
    with pytest.raises(CleanupFailed, match="is not what an import"):
        take_in(place, simple(tars))
    assert asked(service) == []
    assert names(place) == ["base", "new", "new.importing"]


def test_a_layer_that_is_there_is_not_imported_again(service, place: Path, tars) -> None:
    take_in(place, simple(tars))
    before = asked(service)
    assert take_in(place, b"unread") == str(place / "new")
    assert asked(service) == before


def test_many_threads_import_a_layer_once(service, place: Path, tars) -> None:
    data = whole(tars)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: take_in(place, data), range(16)))
    assert found == {str(place / "new")}
    assert asked(service).count("ImportLayerBegin") == 1
    assert service.counts()["misuses"] == []


class Endless:
    """A tar file that never ends, and tells how much of it was read."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self.read_on = threading.Event()

    def read(self, size: int) -> bytes:
        data = self._data.read(size)
        if not data:
            self.read_on.wait(10)
        return data


def test_nobody_waits_for_ever(place: Path, tars) -> None:
    """What goes on alone notices, and clears up."""
    stream = Endless(simple(tars)[:1536])
    with pytest.raises(TimedOut):
        import_layer(stream, str(place), "new", timeout=0.3)
    stream.read_on.set()
    waiter = threading.Event()
    for _ in range(500):
        if names(place) == ["base"]:
            return
        waiter.wait(0.01)
    raise AssertionError(names(place))


def test_memory_does_not_grow_with_the_layer(place: Path, tars) -> None:
    tar = tars().directory("Files").file("Files/big", bytes(24 << 20))
    for number in range(500):
        tar.file(f"Files/{number}", b"x")
    data = tar.done()
    tracemalloc.start()
    try:
        take_in(place, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_a_sandboxs_changes_are_exported(place: Path, told, tmp_path: Path) -> None:
    store = FilterStore(str(tmp_path / "store"))
    layer = Layer(kind="windows", path=place / "base")
    store.prepare("c1", (layer,), "filter:mounted", volatile=False, size=None)
    (place / "c1" / "Files").mkdir()
    (place / "c1" / "Files" / "new.txt").write_text("new")
    found = {name: content for name, _, _, _, content in told(put_out(place, "c1"))}
    assert found == {"Files": b"", "Files/new.txt": b"new"}
    (place / "c1" / "Files" / "new.txt").unlink()
    (place / "c1" / "Files").rmdir()
    store.release("c1")


@pytest.mark.parametrize("function", ["Begin", "Next", "Read", "End"])
def test_a_failing_export_keeps_no_handle(service, place: Path, tars, function: str) -> None:
    take_in(place, simple(tars))
    service.steer(f"fault\tExportLayer{function}\t1\t0x8007001f")
    with pytest.raises(BackendError):
        put_out(place)
    assert service.counts()["streams"] == 0


@pytest.mark.parametrize("id", ["..", "a/b", "con", ""])
def test_ids_are_no_paths(service, place: Path, id: str) -> None:
    for action in (lambda: take_in(place, b"", id), lambda: put_out(place, id)):
        with pytest.raises(InvalidSpec):
            action()
    assert asked(service) == []


def test_places_that_do_not_exist_are_named(service, place: Path) -> None:
    with pytest.raises(NotFound, match="home"):
        take_in(place / "none", b"")
    with pytest.raises(NotFound, match=r"parents\[0\]"):
        take_in(place, b"", parents=(str(place / "none"),))
    with pytest.raises(NotFound, match="no layer none"):
        put_out(place, "none")
    with pytest.raises(InvalidSpec, match="home"):
        import_layer(io.BytesIO(), "relative", "x")
    assert asked(service) == []
