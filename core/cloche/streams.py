"""Standard streams as users name them, and several drivers' streams as one."""

from __future__ import annotations

__all__ = ["DEVNULL", "PIPE", "STDOUT"]

#: A pipe whose other end the caller gets. The numbers are those of ``subprocess``.
PIPE = -1
#: For stderr: wherever stdout goes.
STDOUT = -2
#: Nothing comes in, and what goes out is lost.
DEVNULL = -3
