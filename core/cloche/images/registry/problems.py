"""Answers that are no success, as errors that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ClocheError, ImageError, NotFound, Unavailable
from cloche.images.foreign import excerpt

from .retries import Transient, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .answer import Answer

__all__ = ["check_passing", "denied", "problem_of", "redacted"]

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def check_passing(answer: Answer, secrets: Iterable[str] = ()) -> None:
    """Raise Transient for an answer that may be another one in a while."""
    if answer.status not in _PASSING:
        return
    busy = "asks for fewer requests" if answer.status == 429 else "has a fault"
    said = redacted(answer.problem(), secrets)
    error = Unavailable(f"{answer.host} {busy}: {_status(answer, said)}", remedy="try again later")
    raise Transient(error, seconds_of(answer.header("Retry-After")))


def denied(registry: str, said: str, was_somebody: bool) -> Unavailable:
    """The error for who may not do what he asked for."""
    who = "these credentials" if was_somebody else "one who is not logged in"
    return Unavailable(
        f"{registry} denies access to {who}{f': {excerpt(said)}' if said else ''}",
        reason="access denied",
        remedy=f"cloche login {registry}; or there may be no such repository",
    )


def problem_of(answer: Answer, what: str, secrets: Iterable[str]) -> ClocheError:
    """The error for any other answer to ``what`` was asked for."""
    said = redacted(answer.problem(), secrets)
    if answer.status == 404:
        return NotFound(f"{what}: there is none{f' ({excerpt(said)})' if said else ''}")
    return ImageError(f"{what}: {answer.host} answers {_status(answer, said)}")


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Others' text without our secrets, which a registry knows, and may repeat."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _status(answer: Answer, said: str) -> str:
    return f"{answer.status}{f' ({excerpt(said)})' if said else ''}"
