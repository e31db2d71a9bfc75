"""How a plan fails: by the step, in the kernel's own terms."""

from __future__ import annotations

import os

from cloche_linux.protocol import HAS_PROGRAM, HAS_SHELL, ORDINAL, PLACE
from cloche_linux.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche_linux.packets import Packet


class StepFailed(OSError):
    """A step of the plan failed: ``step``, ``errno`` and, where there is one, ``filename``.

    Nothing of the process is left when this is raised.
    """

    def __init__(self, step: Step, number: int, path: str = "", detail: str = "") -> None:
        what = f"{step.name.lower()}: {os.strerror(number)}" + (f" ({detail})" if detail else "")
        super().__init__(number, what, path or None)
        self.step = step
        self.detail = detail
        #: The JSON path of what the step was for, where that is known.
        self.origin = ""


class ExecFailed(StepFailed):
    """The program could not be executed; ``has_shell`` says whether the root has a ``/bin/sh``.

    By errno: ENOENT is "not found" (127), anything else "cannot be run" (126). With ``has_program``
    it is not the program that was not found, but what that is to be run by.
    """

    has_shell = False
    has_program = False


def told(packet: Packet, origins: Sequence[str]) -> StepFailed:
    """Make a failure of what the helper says of it.

    ``origins``: what each step of its plan comes from, as far as that is known.
    """
    step, place = Step(packet.number), packet.flags >> PLACE
    kind = ExecFailed if step in (Step.EXECUTE, Step.FIND_PROGRAM) else StepFailed
    failure = kind(step, packet.error, packet.path, packet.detail)
    failure.origin = origins[place] if place < len(origins) else ""
    if step is Step.HOOK and not failure.origin:  # who starts it has not laid it out
        failure.origin = f"startContainer hook #{(packet.flags & (1 << PLACE) - 1) >> ORDINAL}"
    if isinstance(failure, ExecFailed):
        failure.has_shell = bool(packet.flags & HAS_SHELL)
        failure.has_program = bool(packet.flags & HAS_PROGRAM)
    return failure
