"""The entry point of `cloche oci`, and of the program `cloche-oci`, which is the same."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import gc
import os
import warnings

from cloche.named import NamedTuple
from cloche_cli.oci.flags import Flag, Help, Typed, read
from cloche_cli.standard import complete_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["COMMANDS", "GLOBAL", "Command", "main", "run"]

_MANY_OBJECTS = 100_000
_BUILT_IN = "+SYSTEMD +CAP +SECCOMP +EBPF"

GLOBAL = (
    Flag("root", "text", "Keep containers below this directory."),
    Flag("log", "text", "Where to write messages."),
    Flag("log-format", "text", "Text or json."),
    Flag("debug", "switch", "Show where an error comes from."),
    Flag("cgroup-manager", "text", "Cgroupfs, systemd or disabled."),
    Flag("systemd-cgroup", "switch", "Let systemd make control groups."),
    Flag("rootless", "text", "Auto, true or false: it is always found out."),
    Flag("version", "switch", "Show the version.", ("v",)),
)


class Command(NamedTuple):
    """One command: where it is, its line, its flags, and whether they may follow other words."""

    module: str
    usage: str
    help: str
    flags: tuple[Flag, ...] = ()
    mixed: bool = True
    #: The exit code of its failures, where those of its programs are to be told from them.
    failure: int | None = None


_BUNDLE = Flag("bundle", "text", "The bundle's directory; the current one by default.", ("b",))
_CONSOLE = Flag("console-socket", "text", "Where the terminal's master is sent.")
_PIDFD = Flag("pidfd-socket", "text", "Where a pidfd of the process is sent.")
_PID_FILE = Flag("pid-file", "text", "Where the pid is written.")
_PRESERVE = Flag("preserve-fds", "number", "How many descriptors from 3 on are handed on.")
_CREATING = (
    _BUNDLE,
    _CONSOLE,
    _PIDFD,
    _PID_FILE,
    _PRESERVE,
    Flag("config", "text", "Another file than the bundle's config.json.", ("f",)),
    Flag("no-pivot", "switch", "Enter the root without pivot_root (on a ramfs)."),
    Flag("no-new-keyring", "switch", "Stay in the caller's session keyring."),
)

COMMANDS: Mapping[str, Command] = {
    "create": Command("creating", "ID", "Make a container that waits for start.", _CREATING),
    "run": Command(
        "creating",
        "ID",
        "Make a container, start it, and wait for its end.",
        (
            *_CREATING,
            Flag("detach", "switch", "Do not wait.", ("d",)),
            Flag("keep", "switch", "Do not delete it when it has ended."),
        ),
    ),
    "start": Command("lifecycle", "ID", "Let a created container run."),
    "state": Command("showing", "ID", "Show a container's state as JSON."),
    "kill": Command(
        "lifecycle",
        "ID [SIGNAL]",
        "Send a signal (SIGTERM).",
        (Flag("all", "switch", "To all its processes.", ("a",)),),
    ),
    "delete": Command(
        "lifecycle",
        "ID",
        "Take a container away.",
        (
            Flag("force", "switch", "End it first; one that is not there is fine.", ("f",)),
            Flag("regex", "switch", "All whose id has this regular expression in it.", ("r",)),
        ),
    ),
    "exec": Command(
        "executing",
        "ID COMMAND [ARGUMENT...]",
        "Run a further process.",
        (
            _CONSOLE,
            _PIDFD,
            _PID_FILE,
            _PRESERVE,
            Flag("process", "text", "A file with the process as JSON.", ("p",)),
            Flag("detach", "switch", "Do not wait.", ("d",)),
            Flag("tty", "switch", "With a terminal.", ("t",)),
            Flag("cwd", "text", "The working directory."),
            Flag("env", "list", "A variable, NAME=value.", ("e",)),
            Flag("user", "text", "UID[:GID].", ("u",)),
            Flag("additional-gids", "list", "A further group.", ("g",)),
            Flag("cap", "list", "A further capability.", ("c",)),
            Flag("no-new-privs", "switch", "Without new privileges."),
            Flag("ignore-paused", "switch", "In a paused container, too, once it runs on."),
            Flag("cgroup", "list", "A group beneath the container's, [CONTROLLER,...:]PATH."),
        ),
        mixed=False,
        failure=255,
    ),
    "ps": Command(
        "showing",
        "ID [OPTION...]",
        "List a container's processes.",
        (Flag("format", "text", "Table or json.", ("f",)),),
        mixed=False,
    ),
    "pause": Command("lifecycle", "ID", "Stop all processes where they are."),
    "resume": Command("lifecycle", "ID", "Let paused processes run on."),
    "update": Command(
        "updating",
        "ID",
        "Change limits.",
        (
            Flag("resources", "text", "A file with the limits as JSON; - is the input.", ("r",)),
            Flag("memory", "text", "Bytes, or 512M; -1 for no limit."),
            Flag("memory-reservation", "text", "Bytes."),
            Flag("memory-swap", "text", "Bytes, memory included; -1 for no limit."),
            Flag("kernel-memory", "text", "Nothing: Linux took it away."),
            Flag("kernel-memory-tcp", "text", "Bytes."),
            Flag("pids-limit", "text", "Processes."),
            Flag("cpu-period", "text", "Microseconds."),
            Flag("cpu-quota", "text", "Microseconds in each period."),
            Flag("cpu-burst", "text", "Microseconds beyond the quota."),
            Flag("cpu-share", "text", "Relative weight."),
            Flag("cpu-idle", "text", "1 to run when nobody else does."),
            Flag("cpu-rt-period", "text", "Microseconds."),
            Flag("cpu-rt-runtime", "text", "Microseconds in each period."),
            Flag("cpuset-cpus", "text", "Processors, such as 0-2,7."),
            Flag("cpuset-mems", "text", "Memory nodes."),
            Flag("blkio-weight", "text", "10 to 1000."),
            Flag("l3-cache-schema", "text", "Share of the cache: L3:0=7f0;1=1f."),
            Flag("mem-bw-schema", "text", "Share of the memory's bandwidth: MB:0=20;1=70."),
        ),
    ),
    "list": Command(
        "showing",
        "",
        "List containers.",
        (
            Flag("quiet", "switch", "Ids only.", ("q",)),
            Flag("format", "text", "Table or json.", ("f",)),
        ),
    ),
    "spec": Command(
        "showing",
        "",
        "Write a config.json to begin with.",
        (_BUNDLE, Flag("rootless", "switch", "For a user without privileges.")),
    ),
    "features": Command("showing", "", "Show what this runtime can do, as JSON."),
    "events": Command(
        "showing",
        "ID",
        "Show what a container uses, as JSON.",
        (
            Flag("stats", "switch", "Once, and end."),
            Flag("interval", "text", "Between two looks, such as 5s."),
        ),
    ),
    "checkpoint": Command("refusing", "ID", "Not supported.", mixed=False),
    "restore": Command("refusing", "ID", "Not supported.", mixed=False),
}


#: Where a command can't be called as it is typed.
_FUNCTIONS = {"exec": "execute", "list": "list_all"}


def main() -> NoReturn:
    """Be the program, without taking the interpreter apart at the end."""
    gc.set_threshold(_MANY_OBJECTS)
    complete_streams()
    os._exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Do what ``words`` say; returns the exit code. Errors are told, never raised."""
    typed = Typed({}, [])
    try:
        typed = _leading(words)
        _tell_warnings(typed)
        code = _version() if typed.switch("version") else _run(typed)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - every ending is told in a line
        from cloche_cli.oci.telling import fail

        return fail(error, typed, _failure(typed))
    return code


