"""Errors name parameters of the Python interface; here people typed options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["as_typed"]

#: Parameters whose option is called otherwise.
_OPTIONS: Mapping[str, str] = {
    "labels": "--label",
    "devices": "--device",
    "ulimits": "--ulimit",
    "sysctls": "--sysctl",
    "signal": "--signal",
}
#: In these the parameter's name is followed by the value that was typed.
_WITH_VALUE: Mapping[str, str] = {"volumes": "-v", "mounts": "--mount"}


def as_typed(message: str, options: Container[str]) -> str:
    """Put the option in front of a message instead of the parameter, if there is one."""
    parameter, colon, rest = message.partition(": ")
    if colon and parameter in _WITH_VALUE:
        return f"{_WITH_VALUE[parameter]} {rest}"
    option = _OPTIONS.get(parameter, "--" + parameter.replace("_", "-"))
    return f"{option}: {rest}" if colon and option in options else message
