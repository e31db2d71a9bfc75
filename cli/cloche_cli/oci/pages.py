"""The pages that ``--help`` shows."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche_cli.oci.program import COMMANDS, GLOBAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche_cli.oci.flags import Flag
    from cloche_cli.oci.program import Command

__all__ = ["overview", "page"]


def overview() -> str:
    """Show all commands and what stands before them."""
    commands = ((name, command.help) for name, command in COMMANDS.items())
    return (
        "Usage: cloche oci [OPTIONS] COMMAND [ARGS]...\n\n"
        "The command line of an OCI runtime, for podman, containerd and their like.\n\n"
        f"Commands:\n{_table(commands)}\nOptions:\n{_table(map(_flag, GLOBAL))}"
    )


def page(name: str, command: Command) -> str:
    """Show one command."""
    line = f"Usage: cloche oci {name} [OPTIONS] {command.usage}".rstrip()
    options = f"\nOptions:\n{_table(map(_flag, command.flags))}" if command.flags else ""
    return f"{line}\n\n{command.help}\n{options}"


def _flag(flag: Flag) -> tuple[str, str]:
    names = [f"--{flag.name}", *(f"-{other}" for other in flag.others)]
    value = "" if flag.kind == "switch" else " VALUE"
    return ", ".join(names) + value, flag.help


def _table(rows: Iterable[tuple[str, str]]) -> str:
    listed = list(rows)
    width = max(len(left) for left, _ in listed)
    return "".join(f"  {left:<{width}}  {right}\n" for left, right in listed)
