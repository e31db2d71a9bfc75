"""Capability names have the kernel's numbers."""

from __future__ import annotations

import pytest

from cloche.capabilities import ALL, DEFAULT, DEFAULT_SETS
from cloche.errors import InvalidSpec
from cloche_linux.capabilities import Masks, kernel_mask, last_capability, mask, names


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("CAP_CHOWN", 0),
        ("CAP_KILL", 5),
        ("CAP_NET_ADMIN", 12),
        ("CAP_SYS_ADMIN", 21),
        ("CAP_MKNOD", 27),
        ("CAP_SETFCAP", 31),
        ("CAP_AUDIT_READ", 37),
        ("CAP_BPF", 39),
        ("CAP_CHECKPOINT_RESTORE", 40),
    ],
)
def test_a_name_has_its_number(name: str, number: int) -> None:
    assert mask([name]) == 1 << number
    assert names(1 << number) == (name,)


def test_masks_and_names_are_two_ways_to_say_the_same() -> None:
    assert names(mask(DEFAULT)) == DEFAULT
    assert mask(ALL) == mask(["all"]) == (1 << 41) - 1


def test_names_may_be_written_in_any_usual_way() -> None:
    assert mask(["kill", "Cap_Kill"]) == 1 << 5


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidSpec):
        mask(["CAP_FLY"])


def test_the_running_kernel_says_what_it_knows() -> None:
    with open("/proc/self/status") as file:
        bounding = next(line.split()[1] for line in file if line.startswith("CapBnd"))
    assert int(bounding, 16) & ~kernel_mask() == 0
    assert 1 << last_capability() & kernel_mask()
    assert not 2 << last_capability() & kernel_mask()


def test_sets_are_cut_to_what_is_allowed() -> None:
    masks = Masks.of(DEFAULT_SETS)
    assert masks.bounding == masks.permitted == masks.effective == mask(DEFAULT)
    assert masks.ambient == masks.inheritable == 0
    assert masks.within(1) == Masks(bounding=1, effective=1, permitted=1)
    assert Masks.of(None) == Masks()
