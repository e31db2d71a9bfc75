"""What a runtime is like that it says nowhere, found out once and remembered."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cloche.owners import boot_id
from cloche.values import Value

if TYPE_CHECKING:
    from cloche_oci.programs import Program

__all__ = ["UNIFIED", "Memory", "Traits"]

#: What makes a machine's control groups hybrid.
UNIFIED = "/sys/fs/cgroup/unified/cgroup.controllers"


class Traits(Value):
    """One program on one machine."""

    #: It refuses every container where cgroup2 is mounted beside cgroup1.
    refuses_hybrid_groups: bool
    #: It hands descriptors on to the container's process (``--preserve-fds``).
    passes_descriptors: bool


class Memory:
    """A file with the traits of a program, good until the next boot or version."""

    def __init__(self, path: str, program: Program) -> None:
        self._path = path
        self._program = program

    def recall(self) -> Traits | None:
        """What was found out on this machine as it is, of this program; None for nothing."""
        try:
            with open(self._path, encoding="utf-8") as file:
                found: object = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        match found:
            case [circumstances, bool(refuses), bool(passes)] if (
                circumstances == self._circumstances()
            ):
                return Traits(refuses_hybrid_groups=refuses, passes_descriptors=passes)
        return None

    def keep(self, traits: Traits) -> None:
        """Write it down, whole or not at all."""
        content = [
            *(self._circumstances(), traits.refuses_hybrid_groups, traits.passes_descriptors),
        ]
        draft = f"{self._path}.{os.urandom(4).hex()}"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.rename(draft, self._path)

    def _circumstances(self) -> list[object]:
        try:
            changed = os.stat(self._program.path).st_mtime_ns
        except OSError:
            changed = 0
        return [boot_id(), os.path.exists(UNIFIED), changed]
