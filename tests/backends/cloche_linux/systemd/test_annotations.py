"""Properties by annotation: GVariant's text form, as far as properties need it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec
from cloche_linux.systemd.annotations import of_annotations, parse

VALUES = [
    ("'text'", ("s", "text")),
    ('"it\'s"', ("s", "it's")),
    (r"'a\'b\n'", ("s", "a'b\n")),
    ("true", ("b", True)),
    ("-5", ("i", -5)),
    ("0x10", ("i", 16)),
    ("2.5", ("d", 2.5)),
    ("uint64 18446744073709551615", ("t", 2**64 - 1)),
    ("byte 7", ("y", 7)),
    ("@t 5", ("t", 5)),
    ("objectpath '/a'", ("o", "/a")),
    ("['a', 'b']", ("as", ["a", "b"])),
    ("@as []", ("as", [])),
    ("(1, 'x', true)", ("(isb)", (1, "x", True))),
    ("[('/dev/sda', uint64 5)]", ("a(st)", [("/dev/sda", 5)])),
    ("@a(st) [('/dev/sda', 5)]", ("a(st)", [("/dev/sda", 5)])),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values_are_read_with_their_types(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "word", "5 5", "[1, 'x']", "[", "[1", "[]", "(", "()", "('a'", "byte 300", "@q", "1e",
        "'open", "@(st) ('a')", "@s 5", "uint32 -1", "[1 2]", "(1 2)", "@ts 5", "2147483648",
        "@as 'a'", "@(s) ('a', 'b')", "string 5",
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except ValueError:
        return


def test_only_annotations_for_systemd_are_read():
    assert of_annotations({"org.systemd.property.CollectMode": "'inactive'", "other": "x"}) == [
        ("CollectMode", ("s", "inactive"))
    ]


@pytest.mark.parametrize("text", ["5", "uint64 5", "5.0"])
def test_seconds_become_microseconds(text):
    found = of_annotations({"org.systemd.property.TimeoutStopSec": text})
    assert found == [("TimeoutStopUSec", ("t", 5_000_000))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TimeoutStopSec", "'soon'"),
        ("TimeoutStopSec", "-1"),
        ("Delegate", "false"),
        ("Slice", "'other.slice'"),
        ("lower", "5"),
        ("With-Dash", "5"),
        ("After", "dbus.service"),
    ],
)
def test_a_fault_is_named_by_its_place(name, text):
    with pytest.raises(InvalidSpec) as caught:
        of_annotations({f"org.systemd.property.{name}": text})
    assert caught.value.path == f"annotations[org.systemd.property.{name}]"
    assert str(caught.value).startswith(f"{caught.value.path}: ")
