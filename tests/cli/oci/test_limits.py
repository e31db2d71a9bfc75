"""Limits are as a bundle asks, or lower where nobody may give more, and that is said."""

from __future__ import annotations

import resource

import pytest

from cloche_linux.privileges import privileges

raises = pytest.mark.skipif(privileges().may_raise_limits, reason="this user may raise any limit")


def limits(soft: int, hard: int):
    def change(config) -> None:
        limit = {"type": "RLIMIT_NOFILE", "soft": soft, "hard": hard}
        config["process"]["rlimits"] = [limit]

    return change


@raises
@pytest.mark.parametrize("beyond", [1, 2**64 - 1])
def test_one_that_is_out_of_reach_is_lowered_and_warned_of(oci, beyond: int) -> None:
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = min(ours + beyond, 2**64 - 1)
    said = oci.run("sh", "-c", "ulimit -Hn", change=limits(100, wanted))
    assert (said.code, said.out.strip()) == (0, str(ours))
    assert f"RLIMIT_NOFILE is lowered to {ours}: this process has no more" in said.err


def test_one_within_reach_is_as_asked_and_not_spoken_of(oci) -> None:
    said = oci.run("sh", "-c", "ulimit -Sn; ulimit -Hn", change=limits(100, 200))
    assert (said.code, said.out.split(), said.err) == (0, ["100", "200"], "")
