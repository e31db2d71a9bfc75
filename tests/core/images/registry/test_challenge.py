"""Challenges are taken apart by the grammar of RFC 9110, and nothing breaks on others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.images.registry.challenge import Challenge, parse_challenges

REALM = 'Bearer realm="https://auth.example/token",service="s",scope="repository:a:pull,push"'
BEARER = Challenge(
    "bearer",
    {"realm": "https://auth.example/token", "service": "s", "scope": "repository:a:pull,push"},
)

BASIC = Challenge("basic", {"realm": "a"})
NEGOTIATE = Challenge("negotiate", {})


@pytest.mark.parametrize(
    ("headers", "challenges"),
    [
        ([REALM], [BEARER]),
        (['Basic realm="a"', REALM], [BASIC, BEARER]),
        ([f'Basic realm="a", {REALM}'], [BASIC, BEARER]),
        (["Basic"], [Challenge("basic", {})]),
        (["BASIC REALM=a"], [BASIC]),
        (["Negotiate, Basic realm=a"], [NEGOTIATE, BASIC]),
        (["Negotiate abc==, Basic realm=a"], [NEGOTIATE, BASIC]),
        ([r'Basic realm="a \"b\" \\"'], [Challenge("basic", {"realm": r'a "b" \ '.strip()})]),
        (['Basic realm = "a" , b=c'], [Challenge("basic", {"realm": "a", "b": "c"})]),
        (['Basic realm="a", realm="b"'], [BASIC]),
        ([""], []), ([","], []), (['="x"'], []), (['realm="a"'], []), (["é"], []),
        (['Basic realm="unfinished'], [Challenge("basic", {})]),
    ],
)  # fmt: skip
def test_each_part_is_found(headers, challenges):
    assert parse_challenges(headers) == challenges


token = st.text(st.sampled_from("abcXYZ019-_.!"), min_size=1, max_size=6)
value = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
challenge = st.builds(
    Challenge,
    token.map(str.lower),
    st.dictionaries(token.map(str.lower), value, min_size=1, max_size=3),
)


def written(one):
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return f"{one.scheme} " + ", ".join(f"{k}={quoted(v)}" for k, v in one.parameters.items())


@given(st.lists(challenge, max_size=3))
def test_what_is_written_by_the_grammar_is_read(challenges):
    assert parse_challenges([", ".join(map(written, challenges))]) == challenges


@given(st.lists(st.text(st.sampled_from('Basic realm="\\,= é\t'), max_size=40), max_size=2))
def test_anything_else_is_no_error(headers):
    for found in parse_challenges(headers):
        assert found.scheme == found.scheme.lower()
