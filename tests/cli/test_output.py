"""Tables, words for times and sizes, filters, and what a container's status looks like."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloche import Details, ExitStatus, Reason, State
from cloche_cli.filters import read_filters
from cloche_cli.output import print_json, table
from cloche_cli.usage import UsageError
from cloche_cli.words import ago, duration, size, status


def details(**more: object) -> Details:
    return Details(**{"id": "0123456789abcdef", "name": "web", "state": State.RUNNING, **more})


def test_the_columns_of_a_table_are_aligned():
    assert table(("ID", "STATUS"), [("a", "running"), ("bcdef", "x")]) == (
        "ID      STATUS\na       running\nbcdef   x"
    )


def test_an_empty_table_has_its_titles():
    assert table(("ID", "NAME"), []) == "ID   NAME"


CELLS = st.text(st.characters(whitelist_categories=["Lu", "Nd"]), max_size=9)


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS)))
def test_every_column_begins_where_its_title_does(rows):
    first, *others = table(("ONE", "TWO", "THREE"), rows).split("\n")
    places = [first.index(title) for title in ("ONE", "TWO", "THREE")]
    for row, line in zip(rows, others, strict=True):
        for cell, place in zip(row, places, strict=True):
            assert line[place:].startswith(cell)
        assert line == line.rstrip()


def test_json_keeps_letters_as_they_are(capsys):
    print_json([{"state": State.PAUSED, "name": "höhle"}], indent=None)
    assert capsys.readouterr().out == '[{"state": "paused", "name": "höhle"}]\n'


def test_json_moves_no_cursor_and_says_the_same(capsys):
    told = {"name": "".join(map(chr, range(0x20))) + "\x7f\x80\x9b\x9f"}
    print_json(told)
    out = capsys.readouterr().out
    assert json.loads(out) == told
    assert all(letter.isprintable() or letter == "\n" for letter in out)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.9, "0 s"), (3.7, "3 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"),
     (86400 * 3, "3 d"), (-5, "0 s")],
)  # fmt: skip
def test_a_time_is_said_in_its_largest_unit(seconds, words):
    assert duration(seconds) == words


def test_a_moment_is_said_by_how_long_ago_it_was():
    assert ago(time.time() - 3.5) == "3 s ago"
    assert ago(None) == ""


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1023, "0.999 KiB"), (1024, "1 KiB"), (12_900_000, "12.3 MiB"),
     (2**30, "1 GiB"), (1000 * 2**20, "0.977 GiB"), (2**63, "8 EiB")],
)  # fmt: skip
def test_a_size_is_said_in_three_digits(count, words):
    assert size(count) == words


@pytest.mark.parametrize(
    ("container", "words"),
    [
        (details(), "running"),
        (details(state=State.PAUSED), "paused"),
        (details(state=State.STOPPED), "stopped"),
        (details(state=State.STOPPED, status=ExitStatus(3)), "stopped (exit 3)"),
        (details(state=State.STOPPED, status=ExitStatus.killed(9)), "stopped (SIGKILL)"),
        (
            details(state=State.STOPPED, status=ExitStatus.killed(9, Reason.OOM)),
            "stopped (out of memory)",
        ),
        (
            details(state=State.STOPPED, status=ExitStatus.killed(9, Reason.TIMEOUT)),
            "stopped (timed out)",
        ),
        (
            details(problem="record.json: no such field: x"),
            "damaged: record.json: no such field: x",
        ),
    ],
)
def test_a_status_says_what_is_known(container, words):
    assert status(container) == words


def test_a_status_says_how_long_ago_the_end_was():
    ended = details(state=State.STOPPED, status=ExitStatus(0), finished=time.time() - 3.2)
    assert status(ended) == "stopped (exit 0, 3 s ago)"


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ("", True),
        ("name=web", True),
        ("name=we", True),
        ("name=db", False),
        ("name=db name=web", True),
        ("id=0123", True),
        ("id=123", False),
        ("label=a", True),
        ("label=a=1", True),
        ("label=a=2", False),
        ("label=a label=b", True),
        ("label=a label=c", False),
        ("status=running", True),
        ("status=exited", False),
        ("exited=0", False),
        ("name=web status=stopped", False),
    ],
)
def test_filters_of_one_key_widen_and_of_several_narrow(filters, fits):
    container = details(labels={"a": "1", "b": ""})
    assert read_filters(filters.split())(container) is fits


def test_exited_is_stopped_and_has_an_exit_code():
    ended = details(state=State.STOPPED, status=ExitStatus(3))
    assert read_filters(["status=exited", "exited=3"])(ended)
    assert not read_filters(["exited=0"])(ended)


@pytest.mark.parametrize(("filters", "past"), [("status=running", True), ("name=x", False)])
def test_asking_for_a_status_looks_at_those_that_have_ended_too(filters, past):
    assert read_filters([filters]).about_the_past is past


@pytest.mark.parametrize("wrong", ["colour=red", "name", ""])
def test_a_filter_that_nothing_can_be_asked_by_is_an_error(wrong):
    with pytest.raises(UsageError, match="KEY is one of ancestor, exited, id, label, name, status"):
        read_filters([wrong])
