"""Further processes in a container: ``exec --detach``, under a keeper of their own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cloche import documents
from cloche_oci.calling import LIMIT
from cloche_oci.failures import explain, failure
from cloche_oci.launching import Failed, launch
from cloche_oci.process import KeptProcess
from cloche_oci.specification import process_of
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
    user = with_numbers(process.user, (), lambda: of_root(root))
    mark = f"exec-{os.urandom(6).hex()}"
    files = [f"{mark}-{name}" for name in ("process", "log", "plan", "pid", "console")]
    written, log, planned, *_ = files
    try:
        document = documents.to_json(process_of(process, user, streams.terminal))
        bundle.write(written, json.dumps(document).encode())
        plan = _plan(tool, bundle, container, files, join, streams.terminal)
        path = bundle.dump(planned, {**plan, "note": bundle.place(f"{mark}.json")})
        kept = launch(path, streams, (), LIMIT)
    except Failed as error:
        text = explain(bundle.read(log), "")
        raise failure(tool.program.name, "exec", container, text, process) from error
    finally:
        bundle.discard(*files)
    return KeptProcess(id, kept, {**kept.identity, "note": f"{mark}.json"}, None)


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
    options += ["--tty", "--console-socket", console] if terminal else []
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
        "note": "",
    }
