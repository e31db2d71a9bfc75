"""How a plan fails: by the step, in the kernel's own terms."""

from __future__ import annotations

import os

from cloche_linux.steps import Step


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

    By errno: ENOENT is "not found" (127), anything else "cannot be run" (126).
    """

    has_shell = False
