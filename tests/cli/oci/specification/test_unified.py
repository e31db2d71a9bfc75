"""Control groups of version 2 alone: files by their names, and what has no file there."""

from __future__ import annotations

from pathlib import Path

from .changes import Change, linux


def resources(**values: object) -> Change:
    return linux(resources=values)


def read(unified, name: str) -> str:
    return unified.aside("cat", f"/sys/fs/cgroup{unified.group()}/{name}").strip()


def test_files_of_a_controller_are_written_and_it_is_enabled(unified) -> None:
    change = resources(unified={"hugetlb.2MB.max": str(4 << 20)})
    unified.create("sleep", "600", change=change)
    assert read(unified, "hugetlb.2MB.max") == str(4 << 20)
    parent = Path(unified.group()).parent
    assert "hugetlb" in unified.aside("cat", f"/sys/fs/cgroup{parent}/cgroup.subtree_control")


def test_files_that_the_runtime_knows_nothing_of_are_written(unified) -> None:
    change = resources(unified={"cgroup.max.descendants": "7", "cgroup.max.depth": "5"})
    unified.create("sleep", "600", change=change)
    found = read(unified, "cgroup.max.descendants"), read(unified, "cgroup.max.depth")
    assert found == ("7", "5")


def test_a_controller_that_is_not_there_is_an_error(unified) -> None:
    wrong = {name: resources(unified={name: "1"}) for name in ("memory.high", "absent.max")}
    assert [name for name, change in wrong.items() if unified.accepts(change)] == []


def test_what_has_no_place_in_version_2_is_an_error(unified) -> None:
    wrong = {
        "network": resources(network={"classID": 1}),
        "leaf weight": resources(blockIO={"leafWeight": 100}),
    }
    assert [name for name, change in wrong.items() if unified.accepts(change)] == []


def test_files_of_version_2_where_there_is_none_are_an_error(runtime) -> None:
    assert not runtime.accepts(resources(unified={"memory.high": "1048576"}))
