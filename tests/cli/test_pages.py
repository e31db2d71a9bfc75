"""The Typer application: it takes the same command lines, shows their pages, completes them."""

from __future__ import annotations

from itertools import chain

import pytest
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

from cloche_cli.declare import Command, Option
from cloche_cli.image import Image
from cloche_cli.main import Cloche, find, read
from cloche_cli.pages import application
from cloche_cli.usage import UsageError

#: Typer has a copy of click of its own, or uses click itself: by version.
NotUnderstood: type[Exception] = typer.BadParameter.__mro__[2]
#: The words that lead to each command that is none but a group of others.
PATHS = [(name,) for name in Cloche.commands if name != "image"]
PATHS += [("image", name) for name in Image.commands]
TYPER = typer.main.get_command(application())

VALUES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))


def by_typer(path: tuple[str, ...], words: list[str]) -> Command | None:
    """What Typer reads; None if it refuses."""
    try:
        typed = TYPER.main([*path, *words], prog_name="cloche", standalone_mode=False)
    except NotUnderstood:
        return None
    assert isinstance(typed, Command)
    return typed


def by_us(path: tuple[str, ...], words: list[str]) -> Command | None:
    try:
        return read([*path, *words])
    except UsageError:
        return None


def contents(typed: Command | None) -> dict[str, object] | None:
    """What can be told apart afterwards: an empty list is the same as none."""
    return typed and {name: value for name, value in typed.values.items() if value != []}


def spelled(option: Option[object]) -> st.SearchStrategy[list[str]]:
    """One option in any of the spellings that docker and Typer share."""
    long = [name for name in option.names if name.startswith("--")]
    short = [name for name in option.names if not name.startswith("--")]
    if option.value is None:
        return st.sampled_from(option.names).map(lambda name: [name])
    spellings = [
        st.builds(lambda name, value: [name, value], st.sampled_from(option.names), VALUES),
        st.builds(lambda name, value: [f"{name}={value}"], st.sampled_from(long), VALUES),
    ]
    if short:
        attached = VALUES.filter(lambda value: value[:1] not in ("", "="))
        spellings.append(
            st.builds(lambda name, value: [name + value], st.sampled_from(short), attached)
        )
    return st.one_of(spellings)


@st.composite
def command_lines(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str]]:
    path = draw(st.sampled_from(PATHS))
    options = sorted(set(find(*path).options.values()), key=lambda option: option.names)
    parts = draw(st.lists(st.sampled_from(options).flatmap(spelled), max_size=6))
    arguments = draw(st.lists(VALUES.filter(lambda word: word[:1] != "-"), max_size=3))
    bar = draw(st.sampled_from([[], ["--"]]))
    return path, [*chain(*parts), *bar, *arguments]


@settings(deadline=None)
@given(command_lines())
def test_typer_reads_every_command_line_as_we_do(line):
    path, words = line
    assert contents(by_us(path, words)) == contents(by_typer(path, words))


TOKENS = """
-i -t -it -ti -e -m -mX -em --env --env=A --name -l --no-such --rm -f -s -a -q --force --filter
--signal=9 -Z -iZ box alpine -- - --- ls --root --debug --json -fq -qf -qa
"""


@settings(deadline=None)
@given(st.sampled_from(PATHS), st.lists(st.sampled_from(TOKENS.split()), max_size=7))
def test_typer_refuses_what_we_refuse(path, words):
    assert contents(by_us(path, words)) == contents(by_typer(path, words))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_page_of_a_command_lists_every_option_with_what_it_does(cloche, path):
    said = cloche(*path, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: cloche {' '.join(path)} [OPTIONS]")
    for option in find(*path).options.values():
        assert all(name in said.out for name in option.names)
        assert option.help.split()[0] in said.out


def test_the_page_of_run_says_that_the_network_is_off(cloche):
    out = cloche("run", "-h").out
    assert "The network is off unless asked for" in out
    assert out.startswith("Usage: cloche run [OPTIONS] [IMAGE | --] [COMMAND]...\n")


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"], ["help"]])
def test_the_page_of_the_program_lists_every_command_once(cloche, words):
    said = cloche(*words)
    assert said.code == 0
    lines = [line.split()[0] for line in said.out.splitlines() if line.startswith("  ")]
    assert [line for line in lines if line in Cloche.commands] == list(Cloche.commands)


@pytest.mark.parametrize("words", [["image"], ["image", "-h"], ["help", "image"]])
def test_the_page_of_a_group_lists_its_commands(cloche, words):
    said = cloche(*words)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: cloche image [OPTIONS] COMMAND [ARGS]...\n")
    lines = [line.split()[0] for line in said.out.splitlines() if line.startswith("  ")]
    assert [line for line in lines if line in Image.commands] == list(Image.commands)


@pytest.mark.parametrize("words", [["help", "ps"], ["ps", "-h"], ["help", "ls"], ["ls", "--help"]])
def test_every_way_to_ask_gives_the_same_page(cloche, words):
    assert cloche(*words).out.startswith("Usage: cloche ps [OPTIONS]\n")


def test_a_short_description_is_never_cut_off(cloche):
    assert "..." not in cloche().out.partition("Commands:")[2]


def test_pages_need_no_rich(cloche):
    """Plain text can be searched; boxes can't."""
    assert not set(cloche("run", "-h").out) & set("─│╭╮╰╯")
