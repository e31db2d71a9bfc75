"""What a limit comes to: a value in a file, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Refusal", "Setting"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value for one file of a group."""

    #: The limit's name, by which callers may allow it to be dropped.
    limit: str
    controller: str
    file: str
    value: str
    #: What to set instead where this kernel does not have the file.
    instead: Setting | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A limit that can't be set here."""

    limit: str
    reason: str
    remedy: str | None = None
