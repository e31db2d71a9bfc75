"""Mount options, sorted by who takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche_linux.blueprint.options import parse
from cloche_linux.kernel import Attribute, Propagation

NONE = Attribute(0)


@pytest.mark.parametrize(
    ("options", "attributes", "clear"),
    [
        ((), NONE, NONE),
        (("ro", "nosuid"), Attribute.RDONLY | Attribute.NOSUID, NONE),
        (("rw", "exec"), NONE, Attribute.RDONLY | Attribute.NOEXEC),
        (("ro", "rw"), NONE, Attribute.RDONLY),
        (("rw", "ro"), Attribute.RDONLY, NONE),
        (("noatime",), Attribute.NOATIME, Attribute.ATIME_FIELD),
    ],
)
def test_attributes_are_the_mounts_own_and_the_last_word_counts(
    options: tuple[str, ...], attributes: Attribute, clear: Attribute
) -> None:
    parsed = parse(options)
    assert (parsed.attributes, parsed.clear) == (attributes, clear)


def test_an_r_before_an_attribute_reaches_all_mounts_beneath() -> None:
    parsed = parse(("rbind", "rro", "rnosuid"))
    assert parsed.deep_attributes == Attribute.RDONLY | Attribute.NOSUID
    assert parsed.recursive


def test_relatime_is_not_taken_for_a_recursive_option() -> None:
    assert parse(("relatime",)).deep_clear == NONE
    assert parse(("relatime",)).own == ()


@pytest.mark.parametrize(
    ("option", "propagation", "deep"),
    [
        ("private", Propagation.PRIVATE, False),
        ("rslave", Propagation.SLAVE, True),
        ("rshared", Propagation.SHARED, True),
    ],
)
def test_propagation_is_told_apart_from_attributes(
    option: str, propagation: Propagation, deep: bool
) -> None:
    parsed = parse((option,))
    assert parsed.propagations == ((propagation, deep),)


def test_a_mount_may_be_told_of_changes_and_then_tell_others() -> None:
    wanted = ((Propagation.SLAVE, True), (Propagation.SHARED, False))
    assert parse(("rbind", "rslave", "shared")).propagations == wanted


def test_what_is_said_of_all_mounts_wins_over_the_topmost() -> None:
    parsed = parse(("ro", "nodev", "rrw"))
    assert (parsed.attributes, parsed.clear) == (Attribute.NODEV, Attribute.RDONLY)


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        (("sync", "dirsync"), ("sync", "dirsync")),
        (("lazytime", "nolazytime"), ()),
        (("mand",), ("mand",)),
        (("async", "sync"), ("sync",)),
    ],
)
def test_flags_of_any_file_system_are_its_own_if_they_were_said_last(
    options: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    parsed = parse(options)
    assert (parsed.superblock, parsed.own) == (flags, ())


def test_what_mount_keeps_to_itself_reaches_no_file_system() -> None:
    assert parse(("auto", "nofail", "_netdev", "x-systemd.automount", "comment=x")).own == ()


def test_what_is_left_belongs_to_the_file_system() -> None:
    parsed = parse(("size=64m", "mode=1777", "ro", "newinstance", "defaults"))
    assert parsed.own == (("size", "64m"), ("mode", "1777"), ("newinstance", None))


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse(("context=a=b",)).own == (("context", "a=b"),)


@given(st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_any_option_is_sorted_somewhere_and_no_attribute_is_both_set_and_cleared(
    options: list[str],
) -> None:
    parsed = parse(tuple(options))
    assert parsed.attributes & parsed.clear & ~Attribute.ATIME_FIELD == NONE
