"""Where the image of a virtual machine is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloche.errors import InvalidSpec
from cloche.spec import Windows, WindowsHyperV
from cloche_hcs.document.utility_vm import utility_vm


def test_the_topmost_layer_that_has_one_counts(tmp_path: Path) -> None:
    layers = _layers(tmp_path, "top", "middle", "base")
    for name in ("middle", "base"):
        (tmp_path / name / "UtilityVM").mkdir()
    assert utility_vm(Windows(layer_folders=layers)) == str(tmp_path / "middle" / "UtilityVM")


def test_a_named_one_comes_before_that_of_the_layers(tmp_path: Path) -> None:
    layers = _layers(tmp_path, "base", "named")
    (tmp_path / "base" / "UtilityVM").mkdir()
    named = str(tmp_path / "named")
    windows = Windows(layer_folders=layers[:1], hyperv=WindowsHyperV(utility_vm_path=named))
    assert utility_vm(windows) == named


def test_a_named_one_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    layers = _layers(tmp_path, "base")
    (tmp_path / "base" / "UtilityVM").mkdir()
    windows = Windows(layer_folders=layers, hyperv=WindowsHyperV(utility_vm_path="D:\\vm"))
    with pytest.raises(InvalidSpec, match=r"D:\\vm does not exist") as raised:
        utility_vm(windows)
    assert raised.value.path == "windows.hyperv.utilityVMPath"


def test_none_at_all_is_an_error_that_names_the_layers(tmp_path: Path) -> None:
    layers = _layers(tmp_path, "top", "base")
    (tmp_path / "base" / "UtilityVM").write_text("a file is no image")
    with pytest.raises(InvalidSpec) as raised:
        utility_vm(Windows(layer_folders=layers, hyperv=WindowsHyperV()))
    assert all(layer in str(raised.value) for layer in layers)
    assert raised.value.path == "windows.layerFolders"


def _layers(home: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (home / name).mkdir()
    return tuple(str(home / name) for name in names)
