"""What a limit comes to: a value in a file, or the reason why not."""

from __future__ import annotations

from cloche.values import Value

__all__ = ["Refusal", "Setting"]


class Setting(Value, kw_only=True):
    """One value for one file of a group."""

    #: The limit's name, by which callers may allow it to be dropped.
    limit: str
    #: ``cgroup`` stands for none: every group of v2 has the file.
    controller: str
    file: str
    value: str
    #: Where it stands in the resources of a configuration.
    field: str
    #: What to set instead where this kernel does not have the file.
    instead: Setting | None = None


class Refusal(Value, kw_only=True):
    """A limit that can't be set here."""

    limit: str
    reason: str
    remedy: str | None = None
    field: str
