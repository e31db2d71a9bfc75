"""Compile the default policy anew: ``python -m cloche_linux.seccomp``."""

from __future__ import annotations

from cloche.defaults import DEFAULT_PROFILE

from . import MACHINES, shipped_file
from .compiler import compiled

for machine in MACHINES:
    with open(shipped_file(machine), "wb") as file:
        file.write(compiled(DEFAULT_PROFILE, machine))
