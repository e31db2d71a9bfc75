"""What processes are is written down where a runtime can, or it is said why not."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloche import Container, Engine
from cloche.errors import InvalidSpec, InvalidState, NotSupported
from cloche.probe import Supported
from cloche.runtime import Capability, State
from cloche_oci.probing import probe


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(root=str(tmp_path / "engine"), runtime="oci:runsc") as engine:
        yield engine


@pytest.fixture
def box(engine: Engine, rootfs: Path) -> Iterator[Container]:
    with engine.start(["sleep", "100"], rootfs=str(rootfs)) as box:
        yield box


def test_what_was_written_down_has_ended(box: Container, tmp_path: Path) -> None:
    place = tmp_path / "checkpoint"
    box.checkpoint(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert sum(file.stat().st_size for file in place.iterdir()) > 1000
    box.wait(20)
    assert box.state is State.STOPPED


def test_a_directory_with_anything_in_it_is_refused(box: Container, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidSpec, match="is not empty"):
        box.checkpoint(tmp_path)
    assert box.state is State.RUNNING


def test_what_has_ended_is_refused(box: Container, tmp_path: Path) -> None:
    box.kill()
    box.wait(20)
    with pytest.raises(InvalidState):
        box.checkpoint(tmp_path / "checkpoint")


@pytest.mark.parametrize("name", ["crun", "runc"])
def test_a_runtime_without_checkpoints_says_why(
    name: str, tmp_path: Path, rootfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without CRIU no runtime of the machine's own kernel has them."""
    monkeypatch.setattr("cloche_oci.checkpoints.find_tool", lambda _: None)
    verdict = probe(name)
    assert isinstance(verdict, Supported)
    reason = verdict.missing[Capability.CHECKPOINT]
    assert reason in {
        "crun has no checkpoints",
        f"{name} needs criu, which is not installed",
    }
    with (
        Engine(root=str(tmp_path / "engine"), runtime=f"oci:{name}") as engine,
        engine.start(["sleep", "100"], rootfs=str(rootfs)) as box,
    ):
        with pytest.raises(NotSupported, match=reason):
            box.checkpoint(tmp_path / "checkpoint")
        assert box.state is State.RUNNING
