"""Layers of images in the store's own home: a layer over its parents, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cloche.errors import (
    CleanupFailed,
    ImageError,
    InvalidState,
    NotFound,
    NotSupported,
    Unavailable,
)
from cloche.layer_folders import layers_from
from cloche.layers import Change, ChangeKind, Layer, LayerSource
from cloche_hcs.layers.kept import chain_of
from cloche_hcs.layers.store import FilterStore

BOOT = "UtilityVM/Files/EFI/Microsoft/Boot"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


BASE = LayerSource(digest=digest(1))
MIDDLE = LayerSource(digest=digest(2), parents=(digest(1),))
TOP = LayerSource(digest=digest(3), parents=(digest(2), digest(1)))


@pytest.fixture
def store(service: Any, tmp_path: Path) -> FilterStore:
    return FilterStore(str(tmp_path / "store"))


@pytest.fixture
def base(tars: Any) -> bytes:
    """A base layer as they are published: files, the registry, and a virtual machine's."""
    tar = tars().directory("Files").file("Files/a.txt", b"base").file("Files/gone", b"x")
    tar.directory("Hives").file("Hives/System", b"hive").directory("UtilityVM")
    directory = "UtilityVM"
    for part in ("Files", "EFI", "Microsoft", "Boot"):
        directory = f"{directory}/{part}"
        tar.directory(directory)
    return bytes(tar.file(f"{BOOT}/BCD", b"boot").done())


@pytest.fixture
def upper(tars: Any) -> bytes:
    tar = tars().directory("Files").file("Files/b.txt", b"upper").bare("Files/.wh.gone")
    return bytes(tar.directory("Hives").file("Hives/System_Delta", b"delta").done())


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    yield from (data[at : at + size] for at in range(0, len(data), size))


def names(store: FilterStore, tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "store" / "layers").iterdir())


def path_of(layer: Layer | None) -> Path:
    assert layer is not None
    assert layer.path is not None
    return layer.path


def test_the_chain_is_that_of_the_image_spec() -> None:
    first = f"{digest(1)} {digest(2)}".encode()
    second = f"sha256:{sha256(first).hexdigest()} {digest(3)}".encode()
    assert chain_of(BASE) == digest(1)[7:]
    assert chain_of(MIDDLE) == sha256(first).hexdigest()
    assert chain_of(TOP) == sha256(second).hexdigest()


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:../x", "sha256:" + "A" * 64, "md5:00"])
def test_what_is_no_digest_names_no_folder(store: FilterStore, text: str) -> None:
    with pytest.raises(ImageError, match="not the digest of a layer"):
        store.find(LayerSource(digest=text))


def test_a_layer_is_found_by_its_chain(
    service: Any, store: FilterStore, base: bytes, upper: bytes, tmp_path: Path
) -> None:
    assert store.find(BASE) is None
    first = store.unpack(BASE, pieces(base))
    second = store.unpack(MIDDLE, pieces(upper))
    assert (store.find(BASE), store.find(MIDDLE)) == (first, second)
    assert (second.kind, second.digest) == ("windows", digest(2))
    assert (path_of(second) / "Files" / "b.txt").read_bytes() == b"upper"
    assert store.find(LayerSource(digest=digest(2))) is None
    assert set(FilterStore(str(tmp_path / "store")).unpacked()) == {BASE, MIDDLE}


def test_the_folders_say_who_is_below_them(store: FilterStore, base: bytes, upper: bytes) -> None:
    """As Docker's and containerd's do: any of them is a root for ``--rootfs``."""
    folders = [path_of(store.unpack(BASE, pieces(base)))]
    folders.insert(0, path_of(store.unpack(MIDDLE, pieces(upper))))
    folders.insert(0, path_of(store.unpack(TOP, pieces(upper))))
    found = [layer.path for layer in layers_from(str(folders[0]), "rootfs")]
    assert found == folders
    assert json.loads((folders[2] / "layerchain.json").read_text()) == []


def test_a_base_layer_is_completed_and_the_others_are_not(
    service: Any, store: FilterStore, base: bytes, upper: bytes
) -> None:
    folder = path_of(store.unpack(BASE, pieces(base)))
    store.unpack(MIDDLE, pieces(upper))
    called = service.functions()
    assert called.count("ProcessBaseImage") == called.count("ProcessUtilityImage") == 1
    assert (folder / "bcd.bak").read_bytes() == b"boot"
    assert (folder / "Hives" / "System").read_bytes() == b"hive"


