"""What a specification must have, whichever runtime of Linux makes the container."""

from __future__ import annotations

from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.creation import CreateRequest
    from cloche.spec import Linux, Process, Spec

__all__ = ["runnable", "sections"]


def sections(spec: Spec) -> tuple[Linux, Process]:
    """The sections of Linux and of the process; InvalidSpec where one is missing."""
    if spec.linux is None:
        raise InvalidSpec("a specification without a linux section", path="linux")
    if spec.process is None:
        raise InvalidSpec("a specification without a process", path="process")
    return spec.linux, spec.process


def runnable(request: CreateRequest) -> tuple[Linux, Process]:
    """The same of a request, which must have something to run unless it is to idle."""
    linux, process = sections(request.spec)
    if not process.args and not request.idle:
        raise InvalidSpec("no command", path="process.args")
    return linux, process
