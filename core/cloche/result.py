"""What a finished run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, AnyStr, Generic

if TYPE_CHECKING:
    from cloche.exit import ExitStatus, Reason

__all__ = ["Result"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result(Generic[AnyStr]):
    """A finished run; what it has in common with ``subprocess.CompletedProcess`` means the same."""

    #: The command, as it was given.
    args: tuple[str, ...]
    #: The captured output; None where it was not captured (the type says what it is if it was).
    stdout: AnyStr
    stderr: AnyStr
    #: How it ended, in the contract's words.
    status: ExitStatus
    #: Some output was thrown away because of ``output_limit``.
    truncated: bool = False

    @property
    def returncode(self) -> int | None:
        """The exit code; negative for a signal (-9), None where it could not be learnt."""
        return returncode(self.status)

    @property
    def reason(self) -> Reason:
        """Why it ended: EXIT, SIGNAL, TIMEOUT, OOM or LOST."""
        return self.status.reason

    def check_returncode(self) -> None:
        """Raise CommandFailed, with this as its ``result``, unless the command ended with 0."""
        raise NotImplementedError


def returncode(status: ExitStatus) -> int | None:
    """Put an ending into ``subprocess``'s number."""
    raise NotImplementedError
