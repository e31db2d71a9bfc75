"""The filter store: the driver's calls in their order, and nothing touched that is not ours."""

from __future__ import annotations

import errno
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloche.errors import (
    AlreadyExists,
    BackendError,
    CleanupFailed,
    InvalidSpec,
    NotFound,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche.layers import Layer

MADE = ["CreateSandboxLayer", "ActivateLayer", "PrepareLayer"]
MADE_AND_ASKED = [*MADE, "GetLayerMountPath", "GetLayerMountPath"]
REMOVED = ["UnprepareLayer", "DeactivateLayer", "DestroyLayer"]


def test_a_mounted_root_is_made_in_this_order(bench) -> None:
    root = bench.prepare()
    assert bench.asked() == MADE_AND_ASKED
    upper, base = (str(layer.path) for layer in bench.layers)
    created = bench.calls()[2]["args"]
    assert created["info"] == {"Flavour": 1, "HomeDir": str(bench.place)}
    assert (created["id"], created["parent"]) == ("c1", upper)
    assert [each["Path"] for each in created["descriptors"]] == [upper, base]
    assert (root.form, root.path) == (
        "filter:mounted",
        r"\\?\Volume{8829dfd9-0000-4000-8000-000000000000}",
    )
    assert root.layers == (upper, base)
    assert root.info["folder"] == str(bench.folder())
    assert root.info["guids"] == {each["Path"]: each["LayerId"] for each in created["descriptors"]}


def test_each_layers_guid_is_asked_for_once(bench) -> None:
    bench.prepare()
    names = [each["args"]["name"] for each in bench.calls() if each["fn"] == "NameToGuid"]
    assert names == ["upper", "base"]


def test_a_virtual_machines_root_is_made_and_not_mounted(bench) -> None:
    root = bench.prepare(form="filter")
    assert (root.path, bench.asked()) == (None, ["CreateSandboxLayer"])
    bench.store.release("c1")
    assert bench.asked() == ["CreateSandboxLayer", "DestroyLayer"]
    assert bench.left() == []


def test_it_grows_before_it_is_mounted(bench) -> None:
    bench.prepare(size=40 << 30)
    assert bench.asked() == [MADE[0], "ExpandSandboxSize", *MADE_AND_ASKED[1:]]


def test_a_volume_without_a_path_is_none(bench) -> None:
    bench.service.steer("volume\t")
    assert bench.prepare().path is None
    assert bench.asked() == [*MADE, "GetLayerMountPath"]


def test_a_root_is_removed_in_this_order(bench) -> None:
    bench.prepare()
    bench.store.release("c1")
    assert bench.asked() == [*MADE_AND_ASKED, *REMOVED]
    calls = bench.calls()[-3:]
    assert [call["args"]["id"] for call in calls] == ["c1", "c1", f"{bench.folder()}-removing"]
    assert (bench.left(), bench.service.outstanding()) == ([], {})


@pytest.mark.parametrize("function", [*MADE, "GetLayerMountPath", "ExpandSandboxSize"])
@pytest.mark.parametrize("code", ["0x80070005", "0xc0370112"])
def test_whatever_fails_nothing_is_left(bench, function: str, code: str) -> None:
    bench.service.steer(f"fault\t{function}\t*\t{code}")
    with pytest.raises((Unavailable, BackendError)) as caught:
        bench.prepare(size=40 << 30)
    assert vars(caught.value)["code"] == int(code, 16)
    assert bench.left() == []
    assert list(bench.store.list()) == []
    assert bench.service.outstanding() == {}


@pytest.mark.parametrize(
    ("function", "undone"),
    [
        ("NameToGuid", []),
        ("CreateSandboxLayer", ["CreateSandboxLayer"]),
        ("ActivateLayer", [*MADE[:2], *REMOVED]),
        ("PrepareLayer", [*MADE, *REMOVED]),
        ("GetLayerMountPath", [*MADE, "GetLayerMountPath", *REMOVED]),
    ],
)
def test_a_failure_is_undone_in_this_order(bench, function: str, undone: list[str]) -> None:
    bench.service.steer(f"fault\t{function}\t*\t0x80070422")
    with pytest.raises(Unavailable):
        bench.prepare()
    assert bench.asked() == undone


def test_the_second_question_for_the_volume_may_fail_too(bench) -> None:
    bench.service.steer("fault\tGetLayerMountPath\t2\t0x80070422")
    with pytest.raises(Unavailable):
        bench.prepare()
    assert bench.asked() == [*MADE_AND_ASKED, *REMOVED]
    assert bench.left() == []


@pytest.mark.parametrize("function", ["ActivateLayer", "PrepareLayer"])
@pytest.mark.parametrize("code", ["0x80070015", "0x8007048f", "0x800705b4"])
def test_what_passes_is_waited_for(bench, function: str, code: str) -> None:
    bench.service.steer(*(f"fault\t{function}\t{nth}\t{code}" for nth in range(1, 5)))
    bench.prepare()
    assert bench.asked().count(function) == 5
    assert bench.service.counts()["misuses"] == []


def test_what_does_not_pass_in_five_attempts_fails(bench) -> None:
    bench.service.steer("fault\tPrepareLayer\t*\t0x80070015")
    with pytest.raises(BackendError):
        bench.prepare()
    assert bench.asked().count("PrepareLayer") == 5
    assert bench.left() == []


def test_layers_are_prepared_one_at_a_time(bench) -> None:
    """While one preparation hangs, no other begins; all that comes before it does."""
    bench.service.steer("hang\tPrepareLayer\t1")
    with ThreadPoolExecutor(2) as pool:
        roots = [pool.submit(bench.prepare, each) for each in ("c1", "c2")]
        comes_true(lambda: bench.asked().count("ActivateLayer") == 2)
        assert bench.service.counts()["hanging"] == 1
        bench.service.release()
        assert all(root.result().path for root in roots)
    assert bench.service.counts()["prepared"] == 2


def comes_true(condition) -> None:
    waiter = threading.Event()
    for _ in range(500):
        if condition():
            return
        waiter.wait(0.01)
    raise AssertionError("it did not come true in five seconds")


def test_a_folder_of_that_name_is_not_taken_over(bench) -> None:
    bench.folder().mkdir()
    with pytest.raises(AlreadyExists):
        bench.prepare()
    bench.store.release("c1")
    assert (bench.asked(), bench.left()) == ([], ["c1"])


def test_a_folder_that_others_made_meanwhile_is_theirs(bench) -> None:
    bench.service.steer("fault\tCreateSandboxLayer\t1\t0x800700b7")
    with pytest.raises(AlreadyExists):
        bench.prepare()
    assert (bench.asked(), bench.left()) == (["CreateSandboxLayer"], [])


def test_a_root_is_made_once(bench) -> None:
    bench.prepare()
    with pytest.raises(AlreadyExists):
        bench.prepare()
    assert bench.asked() == MADE_AND_ASKED


def test_a_call_that_never_returns_is_survived_and_cleared_up_later(
    bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCHE_HCS_TIMEOUT", "0.2")
    bench.service.steer("hang\tPrepareLayer\t1")
    with pytest.raises(TimedOut) as caught:
        bench.prepare()
    assert "has not returned" in caught.value.__notes__[0]
    with pytest.raises(CleanupFailed, match="has not returned"):
        bench.store.release("c1")
    assert bench.asked() == MADE[:2]  # and the one that has not returned
    bench.service.release()
    comes_true(lambda: not bench.service.counts()["hanging"])
    monkeypatch.delenv("CLOCHE_HCS_TIMEOUT")
    comes_true(lambda: released(bench))
    assert bench.left() == []
    assert bench.service.counts()["misuses"] == []


def released(bench) -> bool:
    try:
        bench.store.release("c1")
    except CleanupFailed:
        return False
    return True


@pytest.mark.parametrize("id", ["con", "nul.x", "a.", "a b", "a/b", "a\\b", "", "x" * 129])
def test_ids_that_windows_reads_otherwise_are_refused(bench, id: str) -> None:
    with pytest.raises(InvalidSpec):
        bench.prepare(id)
    with pytest.raises(InvalidSpec):
        bench.store.release(id)
    assert (bench.asked(), bench.left()) == ([], [])


@pytest.mark.parametrize(
    ("layers", "error"),
    [
        ((), InvalidSpec),
        ((Layer(kind="windows", path=Path("relative")),), InvalidSpec),
        ((Layer(kind="windows", path=Path("/nul\0")),), InvalidSpec),
        ((Layer(kind="windows", path=Path(os.path.abspath("/"))),), InvalidSpec),
        ((Layer(kind="windows", path=Path(os.path.abspath("/no/such/layer"))),), NotFound),
        ((Layer(kind="host"),), NotSupported),
    ],
)
def test_layers_are_checked_before_the_first_call(bench, layers, error) -> None:
    with pytest.raises(error):
        bench.store.prepare("c1", layers, "filter", volatile=False, size=None)
    assert bench.calls() == []
    assert not bench.home.exists()


def test_a_layer_that_is_still_being_imported_is_none(bench) -> None:
    (bench.place / "base.importing").touch()
    with pytest.raises(NotFound, match="still being imported"):
        bench.prepare()
    assert bench.calls() == []


@pytest.mark.parametrize("path", ["", ".", "..", "layer"])
def test_no_layer_is_destroyed_by_a_path_that_depends_on_where_we_are(bench, path: str) -> None:
    from cloche_hcs.layers.driver import Driver

    with pytest.raises(ValueError, match="absolute path"):
        Driver(".", "x").destroy(path)
    assert bench.calls() == []


@pytest.mark.parametrize("further", REMOVED)
@pytest.mark.parametrize("function", [*MADE, "GetLayerMountPath", "ExpandSandboxSize"])
def test_what_fails_while_it_is_undone_can_be_released(bench, function: str, further: str) -> None:
    bench.service.steer(f"fault\t{function}\t1\t0x8007001f", f"fault\t{further}\t1\t0x8007001f")
    with pytest.raises(BackendError) as caught:
        bench.prepare(size=40 << 30)
    remains = list(bench.store.list())
    assert bool(remains) == hasattr(caught.value, "__notes__")
    bench.store.release("c1")
    assert (bench.left(), list(bench.store.list())) == ([], [])


def test_of_many_threads_one_makes_a_root(bench) -> None:
    def attempt(number: int) -> bool:
        try:
            bench.prepare()
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert bench.asked() == MADE_AND_ASKED


def test_of_many_threads_one_removes_a_root(bench) -> None:
    bench.prepare()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: bench.store.release("c1"), range(8)))
    assert (bench.asked(), bench.left()) == ([*MADE_AND_ASKED, *REMOVED], [])


if sys.platform != "win32":  # no process there can be told to write no more

    def test_a_note_that_cannot_be_written_is_taken_back(bench) -> None:
        """That nothing can be written is found out before the first call that makes anything."""
        import resource

        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
                bench.prepare()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (bench.asked(), bench.left(), list(bench.store.list())) == ([], [], [])
        bench.prepare()
