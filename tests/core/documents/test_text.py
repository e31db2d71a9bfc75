"""JSON is read as `json` reads it, with and without that module."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.documents.text import parse, quote

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(VALUES)
def test_what_is_written_is_read(value):
    assert parse(json.dumps(value)) == parse(json.dumps(value).encode()) == value


@given(st.text(alphabet='{}[]",:0123456789.eE+-tfn \\u\n\0', max_size=20))
def test_what_is_no_json_is_refused_in_the_same_words(text):
    assert told(parse, text) == told(json.loads, text)


def told(read, text):
    try:
        return read(text)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_numbers_that_json_does_not_have_are_refused(text):
    with pytest.raises(ValueError, match="is no JSON number"):
        parse(text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_bytes_are_utf_8_and_nothing_else(encoding):
    text = '{"ä": "ö"}'
    assert parse(text.encode()) == {"ä": "ö"}
    with pytest.raises(ValueError):
        parse(text.encode(encoding))


@given(st.text())
def test_text_is_quoted_as_json_quotes_it(text):
    assert quote(text) == json.dumps(text)


ALONE = """
import sys
sys.path[:0] = sys.argv[1:]
from cloche.documents.text import parse
parse(b"[1]")
print("json" in sys.modules)
try:
    parse(b"{")
except ValueError as error:
    print(error)
"""


def test_json_is_imported_for_errors_alone():
    said = subprocess.run(
        [
            sys.executable, "-I", "-c",
            ALONE,
            *sys.path,
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.splitlines() == [
        "False",
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ]
