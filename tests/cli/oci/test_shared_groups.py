"""Groups that are named and there already: with processes in them, or standing still."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
