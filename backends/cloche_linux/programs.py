"""How device rules of cgroup2 get into the kernel: the extension's calls, as cgroups want them."""

from __future__ import annotations

from cloche_linux.calls import attach_device_program, load_device_program
from cloche_linux.cgroups.device_program import Programs

__all__ = ["PROGRAMS"]

PROGRAMS = Programs(load=load_device_program, attach=attach_device_program)