def test_a_container_is_made_over_them(
    service: Any, store: FilterStore, base: bytes, upper: bytes
) -> None:
    layers = [store.unpack(BASE, pieces(base))]
    layers.insert(0, store.unpack(MIDDLE, pieces(upper)))
    root = store.prepare("c1", layers, "filter:mounted", volatile=False, size=None)
    assert root.layers == tuple(str(layer.path) for layer in layers)
    with pytest.raises(InvalidState, match="is a layer of c1"):
        store.discard(BASE)
    store.release("c1")
    store.discard(MIDDLE)
    store.discard(BASE)
    assert service.counts().misuses == []


def test_a_layer_that_is_there_is_given_back_unread(store: FilterStore, base: bytes) -> None:
    first = store.unpack(BASE, pieces(base))

    def never() -> Iterator[bytes]:
        yield pytest.fail("it was read")

    assert store.unpack(BASE, never()) == first


def test_a_parent_that_is_not_here_is_named(store: FilterStore, upper: bytes) -> None:
    with pytest.raises(NotFound, match=digest(1)):
        store.unpack(MIDDLE, pieces(upper))
    assert store.find(MIDDLE) is None


def test_all_is_read_before_it_counts(store: FilterStore, base: bytes, tmp_path: Path) -> None:
    """Who looks at the digest raises at the very end, behind the end of the tar file."""

    def wrong() -> Iterator[bytes]:
        yield base
        yield bytes(5 << 20)
        raise ImageError("it is another layer")

    with pytest.raises(ImageError, match="another layer"):
        store.unpack(BASE, wrong())
    assert (store.find(BASE), names(store, tmp_path)) == (None, [])
    assert store.unpack(BASE, pieces(base)) == store.find(BASE)


@pytest.mark.parametrize("length", [0, 100, 5000])
def test_a_damaged_archive_leaves_nothing(
    store: FilterStore, base: bytes, tmp_path: Path, length: int
) -> None:
    with pytest.raises(ImageError):
        store.unpack(BASE, pieces(base[:length]))
    assert names(store, tmp_path) == []


def test_a_hostile_archive_is_refused_by_the_entrys_name(
    store: FilterStore, tars: Any, tmp_path: Path
) -> None:
    data = tars().directory("Files").file("Files/../../x", b"x").done()
    with pytest.raises(ImageError, match=r"Files/\.\./\.\./x"):
        store.unpack(BASE, pieces(data))
    assert names(store, tmp_path) == []


def test_a_full_disk_is_told(service: Any, store: FilterStore, base: bytes, tmp_path: Path) -> None:
    service.steer("fault\tImportLayerWrite\t2\t0x80070070")
    with pytest.raises(Unavailable):
        store.unpack(BASE, pieces(base))
    assert names(store, tmp_path) == []


def test_discarding_is_repeatable(store: FilterStore, base: bytes, tmp_path: Path) -> None:
    store.discard(BASE)
    store.unpack(BASE, pieces(base))
    store.discard(BASE)
    store.discard(BASE)
    assert (list(store.unpacked()), names(store, tmp_path)) == ([], [])


def test_a_link_in_the_place_of_a_layer_is_left_alone(
    store: FilterStore, base: bytes, tmp_path: Path
) -> None:
    folder = path_of(store.unpack(BASE, pieces(base)))
    store.discard(BASE)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    folder.symlink_to(precious, target_is_directory=True)
    with pytest.raises(CleanupFailed, match="is a link"):
        store.unpack(BASE, pieces(base))
    assert (precious / "file").exists()


@pytest.mark.parametrize("note", [b"", b"{}", b"[1]", b'{"digest": 1, "parents": 2}', b"\xff"])
def test_a_damaged_note_is_no_layer(
    store: FilterStore, tmp_path: Path, base: bytes, note: bytes
) -> None:
    folder = path_of(store.unpack(BASE, pieces(base)))
    folder.with_name(f"{folder.name}.json").write_bytes(note)
    assert list(store.unpacked()) == []


