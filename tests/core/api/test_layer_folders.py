"""A root that is a layer of Windows: the layers below it are named by the folder itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cloche import InvalidSpec
from cloche.layer_folders import is_layer_folder, layers_from

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a folder of a layer, with a chain that says what is given, if anything."""

    def layer(name: str, chain: object = ...) -> Path:
        folder = tmp_path / name
        for part in ("Files", "Hives"):
            (folder / part).mkdir(parents=True)
        if chain is not ...:
            (folder / "layerchain.json").write_text(json.dumps(chain), "utf-8")
        return folder

    return layer


def folders(path: Path) -> list[Path | None]:
    return [layer.path for layer in layers_from(str(path), "rootfs")]


def refusal(path: Path) -> str:
    with pytest.raises(InvalidSpec) as caught:
        layers_from(str(path), "rootfs")
    assert caught.value.path == "rootfs"
    return str(caught.value)


@pytest.mark.parametrize("chain", [..., None, []], ids=["none", "null", "empty"])
def test_a_base_layer_has_nothing_below_it(make: Make, chain: object) -> None:
    base = make("base", chain)
    assert folders(base) == [base]


def test_parents_are_named_topmost_first(make: Make) -> None:
    base, middle = make("base"), make("middle")
    assert folders(make("top", [str(middle), str(base)]))[1:] == [middle, base]


def test_a_mark_of_the_order_of_bytes_is_passed_over(make: Make) -> None:
    base, top = make("base"), make("top")
    text = json.dumps([str(base)])
    (top / "layerchain.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert folders(top) == [top, base]


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        (["base"], "'base' is not an absolute path"),
        ([7], "7 is not an absolute path"),
        ([{}], "{} is not an absolute path"),
        ("base", "not a list of folders"),
    ],
)
def test_a_chain_that_names_no_folders_is_refused(make: Make, chain: object, told: str) -> None:
    assert told in refusal(make("top", chain))


def test_a_parent_that_is_missing_is_refused_by_name(make: Make, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert f"{missing} does not exist" in refusal(make("top", [str(missing)]))


def test_a_parent_without_files_is_refused_by_name(make: Make, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    assert "odd is no layer of Windows" in refusal(make("top", [str(tmp_path / "odd")]))


def test_a_layer_below_itself_is_refused(make: Make, tmp_path: Path) -> None:
    assert "below itself" in refusal(make("top", [str(tmp_path / "top")]))


@pytest.mark.parametrize("content", [b"[", b"\xff\xff", b"[" * 100_000])
def test_a_damaged_chain_is_refused_by_name(make: Make, content: bytes) -> None:
    top = make("top")
    (top / "layerchain.json").write_bytes(content)
    assert "layerchain.json" in refusal(top)


def test_other_directories_are_no_layers(make: Make, tmp_path: Path) -> None:
    (tmp_path / "rootfs" / "bin").mkdir(parents=True)
    (tmp_path / "half" / "Files").mkdir(parents=True)
    assert not is_layer_folder(str(tmp_path / "rootfs"))
    assert not is_layer_folder(str(tmp_path / "half"))
    assert is_layer_folder(str(make("base")))
