"""The journal: whatever a crash leaves of it can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche import ExitStatus, Reason
from cloche.documents import write
from cloche.journal import Header, Note, Step, parse

HEADER = Header(id="abc", name="web", created=1.0, args=("a", "b"), runtime="x", keep=True)
ENDINGS = [
    ExitStatus(0),
    ExitStatus(3),
    ExitStatus.killed(9),
    ExitStatus.killed(9, Reason.OOM),
    ExitStatus.lost(),
]


def lines(*notes: object) -> bytes:
    return b"".join(write(note) + b"\n" for note in notes)


def read(journal: bytes):
    return parse("abc", "/run/abc", "12-34-ab", journal)


def test_a_whole_life():
    entry = read(
        lines(
            HEADER,
            Note(step=Step.CREATING),
            Note(step=Step.STARTING, time=2.0, info={"init": {"pid": 7}}, pid=7),
            Note(step=Step.ENDED, time=3.0, code=5, reason=Reason.EXIT),
            Note(step=Step.REMOVING),
        )
    )
    assert (entry.header, entry.step, entry.problem) == (HEADER, Step.REMOVING, None)
    assert (entry.info, entry.pid, entry.owner_pid) == ({"init": {"pid": 7}}, 7, 12)
    assert (entry.started, entry.finished, entry.status) == (2.0, 3.0, ExitStatus(5))


@pytest.mark.parametrize("status", ENDINGS, ids=str)
def test_every_ending_is_read_as_it_was_written(status):
    assert read(lines(HEADER, Note.ended(status))).status == status


def test_the_specification_is_passed_over():
    entry = read(lines(HEADER) + b'{"spec":{"anything":1}}\n' + lines(Note(step=Step.CREATING)))
    assert (entry.step, entry.problem) == (Step.CREATING, None)


@given(cut=st.integers(min_value=0))
def test_a_torn_end_counts_as_not_written(cut):
    """Wherever a write was cut off: no error, and nothing but the whole lines before."""
    notes = [
        HEADER,
        Note(step=Step.CREATING),
        Note(step=Step.STARTING, pid=7),
        Note.ended(ENDINGS[2]),
    ]
    whole = lines(*notes)
    torn = whole[: cut % (len(whole) + 1)]
    entry = read(torn)
    complete = torn.count(b"\n")
    assert entry.problem is None
    assert entry.step == [None, Step.PREPARING, Step.CREATING, Step.STARTING, Step.ENDED][complete]


@given(st.binary(max_size=200), st.integers(0, 3))
def test_garbage_is_a_problem_and_never_an_error(garbage, position):
    notes = [write(HEADER), write(Note(step=Step.CREATING)), write(Note(step=Step.STARTING))]
    notes.insert(position, garbage)
    entry = read(b"".join(note + b"\n" for note in notes))
    assert entry.id == "abc"
    assert entry.problem is None or "its record is damaged" in entry.problem


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"null", b'{"step":"dancing"}', b'{"step":"creating","x":1}']
)
def test_a_damaged_line_is_named(line):
    assert "its record is damaged" in read(lines(HEADER) + line + b"\n").problem


def test_a_header_of_another_container_is_damage():
    assert "the record of abc" in parse("xyz", "/run/xyz", None, lines(HEADER)).problem


def test_who_survives_the_process_that_made_it():
    kept = [read(lines(HEADER, Note(step=step))).survives_owner for step in Step]
    assert dict(zip(Step, kept, strict=True)) == {
        Step.PREPARING: False,
        Step.CREATING: False,
        Step.CREATED: True,
        Step.STARTING: True,
        Step.ENDED: True,
        Step.REMOVING: False,
    }
