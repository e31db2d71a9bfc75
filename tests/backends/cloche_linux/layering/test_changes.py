"""What a container changed can be told, and packed as a layer that makes the same tree again."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tarballs import directory, entry, packed, source, symlink, tree, unpacked

from cloche.errors import InvalidSpec, NotFound
from cloche.layers import Change, ChangeKind, Layer
from cloche_linux.layering.changes import archive, changes
from cloche_linux.layering.parts import Part
from cloche_linux.overlay import OverlayStore

from .conftest import mounted

BASE = packed(
    directory("d"),
    directory("d/deep"),
    entry("d/deep/f", b"1"),
    entry("d/g", b"2"),
    entry("f", b"3", uid=7),
    symlink("l", "f"),
    directory("e"),
    entry("e/h", b"4"),
)
ABOVE = packed(entry(".wh.e"), directory("new"), entry("new/f", b"5"))


class Overlay:
    """A mounted overlay of two layers."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.layers = [place / "above", place / "base"]
        for top, data in zip(self.layers, (ABOVE, BASE), strict=True):
            unpacked(top, data)
        self.upper, self.work = place / "upper", place / "work"
        self.upper.mkdir()
        self.work.mkdir()
        self.part = Part(top=str(self.upper), layers=tuple(map(str, self.layers)))

    def run(self, change: Callable[[Path], None]) -> None:
        self.look(change)

    def look(self, use: Callable[[Path], None]) -> None:
        lower = ":".join(map(str, self.layers))
        options = f"lowerdir={lower},upperdir={self.upper},workdir={self.work}"
        with mounted(self.place / "root", "-t", "overlay", "-o", options, "overlay") as root:
            use(root)
        os.rmdir(self.place / "root")

    def changes(self) -> dict[str, str]:
        return {change.path: change.kind.value for change in changes([self.part])}


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    return Overlay(tmp_path)


def test_who_changes_nothing_has_no_changes(overlay: Overlay) -> None:
    overlay.run(lambda root: None)
    assert overlay.changes() == {}
    assert b"".join(archive([overlay.part])) == bytes(1024)


def test_what_was_added_modified_and_deleted_is_told(overlay: Overlay) -> None:
    def change(root: Path) -> None:
        (root / "d/g").write_text("changed")
        (root / "f").unlink()
        (root / "e").mkdir()
        (root / "e/again").write_text("")
        (root / "x/y").mkdir(parents=True)
        (root / "x/y/z").symlink_to("nowhere")
        (root / "l").unlink()
        (root / "l").write_text("no link")
        (root / "new").chmod(0o700)

    overlay.run(change)
    assert overlay.changes() == {
        "/d": "modified",
        "/d/g": "modified",
        "/e": "added",
        "/e/again": "added",
        "/f": "deleted",
        "/l": "modified",
        "/new": "modified",
        "/x": "added",
        "/x/y": "added",
        "/x/y/z": "added",
    }


def test_a_directory_that_was_replaced_is_opaque(overlay: Overlay) -> None:
    def change(root: Path) -> None:
        shutil.rmtree(root / "d")
        (root / "d").mkdir()
        (root / "d/g").write_text("another")

    overlay.run(change)
    assert overlay.changes() == {
        "/d": "modified",
        "/d/deep": "deleted",
        "/d/g": "modified",
    }
    with tarfile.open(fileobj=_file(b"".join(archive([overlay.part])))) as tar:
        assert tar.getnames() == ["d", "d/.wh..wh..opq", "d/g"]


def _file(data: bytes):
    import io

    return io.BytesIO(data)


def test_an_archive_has_everything_of_a_file(overlay: Overlay) -> None:
    def change(root: Path) -> None:
        long = root / ("n" * 200)
        long.write_bytes(b"x" * 1000)
        os.link(long, root / "linked")
        os.symlink("t" * 150, root / "link")
        os.mkfifo(root / "fifo")
        os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (root / "set").write_text("x")
        os.chown(root / "set", 3_000_000, 4_000_000_000)
        os.setxattr(root / "set", "user.a", b"\0\xff\n")
        (root / "set").chmod(0o6755)
        os.utime(root / "set", ns=(0, -1_250_000_000))
        os.utime(long, ns=(0, 2**33 * 10**9 + 5))
        os.mkdir(os.fsencode(root) + b"/\xff\xfe")

    overlay.run(change)
    layer = overlay.place / "layer"
    data = [*archive([overlay.part])]
    unpacked(layer, data)
    assert tree(layer) == tree(overlay.upper)
    assert (layer / ("n" * 200)).samefile(layer / "linked")
    assert os.stat(layer / "set").st_mtime_ns == -1_250_000_000
    assert data == [*archive([overlay.part])], "the same changes are the same bytes"


