"""Whenever a process dies, the next one clears up: before and after the effect of each call."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cloche_hcs.layers.importing import import_layer

STORE = """
from pathlib import Path
from cloche.layers import Layer
from cloche_hcs.layers.store import FilterStore

home, place = map(Path, arguments)
layers = [Layer(kind="windows", path=place / name) for name in ("upper", "base")]
store = FilterStore(str(home))
store.prepare("c1", layers, "filter:mounted", volatile=False, size=1 << 40)
store.release("c1")
"""
IMPORT = """
from cloche_hcs.layers.importing import import_layer

with open(arguments[0], "rb") as file:
    import_layer(file, arguments[1], "new")
"""
MOMENTS = ["before", "after"]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "function",
    ["CreateSandboxLayer", "ExpandSandboxSize", "ActivateLayer", "PrepareLayer",
     "GetLayerMountPath", "UnprepareLayer", "DeactivateLayer", "DestroyLayer"],
)  # fmt: skip
def test_a_sandbox_is_released_by_its_id_alone(bench, killed, function: str, moment: str) -> None:
    killed(STORE, f"hang\t{function}\t1\t{moment}", str(bench.home), str(bench.place))
    assert list(bench.store.list()) == ["c1"]
    bench.store.release("c1")
    assert (bench.left(), list(bench.store.list())) == ([], [])
    assert bench.service.counts()["misuses"] == []


def test_nothing_is_noted_before_the_layers_are_known(bench, killed) -> None:
    killed(STORE, "hang\tNameToGuid\t2\tbefore", str(bench.home), str(bench.place))
    assert (list(bench.store.list()), bench.left()) == ([], [])


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "call",
    ["ImportLayerBegin\t1", "ImportLayerNext\t1", "ImportLayerNext\t2", "ImportLayerWrite\t1",
     "ImportLayerWrite\t4", "ImportLayerEnd\t1", "ProcessBaseImage\t1", "ProcessUtilityImage\t1"],
)  # fmt: skip
def test_an_import_is_made_good_by_the_next(
    service, killed, tars, tmp_path: Path, call: str, moment: str
) -> None:
    place, source = tmp_path / "layers", tmp_path / "layer.tar"
    place.mkdir()
    tar = tars().directory("Files").directory("UtilityVM").file("Files/a", b"hello")
    source.write_bytes(tar.done())
    killed(IMPORT, f"hang\t{call}\t{moment}", str(source), str(place))
    import_layer(io.BytesIO(source.read_bytes()), str(place), "new")
    assert [path.name for path in place.iterdir()] == ["new"]
    assert (place / "new" / "Files" / "a").read_bytes() == b"hello"
    assert service.counts()["misuses"] == []
