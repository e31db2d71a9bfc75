"""Trees of the host that are kept for later: with owners translated, or as they are."""

from __future__ import annotations

import errno
import os

import pytest

from cloche_linux.idmaps import IdMaps, Range
from cloche_linux.kernel import Propagation
from cloche_linux.plan import Plan
from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Extra, Step
from cloche_linux.user_namespaces import user_namespace

from .conftest import ALL

MAPS = IdMaps((Range(0, 100000, 65536),), (Range(0, 100000, 65536),))


def bound_tree(sandbox, *argv: str, **options) -> str:
    """Show a kept tree at /b of a new container, by a user namespace of one map, and run argv."""
    namespace = user_namespace(MAPS)
    plan = Plan()
    plan.clone_tree(
        str(options.pop("source")), Extra(0), propagation=Propagation.PRIVATE, **options
    )
    plan.unshare(ALL)
    plan.propagation(Propagation.PRIVATE)
    plan.scratch(1 << 20)
    plan.root_overlay([sandbox.root], scratch=True)
    plan.bind("ignored", "/tmp/b", tree=Extra(0))
    try:
        return sandbox.run(*argv, plan=plan, extras=[namespace]).output
    finally:
        os.close(namespace)


@pytest.mark.parametrize("name", ["", "/file"], ids=["directory", "file"])
def test_a_kept_tree_can_show_other_owners(sandbox, tmp_path, name):
    (tmp_path / "file").touch()
    shown = bound_tree(sandbox, *("stat", "-c", "%u:%g", f"/tmp/b{'' if name else '/file'}"),
                       source=f"{tmp_path}{name}", idmap=True)  # fmt: skip
    assert shown == "100000:100000\n"


def test_a_kept_tree_that_is_not_translated_shows_its_own(sandbox, tmp_path):
    shown = bound_tree(sandbox, "stat", "-c", "%u", "/tmp/b", source=tmp_path)
    assert shown == "0\n"


def test_a_file_system_that_translates_no_owners_says_so(sandbox):
    with pytest.raises(StepFailed) as failed:
        bound_tree(sandbox, "true", source="/proc", recursive=False, idmap=True)
    assert (failed.value.step, failed.value.errno) == (Step.CLONE_TREE, errno.EINVAL)
