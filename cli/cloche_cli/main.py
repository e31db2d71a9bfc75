"""The entry point: find the command that was typed, and import nothing but what it needs."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Command, Group, flag
from cloche_cli.parse import parse
from cloche_cli.standard import complete_streams
from cloche_cli.usage import HelpWanted, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn, TypeAlias

    #: The words that lead to a command: ``("image", "pull")``.
    Path: TypeAlias = tuple[str, ...]

__all__ = ["COMPLETION_VARIABLE", "Cloche", "find", "main", "read", "run"]

#: By this shells ask for completions, as Typer names it.
COMPLETION_VARIABLE = "_CLOCHE_COMPLETE"
_MANY_OBJECTS = 100_000
_COMPLETION_OPTIONS = ("--install-completion", "--show-completion")


class Cloche(Group):
    """Run containers: isolated processes of this machine, with nothing else to install.

    The network is off unless asked for, and a foreground run leaves nothing behind.
    """

    verb: ClassVar[str] = "cloche"
    commands: ClassVar[Mapping[str, str]] = {
        "run": "run:Run",
        "create": "detached:Create",
        "start": "lifecycle:Start",
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
        "cp": "cp:Copy",
        "images": "image.listing:Images",
        "pull": "image.transfer:Pull",
        "push": "image.transfer:Push",
        "tag": "image.names:Tag",
        "rmi": "image.names:Remove",
        "history": "image.details:History",
        "save": "image.archives:Save",
        "load": "image.archives:Load",
        "import": "image.archives:Import",
        "export": "image.archives:Export",
        "commit": "changes:Commit",
        "diff": "changes:Diff",
        "login": "image.access:Login",
        "logout": "image.access:Logout",
        "backends": "backends:Backends",
        "oci": "oci.command:Oci",
        "image": "image:Image",
    }
    aliases: ClassVar[Mapping[str, str]] = {"ls": "ps", "list": "ps", "unpause": "resume"}
    version = flag("--version", help="Show the version and exit.")


def main() -> NoReturn:
    """Be the program: do what was typed, and end the process.

    Looking for garbage and taking the interpreter apart would be a tenth of a short run's time, and
    the kernel takes everything back at once.
    """
    gc.set_threshold(_MANY_OBJECTS)
    complete_streams()
    code = run(sys.argv[1:])
    os._exit(code)


def run(words: Sequence[str]) -> int:
    """Do what ``words`` (without the program's name) say; returns the exit code.

    Errors are printed, never raised, and output is flushed.
    """
    if sys.platform != "win32" and words[:1] == ["oci"]:
        from cloche_cli.oci.program import run as run_oci

        return run_oci(words[1:])
    command = None
    try:
        command = _answer(words)
        code = command()
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - every ending is told in a line
        from cloche_cli.errors import report

        return report(error, command)
    return code


def find(*names: str) -> type[Command]:
    """Import a command by the words that lead to it, aliases too; UsageError if there is none."""
    return _find(Cloche, (), names)[0]


def read(words: Sequence[str]) -> Command:
    """Read a line down to the command it is for; UsageError, or HelpWanted for its page."""
    typed = parse(Cloche, words, path=())
    if typed.version or typed.words[:1] == ["version"]:
        from cloche_cli.version import Version

        return Version({})
    return _below(typed, ())


def _answer(words: Sequence[str]) -> Command:
    if COMPLETION_VARIABLE in os.environ or (words[:1] and words[0] in _COMPLETION_OPTIONS):
        from cloche_cli.pages import Shell

        return Shell({"words": words})
    try:
        return read(words)
    except HelpWanted as wanted:
        from cloche_cli.pages import Page

        return Page({"path": wanted.path})


def _below(typed: Group, path: Path) -> Command:
    """Read the command of a group, and of the group in it."""
    name, *words = typed.words or ["help"]
    if name == "help":
        raise HelpWanted(_find(type(typed), path, words)[1])
    command, path = _find(type(typed), path, (name,))
    everywhere = {name: value for name, value in typed.values.items() if name != "words"}
    below = parse(command, words, everywhere, path=path)
    return _below(below, path) if isinstance(below, Group) else below


def _find(command: type[Command], path: Path, names: Sequence[str]) -> tuple[type[Command], Path]:
    """Find a command below another; returns its proper path too, without aliases."""
    if not names or not issubclass(command, Group):
        return command, path
    found = command.find(names[0])
    if found is None:
        from cloche_cli import later

        what = f"command of {' '.join(path)}" if path else "command"
        known = [*command.commands, *command.aliases]
        raise later.command(names[0]) or unknown(what, names[0], known)
    return _find(found, (*path, command.aliases.get(names[0], names[0])), names[1:])
