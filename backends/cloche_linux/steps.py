"""The steps the helper knows, and how a list of them is written down.

A plan is three areas, all little-endian: a header of 32 bytes, one record of 64 bytes for each
step, and the text that the records point into. ``_native/plan.h`` holds the same layout for C,
``_native/steps.h`` the same names and numbers.
"""

from __future__ import annotations

import enum
import struct
import sys

from cloche.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NewType

    Extra = NewType("Extra", int)
else:
    Extra = int
"""The place, from 0, of a descriptor among the ``extras`` that the helper is spawned with."""

MAGIC = 0x504C4F43
VERSION = 1
MAX_STEPS = 4096
MAX_BYTES = 64 << 20
DETACHED = 1
KEPT = 2

_HEADER = struct.Struct("<IHHIIHHIiI")
_RECORD = struct.Struct("<HHiQQQIIIIIIII")


class Turn(enum.IntEnum):
    """Which of two tries a step is: what one user may not do, the other may."""

    ONLY = 0
    #: EACCES is left to the next one.
    FIRST = 1
    #: Nothing is to be done unless the first one was denied it.
    SECOND = 2


class Step(enum.IntEnum):
    """What can go wrong, by name: errors carry one of these, faults are injected at one of
    these."""

    PLAN = 0
    UNSHARE = 1
    JOIN = 2
    JOIN_PROCESS = 3
    MAP_BY_PARENT = 4
    MAP_SELF = 5
    REEXECUTE = 6
    FORK = 7
    ATTACH_CGROUP = 8
    OOM_SCORE = 9
    SESSION_KEYRING = 10
    PROPAGATION = 11
    SCRATCH = 12
    ROOT_OVERLAY = 13
    ROOT_BIND = 14
    ROOT_ATTRIBUTES = 15
    MOUNT = 16
    OVERLAY = 17
    BIND = 18
    REMOUNT = 19
    DIRECTORY = 20
    DEVICE = 21
    SYMLINK = 22
    FILE = 23
    MASK = 24
    READ_ONLY = 25
    PIVOT = 26
    HOSTNAME = 27
    DOMAINNAME = 28
    LOOPBACK = 29
    SYSCTL = 30
    TERMINAL = 31
    CONSOLE = 32
    READY = 33
    INIT = 34
    IDLE = 35
    DESCRIPTORS = 36
    CONTROLLING_TERMINAL = 37
    RLIMIT = 38
    UMASK = 39
    SCHEDULER = 40
    PERSONALITY = 41
    WORKING_DIRECTORY = 42
    BOUNDING = 43
    IDENTITY = 44
    CAPABILITIES = 45
    NO_NEW_PRIVILEGES = 46
    SECCOMP = 47
    PARENT_DEATH = 48
    EXECUTE = 49
    SEND_ROOT = 50
    PROBE = 51
    HOOKS_BY_PARENT = 52
    HOOK = 53
    AWAIT_START = 54
    TIME_OFFSETS = 55
    IO_PRIORITY = 56
    AFFINITY = 57
    GIVE_STREAMS = 58
    FIND_PROGRAM = 59
    CLONE_TREE = 60
    ENTER_ROOT = 61
    GROUP_BY_PARENT = 62
    MEMORY_POLICY = 63
    SEND_NETLINK = 64
    LABEL = 65
    KEEP = 66


class Section(NamedTuple):
    """Some steps as they are written in a plan."""

    records: bytes
    steps: int
    #: What each step comes from.
    origins: tuple[str, ...]


class Written(NamedTuple):
    """Sections of plans, and the text at the beginning of every plan that includes them."""

    text: bytes
    sections: tuple[Section, ...]


class Recorder:
    """Writes steps down in the order they are asked for; :class:`cloche_linux.plan.Plan` gives
    them names."""

    __slots__ = (
        *("_area", "_count", "_cuts", "_end", "_fault", "_flags", "_origins", "_records"),
        "origin",
    )

    def __init__(self, text: bytes = b"\0") -> None:
        """Begin with the ``text`` that sections included later point into."""
        self._records: list[bytes] = []
        self._count = 0
        self._area: list[bytes] = [text]
        self._end = len(text)
        self._fault = (0, 0, 0)
        self._cuts: list[Section] = []
        self._flags = 0
        #: What the next steps come from, as a JSON path of the specification.
        self.origin = ""
        self._origins: list[str] = []

    def __len__(self) -> int:
        """The number of steps so far."""
        return self._count

    def detach(self) -> None:
        """Let the processes of this plan live on when the embedding process has ended."""
        self._flags |= DETACHED

    def cut(self) -> None:
        """End a section here: what was recorded since the last one ended."""
        self._cuts.append(Section(b"".join(self._records), self._count, self.origins))
        self._records, self._count, self._origins = [], 0, []

    def written(self) -> Written:
        """Return the sections that were cut, and the text they all point into."""
        return Written(b"".join(self._area), tuple(self._cuts))

    def include(self, section: Section) -> None:
        """Go on with a section; this plan began with the text that it points into."""
        self._records.append(section.records)
        self._count += section.steps
        self._origins += section.origins

    @property
    def origins(self) -> tuple[str, ...]:
        """What each step comes from: a JSON path, or nothing."""
        return tuple(self._origins)

    def inject(self, step: Step, errno: int, occurrence: int = 1) -> None:
        """Make the helper fail with ``errno`` where it would begin the given occurrence (from 1)
        of a step.

        The failure takes the same way as one from the kernel. A plan holds at most one fault; a
        step that the plan does not have is never reached and nothing fails.
        """
        self._fault = (int(step), occurrence, errno)

    def encode(self) -> bytes:
        """Return the plan as the helper reads it."""
        area = b"".join(self._area)
        step, occurrence, errno = self._fault
        header = _HEADER.pack(
            MAGIC,
            VERSION,
            _RECORD.size,
            self._count,
            len(area),
            step,
            self._flags,
            occurrence,
            errno,
            0,
        )
        return b"".join((header, *self._records, area))

    def _text(self, text: bytes) -> tuple[int, int]:
        """Keep text, which may hold anything, with a NUL after it; returns where it is."""
        if not text:
            return 0, 0
        start, length = self._end, len(text)
        self._area.append(text)
        self._area.append(b"\0")
        self._end = start + length + 1
        return start, length

    def _add(
        self,
        step: Step,
        path: bytes = b"",
        source: bytes = b"",
        data: bytes = b"",
        more: bytes = b"",
        *,
        flags: int = 0,
        number: int = 0,
        first: int = 0,
        second: int = 0,
        third: int = 0,
    ) -> None:
        text = self._text
        self._count += 1
        if step is Step.KEEP:
            self._flags |= KEPT
        self._origins.append(self.origin)
        self._records.append(
            _RECORD.pack(
                step,
                flags,
                number,
                first,
                second,
                third,
                *text(path),
                *text(source),
                *text(data),
                *text(more),
            )
        )


def as_path(path: str | bytes) -> bytes:
    """Return a path, name or argument as the kernel takes it.

    Raises ValueError if it holds a NUL, which would silently cut it short.
    """
    raw = (
        path.encode(sys.getfilesystemencoding(), "surrogateescape")
        if isinstance(path, str)
        else path
    )
    if b"\0" in raw:
        raise ValueError(f"a NUL in {path!r}")
    return raw


def as_list(items: Iterable[str | bytes]) -> bytes:
    """Return strings one after the other, each ended by a NUL."""
    return b"".join([as_path(item) + b"\0" for item in items])
