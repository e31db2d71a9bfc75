"""Which runtime a bare ``oci`` means here: found out once, as long as nothing has changed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cloche.errors import Unavailable
from cloche.locations import private_directory
from cloche.owners import boot_id
from cloche_oci.programs import find_all

if TYPE_CHECKING:
    from cloche_oci.programs import Program

__all__ = ["Choice"]


class Choice:
    """The best of the known runtimes that works, remembered in a home directory."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._file = os.path.join(home, "best.json")

    def program(self) -> Program:
        """Name it; Unavailable if none works."""
        programs = find_all(None)
        seen: list[object] = [
            boot_id(),
            *([each.path, os.stat(each.path).st_mtime_ns] for each in programs),
        ]
        for each in programs:
            if self._remembered() == [each.path, seen]:
                return each
        return self._find_out(seen)

    def _remembered(self) -> object:
        try:
            with open(self._file, encoding="utf-8") as file:
                return json.load(file)
        except (FileNotFoundError, ValueError):
            return None

    def _find_out(self, seen: list[object]) -> Program:
        from cloche_oci.probing import best

        found = best()
        if found is None:
            raise Unavailable("no OCI runtime works here", remedy="apt-get install crun")
        private_directory(self._home)
        draft = f"{self._file}.{os.urandom(4).hex()}"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump([found.path, seen], file)
        os.rename(draft, self._file)
        return found
