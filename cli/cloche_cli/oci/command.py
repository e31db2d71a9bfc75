"""The place of ``cloche oci`` among the other commands; what it does is in ``program``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Command, rest

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Oci"]


class Oci(Command):
    """Be an OCI runtime, for podman, containerd and their like.

    Its lines are those of runc and crun: cloche oci create --bundle DIR ID. cloche oci --help lists
    its commands. cloche-oci is the same as a program of its own, for callers that want one word.
    """

    verb: ClassVar[str] = "oci"
    ends_at_argument: ClassVar[bool] = True

    words = rest("COMMAND")

    def __call__(self) -> NoReturn:
        """Refuse: on Linux the line never comes here."""
        from cloche.errors import NotSupported

        raise NotSupported("oci: this is for Linux", hint="cloche run works here")
