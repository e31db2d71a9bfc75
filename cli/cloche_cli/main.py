"""The entry point: find the command that was typed, and import nothing but what it needs."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Command, flag, rest
from cloche_cli.parse import parse
from cloche_cli.usage import HelpWanted, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["ALIASES", "COMMANDS", "COMPLETION_VARIABLE", "Cloche", "find", "main", "run"]

#: Where each command is, in the order of the help page.
COMMANDS: Mapping[str, str] = {
    "run": "run:Run",
    "exec": "exec:Exec",
    "ps": "containers:Ps",
    "inspect": "containers:Inspect",
    "stats": "stats:Stats",
    "wait": "lifecycle:Wait",
    "stop": "lifecycle:Stop",
    "kill": "lifecycle:Kill",
    "pause": "lifecycle:Pause",
    "resume": "lifecycle:Resume",
    "rm": "lifecycle:Remove",
    "backends": "backends:Backends",
}
ALIASES: Mapping[str, str] = {"ls": "ps", "list": "ps", "unpause": "resume"}

#: By this shells ask for completions, as Typer names it.
COMPLETION_VARIABLE = "_CLOCHE_COMPLETE"
_MANY_OBJECTS = 100_000
_COMPLETION_OPTIONS = ("--install-completion", "--show-completion")


class Cloche(Command):
    """Run containers: isolated processes of this machine, with nothing else to install.

    The network is off unless asked for, and a foreground run leaves nothing behind.
    """

    verb: ClassVar[str] = "cloche"
    ends_at_argument: ClassVar[bool] = True
    version = flag("--version", help="Show the version and exit.")
    words = rest("COMMAND")


def main() -> NoReturn:
    """Be the program: do what was typed, and end the process.

    Looking for garbage and taking the interpreter apart would be a tenth of a short run's time, and
    the kernel takes everything back at once.
    """
    gc.set_threshold(_MANY_OBJECTS)
    _complete_streams()
    code = run(sys.argv[1:])
    os._exit(code)


def run(words: Sequence[str]) -> int:
    """Do what ``words`` (without the program's name) say; returns the exit code.

    Errors are printed, never raised, and output is flushed.
    """
    command = None
    try:
        command = _read(words)
        code = command()
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - every ending is told in a line
        from cloche_cli.errors import report

        return report(error, command)
    return code


def _complete_streams() -> None:
    """Open what was closed (``<&-``), so that no file of ours becomes a container's stream.

    What the output's encoding lacks is written as an escape.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))
        getattr(sys, name).reconfigure(errors="backslashreplace")


def find(verb: str) -> type[Command]:
    """Import a command by its name or alias; UsageError if there is none."""
    place = COMMANDS.get(ALIASES.get(verb, verb))
    if place is None:
        from cloche_cli import later

        raise later.command(verb) or unknown("command", verb, [*COMMANDS, *ALIASES])
    module, _, name = place.partition(":")
    found: type[Command] = getattr(__import__(f"cloche_cli.{module}", fromlist=[name]), name)
    return found


def _read(words: Sequence[str]) -> Command:
    if COMPLETION_VARIABLE in os.environ or (words[:1] and words[0] in _COMPLETION_OPTIONS):
        from cloche_cli.pages import Shell

        return Shell({"words": words})
    try:
        typed = parse(Cloche, words)
        return _command(typed)
    except HelpWanted as wanted:
        from cloche_cli.pages import Page

        return Page({"verb_wanted": wanted.command})


def _command(typed: Cloche) -> Command:
    verb, *words = typed.words or ["help"]
    if typed.version or verb == "version":
        from cloche_cli.version import Version

        return Version({})
    if verb == "help":
        raise HelpWanted(find(words[0]).verb if words else Cloche.verb)
    everywhere = {name: value for name, value in typed.values.items() if name != "words"}
    return parse(find(verb), words, everywhere)
