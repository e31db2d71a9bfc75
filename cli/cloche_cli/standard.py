"""The three streams that a program begins with, which who starts it may have closed."""

from __future__ import annotations

import os
import sys

__all__ = ["complete_streams"]


def complete_streams() -> None:
    """Open what was closed (``<&-``), so that no file of ours becomes a container's stream.

    What the output's encoding lacks is written as an escape.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))
        getattr(sys, name).reconfigure(errors="backslashreplace")