KILLED = """
from cloche.layers import LayerSource
from cloche_hcs.layers.store import FilterStore

home, source, digest = arguments
FilterStore(home).unpack(LayerSource(digest=digest), [open(source, "rb").read()])
"""


@pytest.mark.parametrize(
    "call",
    ["ImportLayerBegin\t1", "ImportLayerNext\t2", "ImportLayerWrite\t1", "ImportLayerEnd\t1",
     "ProcessBaseImage\t1", "ProcessUtilityImage\t1"],
)  # fmt: skip
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_dead_process_left_goes_before_the_next_attempt(
    service: Any,
    store: FilterStore,
    killed: Any,
    base: bytes,
    tmp_path: Path,
    call: str,
    moment: str,
) -> None:
    source = tmp_path / "layer.tar"
    source.write_bytes(base)
    killed(KILLED, f"hang\t{call}\t{moment}", str(tmp_path / "store"), str(source), BASE.digest)
    assert (store.find(BASE), list(store.unpacked())) == (None, [])
    made = store.unpack(BASE, pieces(base))
    assert (path_of(made) / "Files" / "a.txt").read_bytes() == b"base"
    name = chain_of(BASE)
    assert names(store, tmp_path) == [name, f"{name}.json"]
    assert service.counts().misuses == []


def test_what_was_being_taken_away_goes_with_the_next_attempt(
    service: Any, store: FilterStore, killed: Any, base: bytes, tmp_path: Path
) -> None:
    store.unpack(BASE, pieces(base))
    script = KILLED.replace("unpack(", "discard(").replace(', [open(source, "rb").read()]', "")
    killed(script, "hang\tDestroyLayer\t1\tbefore", str(tmp_path / "store"), "", BASE.digest)
    assert store.find(BASE) is None
    store.discard(BASE)
    assert names(store, tmp_path) == []


@pytest.fixture
def changed(store: FilterStore, base: bytes, tmp_path: Path) -> Iterator[str]:
    """A container that has changed something: for the stand-in, that lies in its sandbox."""
    layer = store.unpack(BASE, pieces(base))
    root = store.prepare("c1", [layer], "filter:mounted", volatile=False, size=None)
    folder = Path(str(root.info["folder"]))
    (folder / "Files" / "dir").mkdir(parents=True)
    (folder / "Files" / "a.txt").write_bytes(b"changed")
    (folder / "Files" / "dir" / "new").write_bytes(b"new")
    yield "c1"
    shutil.rmtree(folder / "Files")
    store.release("c1")


def test_changes_are_listed_as_the_container_sees_them(store: FilterStore, changed: str) -> None:
    assert list(store.changes(changed)) == [
        Change(ChangeKind.MODIFIED, "C:\\a.txt"),
        Change(ChangeKind.ADDED, "C:\\dir"),
        Change(ChangeKind.ADDED, "C:\\dir\\new"),
    ]


def test_changes_become_a_layer(store: FilterStore, changed: str, told: Any) -> None:
    data = b"".join(store.archive(changed))
    files = {name: content for name, _, _, _, content in told(data)}
    assert (files["Files/a.txt"], files["Files/dir/new"]) == (b"changed", b"new")
    again = store.unpack(MIDDLE, pieces(data))
    assert (path_of(again) / "Files" / "dir" / "new").read_bytes() == b"new"


def test_an_archive_may_be_left_half_read(service: Any, store: FilterStore, changed: str) -> None:
    half = iter(store.archive(changed))
    assert next(half)
    half.close()  # type: ignore[attr-defined]
    assert service.counts().streams == 0


def test_what_the_driver_says_of_an_export_is_raised(
    service: Any, store: FilterStore, changed: str
) -> None:
    service.steer("fault\tExportLayerNext\t2\t0x80070005")
    with pytest.raises(Unavailable):
        list(store.archive(changed))
    with pytest.raises(NotFound, match="c2 has no root here"):
        store.archive("c2")


def test_changes_in_a_virtual_machine_are_not_read(store: FilterStore, base: bytes) -> None:
    layer = store.unpack(BASE, pieces(base))
    store.prepare("c1", [layer], "filter", volatile=False, size=None)
    with pytest.raises(NotSupported, match="c1: its changes"):
        store.changes("c1")
    store.release("c1")
