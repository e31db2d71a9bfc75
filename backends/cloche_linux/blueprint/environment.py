"""The environment of a process: each variable once, and a home."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Process
    from cloche.users import Account

__all__ = ["environment", "has_home", "variables"]


def variables(process: Process) -> tuple[str, ...]:
    """The variables that are asked for, the last of each name.

    What a program reads of several depends on its C library; callers count on the last.
    """
    return tuple({variable.partition("=")[0]: variable for variable in process.env or ()}.values())


def has_home(process: Process) -> bool:
    """Whether a home is asked for; an empty one is none."""
    homes = [value for value in variables(process) if value.startswith("HOME=")]
    return bool(homes) and homes[0] != "HOME="


def environment(process: Process, account: Account) -> tuple[str, ...]:
    """The variables, and the home of the account unless another is asked for."""
    if has_home(process):
        return variables(process)
    default = "/root" if account.uid == 0 else "/"
    others = (value for value in variables(process) if value != "HOME=")
    return (*others, f"HOME={account.home or default}")
