"""How device rules of cgroup2 get into the kernel: the extension's calls, as cgroups want them."""

from __future__ import annotations

from cloche_linux import calls

__all__ = ["PROGRAMS"]


class _Programs:
    def load(self, instructions: bytes) -> int:
        return calls.load_device_program(instructions)

    def attach(self, group: int, program: int) -> None:
        calls.attach_device_program(group, program)


PROGRAMS = _Programs()
