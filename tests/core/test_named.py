"""Named tuples of ours do what those of `typing` do."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest

from cloche.named import NamedTuple


class Ours(NamedTuple):
    """What is tested."""

    width: int
    height: int = 7


class Theirs(typing.NamedTuple):
    """What it is compared with."""

    width: int
    height: int = 7


def test_fields_are_found_by_place_and_by_name():
    one = Ours(1, height=2)
    assert (one.width, one.height) == one == (1, 2)
    assert one == Theirs(1, 2)
    assert hash(one) == hash((1, 2))


def test_the_last_ones_may_have_defaults():
    assert Ours(1) == (1, 7)
    assert Ours._field_defaults == Theirs._field_defaults


@pytest.mark.parametrize("kind", [Ours, Theirs])
@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"width": 2}), ((1,), {"depth": 2})]
)
def test_what_does_not_fit_is_refused(kind, values, named):
    with pytest.raises(TypeError):
        kind(*values, **named)


def test_it_shows_and_changes_itself_alike():
    assert repr(Ours(1)) == repr(Theirs(1)).replace("Theirs", "Ours")
    assert Ours(1)._replace(width=3) == Theirs(1)._replace(width=3)
    assert Ours(1)._asdict() == Theirs(1)._asdict()
    assert Ours._make([1, 2]) == (1, 2)
    assert Ours._fields == Ours.__match_args__ == Theirs._fields


def test_copies_are_of_the_same_kind():
    for copied in (copy.copy(Ours(1)), copy.deepcopy(Ours(1)), pickle.loads(pickle.dumps(Ours(1)))):
        assert type(copied) is Ours
        assert copied == (1, 7)
