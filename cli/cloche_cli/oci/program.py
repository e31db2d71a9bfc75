"""The entry point of `cloche oci`, and of the program `cloche-oci`, which is the same."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import gc
import os
import warnings
from typing import TYPE_CHECKING, NamedTuple

from cloche_cli.oci.flags import Flag, Help, Typed, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["COMMANDS", "GLOBAL", "Command", "main", "run"]

_MANY_OBJECTS = 100_000

GLOBAL = (
    Flag("root", "text", "the directory that containers are kept in"),
    Flag("log", "text", "where to write messages"),
    Flag("log-format", "text", "text or json"),
    Flag("debug", "switch", "say more"),
    Flag("cgroup-manager", "text", "cgroupfs, systemd or disabled"),
    Flag("systemd-cgroup", "switch", "let systemd make control groups"),
    Flag("rootless", "text", "auto, true or false: it is always found out"),
    Flag("version", "switch", "show the version", ("v",)),
)


class Command(NamedTuple):
    """One command: where it is, its line, its flags, and whether they may follow other words."""

    module: str
    usage: str
    help: str
    flags: tuple[Flag, ...] = ()
    mixed: bool = True


_BUNDLE = Flag("bundle", "text", "the bundle's directory; the current one by default", ("b",))
_CONSOLE = Flag("console-socket", "text", "where the terminal's master is sent")
_PID_FILE = Flag("pid-file", "text", "where the pid is written")
_PRESERVE = Flag("preserve-fds", "number", "how many descriptors from 3 on are handed on")
_CREATING = (
    _BUNDLE,
    _CONSOLE,
    _PID_FILE,
    _PRESERVE,
    Flag("config", "text", "another file than the bundle's config.json", ("f",)),
    Flag("no-pivot", "switch", "enter the root without pivot_root (on a ramfs)"),
    Flag("no-new-keyring", "switch", "stay in the caller's session keyring"),
)

COMMANDS: Mapping[str, Command] = {
    "create": Command("creating", "ID", "make a container that waits for start", _CREATING),
    "run": Command(
        "creating",
        "ID",
        "make a container, start it, and wait for its end",
        (
            *_CREATING,
            Flag("detach", "switch", "do not wait", ("d",)),
            Flag("keep", "switch", "do not delete it when it has ended"),
        ),
    ),
    "start": Command("lifecycle", "ID", "let a created container run"),
    "state": Command("showing", "ID", "show a container's state as JSON"),
    "kill": Command(
        "lifecycle",
        "ID [SIGNAL]",
        "send a signal (SIGTERM)",
        (Flag("all", "switch", "to all its processes", ("a",)),),
    ),
    "delete": Command(
        "lifecycle",
        "ID",
        "take a container away",
        (Flag("force", "switch", "end it first; one that is not there is fine", ("f",)),),
    ),
    "exec": Command(
        "executing",
        "ID COMMAND [ARGUMENT…]",
        "run a further process",
        (
            _CONSOLE,
            _PID_FILE,
            _PRESERVE,
            Flag("process", "text", "a file with the process as JSON", ("p",)),
            Flag("detach", "switch", "do not wait", ("d",)),
            Flag("tty", "switch", "with a terminal", ("t",)),
            Flag("cwd", "text", "the working directory"),
            Flag("env", "list", "a variable, NAME=value", ("e",)),
            Flag("user", "text", "UID[:GID]", ("u",)),
            Flag("additional-gids", "list", "a further group", ("g",)),
            Flag("cap", "list", "a further capability", ("c",)),
            Flag("no-new-privs", "switch", "without new privileges"),
        ),
        mixed=False,
    ),
    "ps": Command(
        "showing",
        "ID [OPTION…]",
        "list a container's processes",
        (Flag("format", "text", "table or json", ("f",)),),
        mixed=False,
    ),
    "pause": Command("lifecycle", "ID", "stop all processes where they are"),
    "resume": Command("lifecycle", "ID", "let paused processes run on"),
    "update": Command(
        "updating",
        "ID",
        "change limits",
        (
            Flag("resources", "text", "a file with the limits as JSON; - is the input", ("r",)),
            Flag("memory", "text", "bytes"),
            Flag("memory-reservation", "text", "bytes"),
            Flag("memory-swap", "text", "bytes, memory included; -1 for no limit"),
            Flag("pids-limit", "text", "processes"),
            Flag("cpu-period", "text", "microseconds"),
            Flag("cpu-quota", "text", "microseconds in each period"),
            Flag("cpu-share", "text", "relative weight"),
            Flag("cpuset-cpus", "text", "processors, such as 0-2,7"),
            Flag("cpuset-mems", "text", "memory nodes"),
            Flag("blkio-weight", "text", "10 to 1000"),
        ),
    ),
    "list": Command(
        "showing",
        "",
        "list containers",
        (
            Flag("quiet", "switch", "ids only", ("q",)),
            Flag("format", "text", "table or json", ("f",)),
        ),
    ),
    "spec": Command(
        "showing",
        "",
        "write a config.json to begin with",
        (_BUNDLE, Flag("rootless", "switch", "for a user without privileges")),
    ),
    "features": Command("showing", "", "show what this runtime can do, as JSON"),
    "events": Command(
        "showing",
        "ID",
        "show what a container uses, as JSON",
        (
            Flag("stats", "switch", "once, and end"),
            Flag("interval", "text", "between two looks, such as 5s"),
        ),
    ),
    "checkpoint": Command("refusing", "ID", "not supported", mixed=False),
    "restore": Command("refusing", "ID", "not supported", mixed=False),
}


#: Where a command can't be called as it is typed.
_FUNCTIONS = {"exec": "execute", "list": "list_all"}


def main() -> NoReturn:
    """Be the program, without taking the interpreter apart at the end."""
    gc.set_threshold(_MANY_OBJECTS)
    os._exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Do what ``words`` say; returns the exit code. Errors are told, never raised."""
    typed = Typed({}, [])
    try:
        typed = read(GLOBAL, words, mixed=False)
        _tell_warnings(typed)
        code = _version() if typed.switch("version") else _run(typed)
        sys.stdout.flush()
    except Help:
        from cloche_cli.oci.pages import overview

        sys.stdout.write(overview())
        sys.stdout.flush()
        return 0
    except BaseException as error:  # noqa: BLE001 - every ending is told in a line
        from cloche_cli.oci.telling import fail

        return fail(error, typed)
    return code


