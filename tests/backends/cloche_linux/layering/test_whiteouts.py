"""Whiteouts become overlay's: proven by overlays of the kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tarballs import Entry, directory, entry, packed, symlink, unpacked

from cloche_linux.layering.marks import is_opaque, is_whiteout

from .conftest import mounted

LOWER = [directory("d"), entry("d/old", b"1"), entry("f", b"2"), symlink("l", "f"), directory("e")]


def merged(tmp_path: Path, *layers: list[Entry]) -> dict[str, str]:
    """What is seen in an overlay of layers, lowest first: file by content."""
    tops = [tmp_path / f"layer{number}" for number in range(len(layers))]
    for top, entries in zip(tops, layers, strict=True):
        unpacked(top, packed(*entries))
    lower = ":".join(map(str, reversed(tops)))
    with mounted(tmp_path / "root", "-t", "overlay", "-o", f"lowerdir={lower}", "overlay") as root:
        return {
            str(path.relative_to(root)): path.read_text() if path.is_file() else ""
            for path in root.rglob("*")
        }


def test_what_is_whited_out_is_gone(tmp_path: Path) -> None:
    found = merged(tmp_path, LOWER, [entry(".wh.f"), entry(".wh.d"), entry("e/.wh.nothing")])
    assert found == {"l": "", "e": ""}


@pytest.mark.parametrize("order", [1, -1])
def test_what_the_layer_itself_has_stays(tmp_path: Path, order: int) -> None:
    """Image-spec: whiteouts count for lower layers alone, wherever in the layer they stand."""
    new = [directory("d"), entry("f", b"9"), entry(".wh.d"), entry(".wh.f")]
    found = merged(tmp_path, LOWER, new[::order])
    assert found == {"d": "", "e": "", "f": "9", "l": "9"}


def test_a_directory_that_was_whited_out_and_is_needed_is_empty_below(tmp_path: Path) -> None:
    found = merged(tmp_path, LOWER, [entry(".wh.d"), entry("d/new/f", b"3")])
    assert found == {"d": "", "d/new": "", "d/new/f": "3", "e": "", "f": "2", "l": "2"}


@pytest.mark.parametrize("order", [1, -1])
def test_an_opaque_directory_hides_what_was_in_it(tmp_path: Path, order: int) -> None:
    new = [entry("d/.wh..wh..opq"), entry("d/new", b"3")]
    found = merged(tmp_path, LOWER, [directory("d"), *new[::order]])
    assert found == {"d": "", "d/new": "3", "e": "", "f": "2", "l": "2"}


def test_notes_of_aufs_are_left_out(tmp_path: Path) -> None:
    top = tmp_path / "layer"
    notes = [directory(".wh..wh.plnk"), entry(".wh..wh.plnk/1.2", b"x"), entry(".wh..wh.aufs")]
    unpacked(top, packed(*notes, directory("d"), entry("d/.wh..wh.orph")))
    assert os.listdir(top) == ["d"]
    assert os.listdir(top / "d") == []


def test_marks_are_for_overlays_of_root_and_of_others(tmp_path: Path) -> None:
    top = tmp_path / "layer"
    unpacked(top, packed(entry("d/.wh..wh..opq"), entry("d/.wh.x")))
    assert sorted(os.listxattr(top / "d")) == ["trusted.overlay.opaque", "user.overlay.opaque"]
    assert is_opaque(str(top / "d"))
    assert is_whiteout(os.lstat(top / "d/x"))
    assert not is_opaque(str(top))
