"""Capabilities are added and dropped as docker does it."""

from __future__ import annotations

import pytest

from cloche.capabilities import ALL, DEFAULT, DEFAULT_SETS, altered, canonical, sets
from cloche.errors import InvalidSpec


def test_without_wishes_the_default_stays_and_keeps_its_identity() -> None:
    assert altered() == DEFAULT
    assert sets(altered()) is DEFAULT_SETS


@pytest.mark.parametrize("name", ["CAP_NET_ADMIN", "cap_net_admin", "NET_ADMIN", "Net_Admin"])
def test_a_name_may_be_written_in_any_usual_way(name: str) -> None:
    assert canonical(name) == "CAP_NET_ADMIN"
    assert "CAP_NET_ADMIN" in altered(add=[name])


def test_what_is_dropped_is_gone_and_what_is_added_is_there() -> None:
    assert set(altered(add=["SYS_TIME"], drop=["KILL"])) == {*DEFAULT, "CAP_SYS_TIME"} - {
        "CAP_KILL"
    }


def test_all_can_be_added_with_exceptions() -> None:
    assert altered(add=["ALL"]) == ALL
    assert set(altered(add=["all"], drop=["SYS_ADMIN"])) == {*ALL} - {"CAP_SYS_ADMIN"}


def test_all_can_be_dropped_with_exceptions() -> None:
    assert altered(drop=["all"]) == ()
    assert altered(drop=["ALL"], add=["chown"]) == ("CAP_CHOWN",)


def test_what_is_both_added_and_dropped_stays() -> None:
    assert "CAP_KILL" in altered(add=["KILL"], drop=["KILL"])


def test_the_order_is_the_kernels_whatever_the_order_of_the_wishes() -> None:
    assert altered(add=["SYSLOG", "BPF"]) == altered(add=["BPF", "SYSLOG"])
    assert list(altered(add=["ALL"])) == sorted(ALL, key=ALL.index)


def test_all_sets_that_matter_are_equal_and_nothing_is_inherited() -> None:
    made = sets(("CAP_KILL",))
    assert made.bounding == made.effective == made.permitted == ("CAP_KILL",)
    assert made.ambient is made.inheritable is None


def test_an_unknown_name_is_refused_with_what_was_probably_meant() -> None:
    with pytest.raises(InvalidSpec, match="NET_ADMN") as caught:
        altered(add=["NET_ADMN"])
    assert caught.value.hint == "did you mean CAP_NET_ADMIN?"
    assert caught.value.path == "process.capabilities"
    with pytest.raises(InvalidSpec):
        altered(drop=["everything"])
