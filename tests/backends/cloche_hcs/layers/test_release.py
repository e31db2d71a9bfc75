"""The filter store takes roots away: from every state they may be in, and nothing but its own."""

from __future__ import annotations

import json
import sys

import pytest

from cloche.errors import CleanupFailed

MADE_AND_ASKED = [
    "CreateSandboxLayer",
    "ActivateLayer",
    "PrepareLayer",
    "GetLayerMountPath",
    "GetLayerMountPath",
]
REMOVED = ["UnprepareLayer", "DeactivateLayer", "DestroyLayer"]


@pytest.mark.parametrize("code", ["0x80070020", "0x80070005"])
def test_a_folder_in_use_is_waited_for(bench, code: str) -> None:
    bench.prepare()
    bench.service.steer(*(f"fault\tDestroyLayer\t{nth}\t{code}" for nth in range(1, 5)))
    bench.store.release("c1")
    assert bench.asked().count("DestroyLayer") == 5
    assert bench.left() == []


@pytest.mark.parametrize("function", REMOVED)
def test_what_could_not_be_removed_is_listed_and_removed_later(bench, function: str) -> None:
    bench.prepare()
    bench.service.steer(f"fault\t{function}\t1\t0x8007001f")
    if function == "DestroyLayer":
        with pytest.raises(CleanupFailed) as caught:
            bench.store.release("c1")
        assert [vars(each)["code"] for each in caught.value.problems] == [0x8007001F]
        assert list(bench.store.list()) == ["c1"]
    bench.store.release("c1")
    assert (bench.left(), list(bench.store.list())) == ([], [])


def test_what_was_never_mounted_is_removed_whatever_the_driver_says(bench) -> None:
    """After a restart of the machine nothing is active, and the driver says so."""
    bench.prepare()
    bench.service.steer(*(f"fault\t{each}\t*\t0x80070490" for each in REMOVED[:2]))
    bench.store.release("c1")
    assert bench.left() == []


def test_nothing_is_destroyed_that_may_be_mounted(bench) -> None:
    """The driver doesn't detach it, and its folder can't be renamed."""
    bench.prepare()
    bench.service.steer("fault\tDeactivateLayer\t*\t0x80070020")
    in_the_way = bench.place / "c1-removing"
    in_the_way.mkdir()
    with pytest.raises(CleanupFailed, match="may still be mounted"):
        bench.store.release("c1")
    assert "DestroyLayer" not in bench.asked()
    assert bench.folder().is_dir()
    in_the_way.rmdir()
    bench.store.release("c1")
    assert bench.left() == []


def test_another_ones_folder_in_the_way_stays(bench) -> None:
    bench.prepare()
    (bench.place / "c1-removing").mkdir()
    bench.store.release("c1")
    assert bench.calls()[-1]["args"]["id"] == str(bench.folder())
    assert bench.left() == ["c1-removing"]


def test_a_removal_that_was_broken_off_is_ended(bench) -> None:
    """The process died between the renaming and the driver's call."""
    bench.prepare()
    bench.service.steer("fault\tDestroyLayer\t1\t0x8007001f")
    with pytest.raises(CleanupFailed):
        bench.store.release("c1")
    assert bench.left() == ["c1-removing", "sandboxes/c1.json"]
    bench.store.release("c1")
    assert bench.asked()[-4:] == [*REMOVED, "DestroyLayer"]
    assert bench.left() == []


def note(bench, **changes: object) -> None:
    path = bench.home / "sandboxes" / "c1.json"
    document = {}
    for line in path.read_text().splitlines():
        document |= json.loads(line)
    path.write_text(json.dumps(document | changes) + "\n")


def test_a_note_without_a_folder_is_dropped(bench) -> None:
    bench.prepare()
    (bench.folder() / "sandbox.vhdx").unlink()
    bench.folder().rmdir()
    bench.store.release("c1")
    assert (bench.asked(), bench.left()) == (MADE_AND_ASKED, [])


def test_a_folder_that_is_another_one_is_left_alone(bench) -> None:
    bench.prepare()
    bench.folder().rename(bench.place / "moved")
    bench.folder().mkdir()
    with pytest.raises(CleanupFailed, match="another folder"):
        bench.store.release("c1")
    assert bench.asked() == MADE_AND_ASKED
    assert bench.folder().is_dir()


def test_a_folder_whose_identity_was_not_noted_in_time_is_ours(bench) -> None:
    """The process died between the driver's call and the note."""
    bench.prepare()
    note(bench, identity=None)
    bench.store.release("c1")
    assert bench.left() == []


if sys.platform != "win32":  # links need a privilege of their own there

    def test_a_link_in_its_place_is_left_alone(bench) -> None:
        bench.prepare()
        note(bench, identity=None)
        bench.folder().rename(bench.place / "moved")
        bench.folder().symlink_to(bench.place / "base")
        with pytest.raises(CleanupFailed, match="is a link"):
            bench.store.release("c1")
        assert bench.asked() == MADE_AND_ASKED
        assert (bench.place / "base" / "Files").is_dir()


def test_a_base_layer_is_never_destroyed(bench) -> None:
    bench.prepare()
    note(bench, identity=None)
    (bench.folder() / "Files").mkdir()
    with pytest.raises(CleanupFailed, match="read-only layer"):
        bench.store.release("c1")
    note(bench, identity=None, layers=[str(bench.folder())])
    (bench.folder() / "Files").rmdir()
    with pytest.raises(CleanupFailed, match="read-only layer"):
        bench.store.release("c1")
    assert bench.asked() == MADE_AND_ASKED


@pytest.mark.parametrize(
    "damage",
    ["", "[]", '{"id": "c1"}', {"home": ".."}, {"id": "c2"}, {"mounted": 1}, {"layers": None}],
)
def test_a_damaged_note_proves_nothing(bench, damage: str | dict[str, object]) -> None:
    """It is listed, and removed without a folder being touched; after that there is nothing."""
    bench.prepare()
    if isinstance(damage, str):
        (bench.home / "sandboxes" / "c1.json").write_text(damage)
    else:
        note(bench, **damage)
    assert list(bench.store.list()) == ["c1"]
    with pytest.raises(CleanupFailed, match="damaged"):
        bench.store.release("c1")
    bench.store.release("c1")
    assert (bench.asked(), bench.left()) == (MADE_AND_ASKED, ["c1"])
