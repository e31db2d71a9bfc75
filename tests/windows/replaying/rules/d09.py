"""D9: a terminal means EmulateConsole, ConsoleSize [height, width] and no stderr pipe."""

from __future__ import annotations

from replaying.golden import Golden
from replaying.processes import document_of, has_terminal, io_of, process_of
from replaying.trace import Call

PATHS = (
    "calls[HcsCreateProcess].args.processParameters.EmulateConsole",
    "calls[HcsCreateProcess].args.processParameters.ConsoleSize",
    "calls[HcsCreateProcess].args.processParameters.CreateStdErrPipe",
    "calls[HcsCreateProcess].out.processInformation.StdError",
)

#: What a console has where nobody says how large it is: width and height.
USUAL = (80, 24)


def rewrite(golden: Golden) -> None:
    """The console is asked for, which the first implementation forgot."""
    for call in golden.named("HcsCreateProcess"):
        document = document_of(call)
        forgotten = document["EmulateConsole"] is False and document["ConsoleSize"] == [0, 0]
        if not has_terminal(golden, call) or not forgotten:
            continue
        size = process_of(golden, call).get("consoleSize") or {}
        width, height = size.get("width", USUAL[0]), size.get("height", USUAL[1])
        document["EmulateConsole"] = True
        document["ConsoleSize"] = [height, width]
        if not io_of(golden, call).get("Terminal"):
            _without_stderr(call)


def _without_stderr(call: Call) -> None:
    """It took no terminal for one unless the streams said so."""
    document_of(call)["CreateStdErrPipe"] = False
    pipes = call.out.get("processInformation")
    if isinstance(pipes, dict):
        pipes["StdError"] = None