def _leading(words: Sequence[str]) -> Typed:
    """Read what stands before a command; a line without any asks for the page of them all."""
    try:
        return read(GLOBAL, words, mixed=False)
    except Help:
        return Typed({}, [])


def _failure(typed: Typed) -> int | None:
    command = COMMANDS.get(typed.words[0]) if typed.words else None
    return None if command is None else command.failure


def _tell_warnings(typed: Typed) -> None:
    def told(message: Warning | str, *_: object, **__: object) -> None:
        from cloche_cli.oci.telling import warn

        warn(str(message), typed)

    warnings.showwarning = told


def _run(typed: Typed) -> int:
    if not typed.words or typed.words[0] == "help":
        from cloche_cli.oci.pages import overview

        sys.stdout.write(overview())
        return 0
    name, *words = typed.words
    command = COMMANDS.get(name)
    if command is None:
        from cloche.errors import InvalidSpec

        raise InvalidSpec(f"no such command: {name}", hint=f"there are {', '.join(COMMANDS)}")
    if command.module == "refusing":  # with whatever flags
        words = [each for each in words if each.lstrip("-") in ("h", "help")]
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
    if typed.text("log") is not None or typed.text("log-format") is not None:
        from cloche_cli.oci.telling import check_log

        check_log(typed)
    module = import_module(f"cloche_cli.oci.{command.module}")
    code: int = getattr(module, _FUNCTIONS.get(name, name))(typed, below)
    return code


def _version() -> int:
    from cloche.oci.feature_list import version
    from cloche.spec import VERSION

    # The last line is crun's, by which its callers know what was built in.
    sys.stdout.write(f"cloche version {version()}\nspec: {VERSION}\n{_BUILT_IN}\n")
    return 0
