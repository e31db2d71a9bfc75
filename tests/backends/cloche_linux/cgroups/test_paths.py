"""A container's group is where the specification says, or beneath where this process is."""

from __future__ import annotations

import os
import uuid

from cloche.spec import LinuxPids, LinuxResources
from cloche_linux import cgroups
from cloche_linux.cgroups.layout import detect

LIMIT = LinuxResources(pids=LinuxPids(limit=5))


def test_by_default_it_is_named_after_the_container(groups, directories):
    group = groups(LIMIT)
    assert directories(group) == [f"{_holder().own}/cloche/{group.id}"]


def test_a_relative_path_begins_where_this_process_is(groups, directories):
    name = f"test-{uuid.uuid4().hex}"
    group = groups(LIMIT, path=f"cloche/{name}/inner")
    assert directories(group) == [f"{_holder().own}/cloche/{name}/inner"]
    group.remove()
    os.rmdir(f"{_holder().own}/cloche/{name}")


def test_an_absolute_path_begins_at_the_top(groups, directories):
    name = f"test-{uuid.uuid4().hex}"
    group = groups(LIMIT, path=f"/{name}")
    assert directories(group) == [f"{_holder().mount}/{name}"]


def test_a_directory_that_is_there_already_may_be_named_and_stays(groups, directories):
    """Podman makes some of them itself, and the runtime-spec leaves them to who made them."""
    path = f"{_holder().mount}/test-{uuid.uuid4().hex}"
    os.mkdir(path)
    group = groups(LIMIT, path="/" + os.path.basename(path))
    assert group.stats().pids_limit == 5
    group.remove()
    assert os.path.exists(path)
    os.rmdir(path)


def _holder():
    return detect().holding("pids")


def test_planning_twice_gives_the_same(groups):
    first, second = (cgroups.plan(LIMIT, id="same") for _ in range(2))
    assert first == second
