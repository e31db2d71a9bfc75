"""What a runtime says of its failures, and the edge where that becomes an error of ours."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cloche.errors import BackendError, ClocheError, CommandFailed, NotFound

if TYPE_CHECKING:
    from cloche.spec import Process

__all__ = ["explain", "failure"]

_MOST = 500
_UNKNOWN_CONTAINER = re.compile(r"container .*does not exist|/status`: No such file", re.IGNORECASE)
#: Where runtimes speak of executing the program: runc (and other users of Go), crun, runsc.
_EXEC = (
    r"(?:exec: \"[^\"]*\":|exec container process|open executable"
    r"|(?:process|in sandbox): failed to load|finding executable)"
)
_NOT_FOUND = re.compile(rf"executable .*not found|{_EXEC}.*no such file", re.IGNORECASE)
_NOT_RUNNABLE = re.compile(
    rf"{_EXEC}.*(?:permission denied|format error|is a directory)", re.IGNORECASE
)
_DIRECTORY = re.compile(r"chdir|cwd", re.IGNORECASE)
_TEXT_LOG = re.compile(r'\bmsg="((?:[^"\\]|\\.)*)"')


def explain(log: bytes, said: str) -> str:
    """Say in one line why a call failed: by its log (JSON lines), else by what it said.

    Both are a program's, so may be anything: it is cut short, and never trusted to be JSON.
    """
    told = [text for line in log.splitlines() if (text := _logged(line))]
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    text = told[-1] if told else lines[-1] if lines else ""
    quoted = _TEXT_LOG.search(text)
    return " ".join((quoted[1] if quoted else text).split())[:_MOST] or "it did not say why"


def _logged(line: bytes) -> str | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("level") not in {"error", "fatal"}:
        return None
    return str(entry.get("msg", ""))


def failure(
    program: str, verb: str, id: str, text: str, process: Process | None = None
) -> ClocheError:
    """Make one of our errors of what a runtime said."""
    name = process.args[0] if process is not None and process.args else None
    told: ClocheError = BackendError(f"{program} {verb}: {text}")
    if _UNKNOWN_CONTAINER.search(text):
        told = NotFound(f"{program} knows no container {id}")
    elif process is not None and _DIRECTORY.search(text):
        told = CommandFailed(f"working directory {process.cwd}: {text}", exit_code=126)
    elif name is not None and _NOT_FOUND.search(text):
        told = CommandFailed(f"command not found: {name}", exit_code=127)
    elif name is not None and _NOT_RUNNABLE.search(text):
        told = CommandFailed(f"command cannot be run: {name}: {text}", exit_code=126)
    told.operation, told.container, told.backend = verb, id, "oci"
    return told
