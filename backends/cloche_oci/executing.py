"""Further processes in a container: ``exec --detach``, under a keeper of their own."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from cloche import documents
from cloche.beneath import find
from cloche.errors import ClocheError
from cloche_oci.calling import LIMIT
from cloche_oci.failures import explain, failure
from cloche_oci.launching import Failed, launch
from cloche_oci.process import KeptProcess
from cloche_oci.specification import INSIDE, process_of
from cloche_oci.users import of_root, with_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.spec import Process
    from cloche.stdio import Size, Streams
    from cloche_oci.bundle import Bundle
    from cloche_oci.keeper.main import Plan
    from cloche_oci.tool import Tool

__all__ = ["execute"]


def execute(
    tool: Tool,
    bundle: Bundle,
    container: str,
    id: str,
    process: Process,
    streams: Streams,
    *,
    join: int | None,
    root: Callable[[], int],
) -> KeptProcess:
    """Run a process in a running container; returns when it runs.

    ``root`` opens the container's root, in which users are looked up. Raises CommandFailed
    (126, 127), TimedOut, BackendError.
    """
    alone = tool.program.has_own_kernel
    user = with_numbers(process.user, (), lambda: of_root(root))
    mark = f"exec-{os.urandom(6).hex()}"
    files = [f"{mark}-{name}" for name in ("process", "log", "plan", "pid", "console")]
    written, log, planned, *_ = files
    try:
        described = process_of(process, user, streams.terminal)
        if streams.terminal is not None and not alone:
            described = _sized(described, streams.terminal, root)
        document = documents.to_json(described)
        bundle.write(written, json.dumps(document).encode())
        plan = _plan(tool, bundle, container, files, join, streams.terminal)
        path = bundle.dump(planned, {**plan, "note": bundle.place(f"{mark}.json")})
        kept = launch(path, streams, (), LIMIT)
    except Failed as error:
        text = explain(bundle.read(log), "")
        raise failure(tool.program.name, "exec", container, text, process) from error
    finally:
        bundle.discard(*files)
    noted = {**kept.identity, "note": f"{mark}.json"}
    return KeptProcess(id, kept, noted, None, only_codes=alone)


def _sized(process: Process, terminal: Size, root: Callable[[], int]) -> Process:
    """Have our init, if the container has it, give the terminal its size before the program runs.

    crun does that when the program may have asked for it already. What is not there stays as it
    is, for the runtime to say so.
    """
    opened = root()
    try:
        if not (_is_there(opened, (INSIDE,), "") and _is_there(opened, *_looked_for(process))):
            return process
    finally:
        os.close(opened)
    size = (f"={terminal.height}", str(terminal.width))
    return process.replace(args=(INSIDE, *size, *(process.args or ())))


def _looked_for(process: Process) -> tuple[tuple[str, ...], str]:
    variables = (each.removeprefix("PATH=") for each in process.env or () if each[:5] == "PATH=")
    return process.args or (), next(variables, "")


def _is_there(root: int, args: tuple[str, ...], path: str) -> bool:
    """Whether a program is found, at its absolute path or by PATH, and may be run by anyone."""
    name = args[0] if args else ""
    places = [name] if name.startswith("/") else [f"{each}/{name}" for each in path.split(":")]
    return any(_is_program(root, place) for place in places if place.startswith("/"))


def _is_program(root: int, path: str) -> bool:
    try:
        with find(root, path) as place:
            kind = place.kind()
    except (ClocheError, OSError):
        return False
    return kind is not None and stat.S_ISREG(kind) and kind & 0o111 == 0o111


def _plan(
    tool: Tool,
    bundle: Bundle,
    container: str,
    files: list[str],
    join: int | None,
    terminal: Size | None,
) -> Plan:
    written, log, _, pid, console = files
    options = ["--process", bundle.place(written), "--detach", "--pid-file", bundle.place(pid)]
    options += ["--console-socket", console] if terminal else []
    return {
        "asker": os.getpid(),
        "stage": tool.stage(bundle, join),
        "directory": bundle.path,
        "make": tool.command(bundle.place(log), "exec", *options, container),
        "pid_file": bundle.place(pid),
        "thaw": None,
        "undo": None,
        "group": None,
        "timeout": LIMIT,
        "console": console if terminal else None,
        "size": list(terminal or ()),
        "preserved": 0,
        "reports": False,
        "null": tool.null(bundle),
        "note": "",
    }
