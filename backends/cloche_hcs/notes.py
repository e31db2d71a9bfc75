"""What is kept of one container in core's directory for it: lines of JSON, each a step further.

The first line is written before the service is asked for anything, so that whoever comes after a
crash knows what there may be. A torn last line counts as not written.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.documents import read, write
from cloche.errors import InvalidSpec
from cloche.runtime import Isolation
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Notebook", "Notes", "understood"]

_FILE = "hcs.json"
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class Notes(Value, kw_only=True):
    """What is to be known of a container beyond its id, by us and by those who find it again."""

    #: The folders of its layers, topmost first.
    layers: tuple[str, ...] = ()
    isolation: Isolation = Isolation.PROCESS
    #: The image of its virtual machine.
    utility_vm: str | None = None
    #: Where its first process works: others do, too, unless they say otherwise.
    cwd: str = ""
    #: It installs updates of another container, and ends by itself.
    servicing: bool = False
    #: It runs nothing of its own.
    idle: bool = False
    #: It was let run, or that was tried.
    started: bool = False
    #: The first process; None before the start, and for an idle container.
    pid: int | None = None
    #: Seconds that operations may take; None for the usual.
    timeout: float | None = None

    def as_info(self) -> Mapping[str, object]:
        """Say it in small JSON: what is as usual is left out."""
        usual = self.__defaults__
        info = {name: value for name, value in self.__dict__.items() if value != usual[name]}
        return {**info, "layers": list(self.layers), "isolation": self.isolation.value}


class Notebook:
    """The notes of one container as they lie on the disk."""

    __slots__ = ("_path",)

    def __init__(self, state: Path | str) -> None:
        self._path = os.path.join(state, _FILE)

    def begin(self, configuration: str, notes: Notes) -> None:
        """Keep the document that the service gets, and what goes with it."""
        document = configuration.encode("utf-8", "surrogatepass")
        self._append(b'{"configuration":%s}\n%s\n' % (document, write(notes.as_info())))

    def add(self, notes: Notes) -> None:
        """Keep what has become of it; earlier notes don't count any more."""
        self._append(write(notes.as_info()) + b"\n")

    def read(self) -> Notes | None:
        """Give the last notes; None if there are none, or none that make sense."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().split(b"\n")[1:-1]
        except FileNotFoundError:
            return None
        return understood(lines[-1]) if lines else None

    def forget(self) -> None:
        """Take the notes away."""
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            return

    def _append(self, line: bytes) -> None:
        file = os.open(self._path, _FLAGS | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def understood(told: bytes | Mapping[str, object]) -> Notes | None:
    """Read notes; None if they are not ours, or damaged."""
    try:
        return read(Notes, told, strict=True)
    except InvalidSpec:
        return None
