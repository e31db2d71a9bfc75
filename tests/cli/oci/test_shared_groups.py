"""Groups that are named and there already: with processes in them, or standing still."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.cli.oci.conftest import Runtime

FREEZER = Path("/sys/fs/cgroup/freezer")


@pytest.fixture
def group(oci):
    """The name of a group that two containers have; its directories go with them."""
    name = f"/cloche/{os.getpid()}-{oci.place.name}-shared"
    yield name
    for each in ("box", "guest"):
        oci("delete", "--force", each)


def within(group: str):
    return lambda config: config["linux"].update(cgroupsPath=group)


def test_a_group_with_processes_in_it_is_told_of(oci, group) -> None:
    oci.create("sleep", "600", change=within(group))
    said = oci("create", "--bundle", oci.bundle("sleep", "600", change=within(group)), "guest")
    told = "cloche: warning: container's cgroup is not empty: 1 process(es) found\n"
    assert (said.code, said.err) == (0, told)


def test_a_group_of_its_own_is_not(oci, group) -> None:
    said = oci("create", "--bundle", oci.bundle("sleep", "600", change=within(group)), "box")
    assert (said.code, said.err) == (0, "")


@pytest.fixture
def elsewhere(oci, tmp_path, busybox):
    """The same runtime with containers in another place; those go with the test."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    runtime = Runtime(place, busybox)
    yield runtime
    for directory in runtime.state.glob("*"):
        assert runtime("delete", "--force", directory.name).code == 0


def limited(config) -> None:
    """A group by its own choice: nobody says where it is to be."""
    del config["linux"]["cgroupsPath"]
    config["linux"]["resources"] = {"pids": {"limit": 50}}


def test_equal_ids_in_two_places_have_groups_of_their_own(oci, elsewhere) -> None:
    oci.create("sleep", "600", change=limited)
    elsewhere.create("sleep", "600", change=limited)
    for each, limit in ((oci, "30"), (elsewhere, "40")):
        assert each("update", "--pids-limit", limit, "box").code == 0
    assert limit_of(oci) == "30"
    assert oci("delete", "--force", "box").code == 0
    assert elsewhere.status() == "created"
    assert limit_of(elsewhere) == "40"


def test_an_equal_id_whose_place_was_lost_is_no_hindrance(oci, elsewhere) -> None:
    pid = oci.create("sleep", "600", change=limited)
    shutil.move(oci.state, oci.state.with_name("lost"))
    try:
        elsewhere.create("sleep", "600", change=limited)
    finally:
        shutil.move(oci.state.with_name("lost"), oci.state)
    assert Path(f"/proc/{pid}").is_dir()


def limit_of(runtime: Runtime) -> str:
    """The limit of processes in the group of a container's first process."""
    said = runtime("events", "--stats", "box")
    return str(json.loads(said.out)["data"]["pids"]["limit"])


@pytest.mark.skipif(not FREEZER.is_dir(), reason="the freezer is not on cgroup v1 here")
def test_a_group_that_stands_still_is_refused(oci, group) -> None:
    directory = FREEZER / group.lstrip("/")
    directory.mkdir(parents=True)
    try:
        (directory / "freezer.state").write_text("FROZEN")
        said = oci("create", "--bundle", oci.bundle("true", change=within(group)), "box")
        assert said.code == 1
        assert "container's cgroup unexpectedly frozen" in said.err
        assert list(oci.state.iterdir()) == []
        assert directory.is_dir()
    finally:
        directory.rmdir()