def _tell_warnings(typed: Typed) -> None:
    def told(message: Warning | str, *_: object, **__: object) -> None:
        from cloche_cli.oci.telling import warn

        warn(str(message), typed)

    warnings.showwarning = told


def _run(typed: Typed) -> int:
    if not typed.words or typed.words[0] == "help":
        raise Help
    name, *words = typed.words
    command = COMMANDS.get(name)
    if command is None:
        from cloche.errors import InvalidSpec

        raise InvalidSpec(f"no such command: {name}", hint=f"there are {', '.join(COMMANDS)}")
    try:
        below = read(command.flags, words, mixed=command.mixed)
    except Help:
        from cloche_cli.oci.pages import page

        sys.stdout.write(page(name, command))
        return 0
    return _call(name, command, typed, below)


def _call(name: str, command: Command, typed: Typed, below: Typed) -> int:
    from importlib import import_module

    from cloche_cli.oci.cgroups import check_manager

    check_manager(typed)
    module = import_module(f"cloche_cli.oci.{command.module}")
    code: int = getattr(module, _FUNCTIONS.get(name, name))(typed, below)
    return code


def _version() -> int:
    from cloche.oci.features import version
    from cloche.spec import VERSION

    sys.stdout.write(f"cloche version {version()}\nspec: {VERSION}\n")
    return 0
