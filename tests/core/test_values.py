"""What a value has in common with any frozen dataclass, and how it differs."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass, replace
from typing import ClassVar, Generic, TypeVar

import pytest

from cloche import values
from cloche.values import Value, field

T = TypeVar("T")


class Point(Value):
    x: int
    y: int = 0
    tags: dict[str, str] = field(default_factory=dict, compare=False)


class Named(Value, kw_only=True):
    kind: ClassVar[str] = "named"
    name: str
    size: int | None = None

    @property
    def loud(self) -> str:
        return self.name.upper()


class Held(Value, Generic[T]):
    content: T


def test_fields_are_given_by_place_or_by_name():
    assert Point(1, 2) == Point(x=1, y=2) == Point(1, y=2)
    assert (Point(1).y, Point(1).tags) == (0, {})


def test_a_default_factory_is_asked_each_time():
    assert Point(1).tags is not Point(1).tags


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Point(),
        lambda: Point(1, 2, {}, 4),
        lambda: Point(1, x=1),
        lambda: Point(1, z=3),
        lambda: Point(z=3),
        lambda: Named("a"),
        lambda: Named(size=1),
    ],
)
def test_what_does_not_fit_the_fields_is_a_type_error(wrong):
    with pytest.raises(TypeError, match=r"^(Point|Named) "):
        wrong()


def test_an_error_names_the_field():
    with pytest.raises(TypeError, match=r"^Named has no field nme, needs name$"):
        Named(nme="a")


def test_nothing_can_be_assigned_or_deleted():
    with pytest.raises(FrozenInstanceError):
        Point(1).x = 2
    with pytest.raises(FrozenInstanceError):
        del Point(1).x


def test_values_are_compared_by_class_and_fields():
    assert Point(1, tags={"a": "b"}) == Point(1)
    assert hash(Point(1, tags={"a": "b"})) == hash(Point(1))
    assert Point(1) != Point(2)
    assert Held(1) != Point(1)
    assert {Point(1): "found"}[Point(1)] == "found"


def test_the_tools_for_dataclasses_know_it():
    assert is_dataclass(Point)
    assert [each.name for each in fields(Named)] == ["name", "size"]
    assert replace(Named(name="a"), size=3) == Named(name="a", size=3)
    assert asdict(Point(1)) == {"x": 1, "y": 0, "tags": {}}


def test_the_tools_see_defaults_and_what_a_base_class_has():
    class Marked(Point, kw_only=True):
        mark: str = "none"

    found = {each.name: each for each in fields(Marked)}
    assert list(found) == ["x", "y", "tags", "mark"]
    assert [each.kw_only for each in found.values()] == [False, False, False, True]
    assert (found["y"].default, found["tags"].default_factory) == (0, dict)
    assert (found["tags"].compare, Marked.mark, hasattr(Marked, "tags")) == (False, "none", False)
    assert Marked.__match_args__ == Point.__match_args__ == ("x", "y", "tags")


def test_a_copy_has_the_changes():
    assert values.replace(Named(name="a"), size=3) == Named(name="a", size=3)
    with pytest.raises(TypeError, match="has no field nme"):
        values.replace(Named(name="a"), nme="b")


def test_classes_are_defined_and_used_without_the_library_for_them():
    code = (
        "import sys\nfrom cloche.spec import Root\n"
        "from cloche.values import Value, field, replace\n"
        "class Box(Value):\n    size: int = 1\n    held: dict = field(default_factory=dict)\n"
        "replace(Box(2), size=3), Root(path='/').replace(path='/x')\n"
        "print('dataclasses' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_it_can_be_matched_and_copied():
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
    assert copy.copy(Point(1)) == Point(1) == copy.deepcopy(Point(1))


def test_it_survives_pickling():
    from cloche.exit import ExitStatus, Reason

    status = ExitStatus(code=3, signal=None, reason=Reason.EXIT)
    assert pickle.loads(pickle.dumps(status)) == status


def test_a_generic_value_is_one_too():
    assert Held[int](1) == Held(1)


def test_it_prints_as_it_is_written():
    assert repr(Named(name="a")) == f"{Named.__qualname__}(name='a', size=None)"
    assert (Named(name="a").loud, Named.kind) == ("A", "named")