def test_a_socket_is_left_out(overlay: Overlay) -> None:
    os.mknod(overlay.upper / "socket", stat.S_IFSOCK | 0o600)
    assert overlay.changes() == {"/socket": "added"}
    assert b"".join(archive([overlay.part])) == bytes(1024)


def test_a_large_file_takes_no_memory(overlay: Overlay) -> None:
    with open(overlay.upper / "large", "wb") as file:
        file.truncate(50 << 20)
    assert max(map(len, archive([overlay.part]))) <= 1 << 18


def test_nothing_is_read_through_what_a_container_links(overlay: Overlay, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("secret")
    (overlay.upper / "way").symlink_to(tmp_path / "secret")
    assert overlay.changes() == {"/way": "added"}
    assert b"secret/file" not in b"".join(archive([overlay.part]))


NAMES = st.sampled_from(["d", "d/deep", "d/deep/f", "d/g", "f", "l", "e", "new", "x", "x/y", "d/z"])
ACTS = st.tuples(
    st.sampled_from(["write", "remove", "mkdir", "link", "chmod", "hard"]), NAMES, NAMES
)


def is_folder(described: tuple[object, ...]) -> bool:
    return str(described[0]).startswith("0o4")


def shown(found: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    """What is meant to be seen: root's overlays show the mark that is for those of others."""
    for each in found.values():
        for value in each:
            if isinstance(value, dict):
                value.pop("user.overlay.opaque", None)
    return found


def act(root: Path, verb: str, name: str, other: str) -> None:
    path = root / name
    match verb:
        case "write":
            path.write_text(name)
        case "remove" if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        case "remove":
            path.unlink()
        case "mkdir":
            path.mkdir(mode=0o711)
        case "link":
            path.symlink_to("nowhere")
        case "chmod":
            os.chmod(path, 0o600 if path.is_file() else 0o750)
        case "hard":
            os.link(root / other, path, follow_symlinks=False)


@given(st.lists(ACTS, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
def test_a_layer_of_the_changes_makes_the_same_root(acts: list[tuple[str, str, str]]) -> None:
    """Whatever was done: unpacked above the layers, the archive shows what the container saw."""
    with TemporaryDirectory() as name:
        overlay = Overlay(Path(name))
        seen: list[dict[str, tuple[object, ...]]] = []

        def change(root: Path) -> None:
            for verb, path, other in acts:
                try:
                    act(root, verb, path, other)
                except OSError:
                    continue  # not every act is possible
            seen.append(tree(root))

        overlay.run(change)
        before, overlay.layers = overlay.layers, [Path(name, "layer"), *overlay.layers]
        unpacked(overlay.layers[0], archive([overlay.part]))
        told = overlay.changes()
        overlay.upper, overlay.work = Path(name, "upper2"), Path(name, "work2")
        overlay.upper.mkdir()
        overlay.work.mkdir()
        overlay.look(lambda root: seen.append(tree(root)))
        assert seen[0] == shown(seen[1])
        overlay.layers = before
        overlay.upper, overlay.work = Path(name, "upper3"), Path(name, "work3")
        overlay.upper.mkdir()
        overlay.work.mkdir()
        overlay.look(lambda root: seen.append(tree(root)))
        now, then = ({f"/{path}" for path in seen[place]} for place in (0, 2))
        assert {path for path, kind in told.items() if kind == "added"} == now - then
        assert {path for path, kind in told.items() if kind == "modified"} <= now & then
        deleted = {path for path, kind in told.items() if kind == "deleted"}
        assert deleted <= then - now
        folders = {"/", *(f"/{path}" for path, each in seen[0].items() if is_folder(each))}
        assert {path for path in then - now if os.path.dirname(path) in folders} == deleted


def test_a_store_tells_the_changes_of_its_containers(tmp_path: Path) -> None:
    store = OverlayStore(str(tmp_path / "home"))
    layer = store.unpack(source(BASE), [BASE])
    assert isinstance(layer, Layer)
    root = store.prepare("c", [layer], "overlay", volatile=False, size=None)
    assert [*store.changes("c")] == []
    Path(str(root.info["upper"]), "f").write_text("changed")
    assert [*store.changes("c")] == [Change(ChangeKind.MODIFIED, "/f")]
    assert b"changed" in b"".join(store.archive("c"))
    store.release("c")
    for verb in (store.changes, store.archive):
        with pytest.raises(NotFound):
            verb("c")
        with pytest.raises(InvalidSpec):
            verb("../c")
    store.close()
