"""The whole error tree: one root, attributes instead of texts to parse.

Every class says what its reader should do. Backends translate what their platform reports into one
of these at their edge and keep the original as ``__cause__``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from cloche.result import Result

__all__ = [
    "AlreadyExists",
    "BackendError",
    "CleanupFailed",
    "ClocheError",
    "CommandFailed",
    "ImageError",
    "InvalidSpec",
    "InvalidState",
    "NotFound",
    "NotSupported",
    "TimedOut",
    "Unavailable",
]


class ClocheError(Exception):
    """Something that Cloche was asked to do did not happen; catch this to catch them all."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        operation: str | None = None,
        container: str | None = None,
        backend: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        #: What the reader can do about it, as one line; None where nothing honest can be said.
        self.hint = hint
        #: The verb that failed, in the contract's words ("create", "exec", …).
        self.operation = operation
        #: Name or id of the container concerned.
        self.container = container
        #: Name of the backend that failed.
        self.backend = backend

    def __str__(self) -> str:
        return self.message


class InvalidSpec(ClocheError):
    """A request or document is wrong; correct the field that ``path`` names and ask again."""

    def __init__(
        self, message: str, *, path: str | None = None, hint: str | None = None, **where: str | None
    ) -> None:
        super().__init__(message, hint=hint, **where)
        #: JSON path of the fault in the OCI document, or the name of the parameter.
        self.path = path


class NotFound(ClocheError):
    """What was named does not exist (any more); look it up with ``list`` and ask again."""


class AlreadyExists(ClocheError):
    """The name or id is taken; choose another, or remove what holds it."""


class InvalidState(ClocheError):
    """The container is not in a state that allows this; ask for its state and act on that."""


class NotSupported(ClocheError):
    """The chosen backend can't do this at all; choose another, or do without."""


class Unavailable(ClocheError):
    """This machine, or this user, can't have it as things stand; apply ``remedy`` and ask again.

    Denied access is reported so, too.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        remedy: str | None = None,
        **where: str | None,
    ) -> None:
        super().__init__(message, hint=remedy, **where)
        #: Why not, in one line.
        self.reason = reason if reason is not None else message
        #: What would make it available; None where nothing would.
        self.remedy = remedy


class CommandFailed(ClocheError):
    """The command could not be started (126, 127), or ended badly and success was demanded.

    ``exit_code`` is what a shell would say. ``result`` is the finished run where there was one:
    look at its output.
    """

    def __init__(
        self,
        message: str,
        *,
        exit_code: int,
        result: Result[Any] | None = None,
        hint: str | None = None,
        **where: str | None,
    ) -> None:
        super().__init__(message, hint=hint, **where)
        self.exit_code = exit_code
        self.result = result


class TimedOut(ClocheError):
    """It did not happen in the time given; nothing was ended by this, wait again or kill."""


class ImageError(ClocheError):
    """An image is missing, damaged, or not for this platform; pull it, or name another."""


class CleanupFailed(ClocheError):
    """The container is gone as far as possible, but something of it remains; see ``problems``."""

    def __init__(
        self, message: str, *, problems: Sequence[Exception] = (), **where: str | None
    ) -> None:
        super().__init__(message, **where)
        #: What went wrong, in the order it happened.
        self.problems = tuple(problems)


class BackendError(ClocheError):
    """A backend failed in a way that no other class describes; its own words are the message.

    The original error is ``__cause__``; report it to the backend's authors with the whole text.
    """

    def __init__(
        self,
        message: str,
        *,
        step: str | None = None,
        errno: int | None = None,
        path: str | None = None,
        **where: str | None,
    ) -> None:
        super().__init__(message, **where)
        #: The step of the backend's work that failed.
        self.step = step
        #: The operating system's number for the failure.
        self.errno = errno
        #: The file or object concerned.
        self.path = path
