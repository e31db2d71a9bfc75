"""What a finished run leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, AnyStr, Generic

from cloche.values import Value

if TYPE_CHECKING:
    from cloche.exit import ExitStatus, Reason

__all__ = ["Result"]


class Result(Value, Generic[AnyStr], kw_only=True):
    """A finished run; what it has in common with ``subprocess.CompletedProcess`` means the same."""

    #: The command, as it was run.
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
        return self.status.returncode

    @property
    def reason(self) -> Reason:
        """Why it ended: EXIT, SIGNAL, TIMEOUT, OOM or LOST."""
        return self.status.reason

    def check_returncode(self) -> None:
        """Raise CommandFailed, with this as its ``result``, unless the command ended with 0."""
        from cloche.exit import Reason

        if self.returncode == 0 and self.reason is Reason.EXIT:
            return
        from cloche.errors import CommandFailed

        code = self.status.exit_code
        timed_out = self.reason is Reason.TIMEOUT
        raise CommandFailed(
            f"{self.args[0] if self.args else 'the command'} {_ending(self.status)}",
            exit_code=124 if timed_out else 255 if code is None else code,
            result=self,
        )


def _ending(status: ExitStatus) -> str:
    from cloche.exit import Reason

    if status.reason is Reason.TIMEOUT:
        return "was killed: its time was up"
    if status.reason is Reason.OOM:
        return "was killed: out of memory"
    if status.signal is not None:
        return f"was ended by {status.signal}"
    return (
        "ended, nobody knows how" if status.code is None else f"ended with exit code {status.code}"
    )
