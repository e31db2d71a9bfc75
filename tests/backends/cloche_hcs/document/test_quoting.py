"""Command lines are quoted by Windows' rules."""

from __future__ import annotations

from subprocess import list2cmdline

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.spec import Process
from cloche_hcs.document.quoting import command_line, joined, quoted

_NASTY = st.text(st.sampled_from('ab \t"\\\n'), max_size=12)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ('"q"', '\\"q\\"'),
        ("tail\\", "tail\\"),
        ("C:\\Program Files\\", '"C:\\Program Files\\\\"'),
        ('back\\"quote', 'back\\\\\\"quote'),
    ],
)
def test_an_argument_is_quoted_where_it_needs_that(argument: str, expected: str) -> None:
    assert quoted(argument) == expected


@given(st.lists(_NASTY | st.text(max_size=8), max_size=5))
def test_arguments_are_joined_as_the_standard_library_does(args: list[str]) -> None:
    assert joined(args) == list2cmdline(args)


@given(st.lists(_NASTY, max_size=5))
def test_a_program_gets_back_what_was_given(args: list[str]) -> None:
    assert _taken_apart(joined(args)) == args


def test_a_command_line_of_ones_own_stays_as_it_is() -> None:
    process = Process(cwd="C:\\", command_line='cmd /c "echo hi', args=("other", "a b"))
    assert command_line(process) == 'cmd /c "echo hi'


def test_no_arguments_make_an_empty_command_line() -> None:
    assert command_line(Process(cwd="C:\\")) == ""


def _taken_apart(line: str) -> list[str]:
    """Take a command line apart as Microsoft describes it for C programs."""
    args: list[str] = []
    rest = line.lstrip(" \t")
    while rest:
        argument, rest = _first(rest)
        args.append(argument)
        rest = rest.lstrip(" \t")
    return args


def _first(line: str) -> tuple[str, str]:
    made, inside, at = "", False, 0
    while at < len(line) and (inside or line[at] not in " \t"):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        at += slashes
        if at < len(line) and line[at] == '"':
            made += "\\" * (slashes // 2)
            if slashes % 2:
                made += '"'
            else:
                inside = not inside
            at += 1
        elif slashes:
            made += "\\" * slashes
        else:
            made += line[at]
            at += 1
    return made, line[at:]
