"""D6: when stdin ends, CloseHandle StdIn is sent."""

from __future__ import annotations

from replaying.first import CLOSE_INPUT
from replaying.golden import Golden
from replaying.processes import document_of, io_of
from replaying.trace import Call

PATHS = ("calls[HcsModifyProcess]",)


def rewrite(golden: Golden) -> None:
    """Send it to each process whose input a pipe feeds and then ends."""
    for call in golden.named("HcsCreateProcess"):
        path = io_of(golden, call).get("Stdin")
        if call.succeeded and document_of(call)["CreateStdInPipe"] and _ends(golden, path):
            _send(golden, call)


def _ends(golden: Golden, path: str | None) -> bool:
    pipes = [pipe for step in golden.steps if step["op"] == "pipes" for pipe in step["pipes"]]
    fed = [pipe for pipe in pipes if pipe["feed"] is not None and not pipe["hold"]]
    return any(pipe["path"] == path for pipe in fed)


def _send(golden: Golden, created: Call) -> None:
    process = created.out["process"]
    for call in golden.after(created):
        if call.fn == "HcsRegisterProcessCallback" and call.args["process"] == process:
            if call.succeeded:
                sent = golden.call(
                    "HcsModifyProcess", call.step, process=process, settings=CLOSE_INPUT
                )
                golden.put_after(call, sent)
            return
