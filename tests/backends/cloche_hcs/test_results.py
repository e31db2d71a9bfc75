"""Result documents are read as far as they can be read, and never hide the result itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche_hcs.results import ErrorEvent, ResultError, parse_result

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["Error", "ErrorMessage", "ErrorEvents", "Message", "EventId", "x"]),
            inner,
        )
    ),
    max_leaves=20,
)


def test_everything_that_a_document_tells() -> None:
    event = {
        "Message": "The virtual machine stopped.\r\n",
        "StackTrace": "a\nb",
        "Provider": "17a2b3c4-0000-4000-8000-000000000000",
        "EventId": 12030,
        "Flags": 1,
        "Source": "onecore\\vm\\x.cpp",
        "Data": "not told: its encoding is not reliable",
    }
    document = {"Error": -1070137079, "ErrorMessage": "It failed.", "ErrorEvents": [event, {}]}
    assert parse_result(json.dumps(document)) == ResultError(
        code=0xC0370109,
        message="It failed.",
        events=(
            ErrorEvent(
                message="The virtual machine stopped.",
                provider="17a2b3c4-0000-4000-8000-000000000000",
                event_id=12030,
                source="onecore\\vm\\x.cpp",
                stack_trace="a\nb",
                flags=1,
            ),
            ErrorEvent(),
        ),
    )


@pytest.mark.parametrize("document", [None, "", "{", "nul", "[]", "3", '"text"', "[" * 100_000])
def test_what_is_no_result_document_tells_nothing(document: str | None) -> None:
    assert parse_result(document) is None


@pytest.mark.parametrize("events", [None, {}, "x", 3, [None], ["x"], [[{}]]])
def test_events_that_are_none_are_left_out(events: object) -> None:
    read = parse_result(json.dumps({"ErrorMessage": "told", "ErrorEvents": events}))
    assert read == ResultError(message="told")


@given(JSON)
def test_any_json_is_survived(document: object) -> None:
    read = parse_result(json.dumps(document))
    assert read is None or 0 <= read.code <= 0xFFFFFFFF


@given(st.text())
def test_any_text_is_survived(document: str) -> None:
    read = parse_result(document)
    assert read is None or isinstance(read, ResultError)
