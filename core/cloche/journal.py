"""The journal of one container: what is kept about it, line by line, and how it is read again.

Each line is written before the step it names, in one go. A process that dies leaves whole lines and
at most a torn last one, which counts as not written.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import StrEnum

from cloche.capability import Lifetime
from cloche.errors import InvalidSpec
from cloche.exit import ExitStatus, Reason
from cloche.values import Value, field

__all__ = ["Entry", "Header", "Note", "Step", "parse"]

#: Changes when an older Cloche could not understand the journal any more.
VERSION = 1


class Step(StrEnum):
    """What was about to be done when the line was written."""

    PREPARING = "preparing"
    CREATING = "creating"
    #: It waits for its start.
    CREATED = "created"
    STARTING = "starting"
    ENDED = "ended"
    REMOVING = "removing"


class Header(Value, kw_only=True):
    """The first line: what is known before anything is made. Times are seconds since 1970."""

    version: int = VERSION
    id: str
    name: str | None = None
    created: float
    args: tuple[str, ...] = ()
    runtime: str
    layer_store: str | None = None
    stdio_driver: str | None = None
    image: str | None = None
    #: The digest of the image's manifest, and its layers' diffIDs, which it needs as long as it is.
    image_digest: str | None = None
    layers: tuple[str, ...] = ()
    rootfs: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    isolation: str = "process"
    lifetime: str = "process"
    #: The container before whose removal this one runs; None for those that people make.
    errand_of: str | None = None
    keep: bool = False
    stop_signal: int = 15
    stop_timeout: float = 10.0


class Note(Value, kw_only=True):
    """Every further line."""

    step: Step
    time: float | None = None
    #: What the runtime finds the container again by.
    info: Mapping[str, object] | None = None
    pid: int | None = None
    #: Where its streams go, if they can be opened by another process, too.
    stdio: Mapping[str, object] | None = None
    #: Why it could not be started.
    error: str | None = None
    #: How it ended.
    code: int | None = None
    signal: str | None = None
    reason: Reason | None = None

    @classmethod
    def ended(cls, status: ExitStatus, error: str | None = None, when: float | None = None) -> Note:
        """Say how it ended, and when, or now; ``error`` if it could not even be started."""
        return cls(
            step=Step.ENDED,
            time=time.time() if when is None else when,
            error=error,
            code=status.code,
            signal=status.signal,
            reason=status.reason,
        )

    @property
    def status(self) -> ExitStatus | None:
        """How it ended, if the note says that."""
        return None if self.reason is None else ExitStatus(self.code, self.signal, self.reason)


class Entry(Value, kw_only=True):
    """A container as its record tells."""

    id: str
    directory: str
    #: Name of the owner; None where the record has none.
    owner: str | None = None
    header: Header | None = None
    #: The last step that was begun; None if not even the header was written.
    step: Step | None = None
    info: Mapping[str, object] | None = None
    pid: int | None = None
    stdio: Mapping[str, object] | None = None
    started: float | None = None
    finished: float | None = None
    status: ExitStatus | None = None
    #: Why it could not be started.
    error: str | None = None
    #: What is wrong with the record, in one line.
    problem: str | None = None
    #: There is no record; a runtime says that the container is ours.
    stray: bool = False

    @property
    def name(self) -> str:
        """The given name, or the id."""
        return (self.header.name if self.header else None) or self.id

    @property
    def owner_pid(self) -> int | None:
        """The process that made it."""
        number = (self.owner or "").partition("-")[0]
        return int(number) if number.isdigit() else None

    @property
    def survives_owner(self) -> bool:
        """Whether it stays when the process that made it has ended."""
        kept = self.header is not None and self.header.keep
        return kept and self.step in (Step.CREATED, Step.STARTING, Step.ENDED)

    @property
    def may_live_on(self) -> bool:
        """Whether it may run without the process that made it; only its runtime knows."""
        detached = self.header is not None and self.header.lifetime == Lifetime.DETACHED
        return detached and self.step in (Step.CREATED, Step.STARTING)


def parse(id: str, directory: str, owner: str | None, journal: bytes) -> Entry:
    """Read a journal; what can't be understood is the entry's ``problem``, never an error."""
    lines = journal.split(b"\n")[:-1]
    if not lines:
        return Entry(id=id, directory=directory, owner=owner)
    facts: dict[str, object] = {}
    try:
        _read(facts, id, lines)
    except InvalidSpec as error:
        facts["problem"] = f"its record is damaged: {error}"
    return Entry(id=id, directory=directory, owner=owner, **facts)  # type: ignore[arg-type]


def _read(facts: dict[str, object], id: str, lines: list[bytes]) -> None:
    """Gather what the lines tell, up to the first that is damaged."""
    from cloche.documents import read

    header = read(Header, lines[0], strict=True)
    if header.id != id:
        raise InvalidSpec(f"it is the record of {header.id}", path="id")
    facts |= {"header": header, "step": Step.PREPARING}
    for line in lines[1:]:
        if not line.startswith(b'{"spec":'):
            _add(facts, read(Note, line, strict=True))


def _add(facts: dict[str, object], note: Note) -> None:
    facts["step"] = note.step
    for name in ("info", "pid", "stdio", "error"):
        if (value := getattr(note, name)) is not None:
            facts[name] = value
    if note.step is Step.STARTING:
        facts["started"] = note.time
    if note.step is Step.ENDED:
        facts["finished"], facts["status"] = note.time, note.status
