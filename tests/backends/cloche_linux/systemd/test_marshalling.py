"""Values on the wire: what is written is read again, and what is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche_linux.systemd.marshalling import Reader, Writer, split

NUMBERS = {
    "y": st.integers(0, 255),
    "b": st.booleans(),
    "n": st.integers(-(2**15), 2**15 - 1),
    "q": st.integers(0, 2**16 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "u": st.integers(0, 2**32 - 1),
    "x": st.integers(-(2**63), 2**63 - 1),
    "t": st.integers(0, 2**64 - 1),
    "d": st.floats(allow_nan=False),
    "s": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    "o": st.just("/org/example"),
    "g": st.sampled_from(["", "a{sv}", "(iu)"]),
}
basic = st.sampled_from([*NUMBERS])
signatures = st.recursive(
    basic,
    lambda inner: st.one_of(
        inner.map(lambda kind: f"a{kind}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda kinds: f"({''.join(kinds)})"),
        st.tuples(basic, inner).map(lambda pair: f"a{{{''.join(pair)}}}"),
        st.just("v"),
    ),
    max_leaves=6,
)


def values(kind: str) -> st.SearchStrategy:
    """Values of a type, as ``Reader`` gives them."""
    if kind in NUMBERS:
        return NUMBERS[kind]
    if kind == "v":
        return basic.flatmap(lambda inner: st.tuples(st.just(inner), NUMBERS[inner]))
    if kind.startswith("a{"):
        key, value = split(kind[2:-1])
        return st.dictionaries(values(key), values(value), max_size=3)
    if kind[0] == "a":
        return st.lists(values(kind[1:]), max_size=3)
    return st.tuples(*(values(each) for each in split(kind[1:-1])))


@given(signatures.flatmap(lambda kind: st.tuples(st.just(kind), values(kind))))
def test_what_is_written_is_read_again(pair):
    kind, value = pair
    writer = Writer()
    writer.value("y", 7)  # so that there is something to align to
    writer.value(kind, value)
    reader = Reader(bytes(writer.data))
    assert reader.values("y" + kind) == [7, value]
    assert reader.place == len(writer.data)


def test_an_array_of_wide_numbers_is_padded_as_in_the_specification():
    """The specification's own example: the length does not count the padding."""
    writer = Writer()
    writer.value("ax", [5])
    assert writer.data.hex(" ") == "08 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00"


def test_the_other_order_of_bytes_is_read_too():
    assert Reader(b"\0\0\0\2hi\0", ">").value("s") == "hi"


@given(st.binary(max_size=64), signatures)
def test_bytes_of_anybody_are_read_or_refused(data, kind):
    reader = Reader(data)
    try:
        reader.value(kind)
    except ValueError:
        return
    assert reader.place <= len(data)


@pytest.mark.parametrize("text", ["z", "a", "(", "(i", "{sv", "()", "a" * 99 + "i"])
def test_a_signature_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        split(text)


def test_a_signature_is_split_into_its_complete_types():
    assert split("ssa(sv)a(sa(sv))a{su}") == ["s", "s", "a(sv)", "a(sa(sv))", "a{su}"]
