"""The launcher and Python do, say and leave the same, whatever they find."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from launched.lives import ALL
from launched.remains import Traces, remains, tidy

COMMANDS = {
    "start": ("start", "box"),
    "ask": ("kill", "box", "0"),
    "kill": ("kill", "box", "KILL"),
    "delete": ("delete", "box"),
    "force": ("delete", "--force", "box"),
}
PAIRS = [(life, command) for life, commands in ALL.items() for command in commands.split()]


def outcome(oci, by, life: Callable[..., None], program: list[str], words: tuple[str, ...]):
    """What a program says to such a container, and what it leaves."""
    life(oci)
    traces = Traces.of(oci)
    try:
        said = by(program, *words)
        if said.code == 0 and words[0] == "kill" and words[-1] == "KILL":
            traces.settle()
        told = re.sub(r"(bundle|root)-\d+", r"\1", said.err)
        return said.code, said.out, told, remains(oci, traces)
    finally:
        tidy(oci, traces)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("life", "command"), PAIRS, ids=[f"{life.__name__}-{command}" for life, command in PAIRS]
)
def test_what_a_command_says_and_leaves_is_the_same(life, command, oci, by, python, with_python):
    words = COMMANDS[command]
    by_python = outcome(oci, by, life, python, words)
    assert outcome(oci, by, life, [str(with_python)], words) == by_python


@pytest.mark.slow
@pytest.mark.parametrize("life", ALL, ids=lambda life: life.__name__)
def test_states_are_the_same_byte_for_byte(life, oci, by, python, with_python):
    life(oci)
    traces = Traces.of(oci)
    try:
        assert by([str(with_python)], "state", "box") == by(python, "state", "box")
    finally:
        tidy(oci, traces)
