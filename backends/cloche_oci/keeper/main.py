"""The two things this program does: keep a process, and run one command of a runtime inside."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TypedDict

from cloche_oci.keeper.channel import CHANNEL, say
from cloche_oci.keeper.children import Abandoned, Late, end_all, reap, run
from cloche_oci.keeper.following import follow, oom_kills
from cloche_oci.keeper.grouping import remove
from cloche_oci.keeper.kernel import adopt_orphans
from cloche_oci.keeper.nulls import without_null
from cloche_oci.keeper.staging import Stage, set_up

if TYPE_CHECKING:
    from cloche_oci.keeper.terminal import Console

__all__ = ["Plan", "enter", "keep"]

_UNDO_LIMIT = 10.0


class Plan(TypedDict):
    """What is to be kept, and how."""

    #: The process for which it is kept; None for nobody in particular.
    asker: int | None
    stage: Stage
    #: The bundle: relative paths below are in it.
    directory: str
    #: The command that makes the process and returns; it writes ``pid_file``.
    make: list[str]
    pid_file: str
    #: Commands for when the asker is gone: to let what is frozen die, and to take away the rest.
    thaw: list[str] | None
    undo: list[str] | None
    #: A control group to be removed then, which a runtime that was killed may have begun.
    group: str | None
    #: Seconds that ``make`` may take.
    timeout: float
    #: The socket at which a terminal is received, and its width and height; None without one.
    console: str | None
    size: list[int]
    #: How many descriptors after the channel are the process's, as 3, 4, ….
    preserved: int
    #: The process is an init of ours, and reports to a descriptor after those.
    reports: bool
    #: An empty directory, if the streams are to be nobody else's null device; None if they may be.
    null: str | None
    #: Where it is written down who is who, and how it ended.
    note: str


def keep(path: str) -> None:
    """Keep what the plan in the file ``path`` says until it has ended."""
    with open(path, encoding="utf-8") as file:
        plan: Plan = json.load(file)
    for descriptor in range(CHANNEL, CHANNEL + 1 + plan["preserved"]):
        os.set_inheritable(descriptor, False)
    try:
        _keep(plan)
    except Abandoned:
        _undo(plan)
    except Late:
        end_all()
        say({"late": True})
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        say({"error": f"{error.strerror or error}{place}"})
    os._exit(0)


def _keep(plan: Plan) -> None:
    adopt_orphans()
    asker = _open_asker(plan["asker"])
    _note(plan["note"], {"keeper": _identity(os.getpid())})
    set_up(plan["stage"])
    os.chdir(plan["directory"])
    report, telling = os.pipe() if plan["reports"] else (None, None)
    given = [*range(CHANNEL + 1, CHANNEL + 1 + plan["preserved"])]
    given += [] if telling is None else [telling]
    console = _listen(plan)
    streams = [0, 1, 2] if plan["null"] is None else without_null([0, 1, 2], plan["null"])
    code = run(plan["make"], [*streams, *given], plan["timeout"], asker, console)
    for descriptor in given:
        os.close(descriptor)
    _let_go_of_streams()
    if code:
        end_all()
        say({"failed": code})
        return
    _follow(plan, console, report, asker)


def _listen(plan: Plan) -> Console | None:
    if plan["console"] is None:
        return None
    from cloche_oci.keeper.terminal import Console

    return Console(plan["console"], plan["size"])


def _follow(plan: Plan, console: Console | None, report: int | None, asker: int | None) -> None:
    with open(plan["pid_file"], encoding="ascii") as file:
        pid = int(file.read())
    identity: dict[str, object] = {
        "keeper": _identity(os.getpid()),
        "process": _identity(pid),
    }
    pidfd = os.pidfd_open(pid)
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
        groups = file.read()
    _note(plan["note"], identity)
    say({"made": identity}, [pidfd, *(console.take() if console else ())])
    if console is not None:
        console.close()
    try:
        status = follow(pid, pidfd, report, asker)
    except Abandoned:
        _call(plan["thaw"])
        raise
    ended: dict[str, object] = {"ended": status, "oom": bool(oom_kills(groups))}
    _note(plan["note"], {**identity, **ended})
    reap()
    say(ended)


def _open_asker(pid: int | None) -> int | None:
    """Open who wants it; Abandoned if that is gone already."""
    if pid is None:
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        raise Abandoned from None
    if os.getppid() != pid:
        raise Abandoned
    return descriptor


def _undo(plan: Plan) -> None:
    """End everything and take it away: nobody else will, before another asker comes by."""
    end_all()
    _call(plan["undo"])
    if plan["group"] is not None:
        with suppress(OSError):  # who comes by later looks again
            remove(plan["group"])


def _call(command: list[str] | None) -> None:
    """Run a command of the runtime that may fail: who comes by later looks again."""
    if command is None:
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    with suppress(OSError, Late):
        run(command, [nothing] * 3, _UNDO_LIMIT, None)
    os.close(nothing)


def _let_go_of_streams() -> None:
    """The process has them now: who reads them sees their end when it closes them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _identity(pid: int) -> dict[str, object]:
    """Name a process for good: pids are used again."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        start = int(file.read().rpartition(b")")[2].split()[19])
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return {"pid": pid, "start": start, "boot": file.read().strip()}


def _note(path: str, content: dict[str, object]) -> None:
    """Write it down, whole or not at all; where the place is gone, nobody needs it."""
    draft = f"{path}.draft"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.rename(draft, path)
    except FileNotFoundError:
        return


def enter(path: str, command: list[str]) -> None:
    """Become one command of a runtime on the stage in the file ``path``."""
    with open(path, encoding="utf-8") as file:
        stage: Stage = json.load(file)
    try:
        set_up(stage)
        os.execv(command[0], command)  # a list of our own, no shell
    except OSError as error:
        sys.exit(f"{command[0]}: {error}")


def main() -> None:
    """``keep PLAN`` or ``enter STAGE COMMAND…``; signals are as they are by default.

    The asker's umask is nothing of the container's: its root must be open to all of its users.
    """
    os.umask(0o022)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    verb, path, *command = sys.argv[2:]
    if verb == "keep":
        keep(path)
    else:
        enter(path, command)
