"""Whether a runtime can write down what the processes of a container are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ClocheError
from cloche_oci.calling import call
from cloche_oci.programs import find_tool

if TYPE_CHECKING:
    from cloche_oci.programs import Program

__all__ = ["why_no_checkpoints", "why_not_here"]

_LIMIT = 20.0


def why_no_checkpoints(program: Program) -> str | None:
    """Say what it lacks for that; None if it may: a kernel of its own, or CRIU to ask this one."""
    help = call([program.path, "checkpoint", "--help"], timeout=_LIMIT)  # noqa: A001 - its name
    if "image-path" not in help.out.decode("utf-8", "replace") + help.said:
        return f"{program.name} has no checkpoints"
    if program.has_own_kernel:
        return None
    if find_tool("criu") is None:
        return f"{program.name} needs criu, which is not installed"
    return None


def why_not_here(program: Program) -> str | None:
    """Say why it can't all the same: a CRIU must know the kernel. None if it can.

    CRIU's own look takes seconds, and waits for others that change the firewall: not for a probe.
    """
    if (lacking := why_no_checkpoints(program)) is not None or program.has_own_kernel:
        return lacking
    criu = find_tool("criu")
    assert criu is not None
    try:
        works = call([criu, "check", "--no-default-config"], timeout=_LIMIT).code == 0
    except ClocheError as error:
        return str(error)
    return None if works else "criu does not work with this kernel (criu check)"
