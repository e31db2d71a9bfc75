"""What is written down of one container, beside a copy of its configuration."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche import documents
from cloche.errors import InvalidState
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BundleRecord"]


class BundleRecord(Value, kw_only=True):
    """One container, so that any later process finds it again."""

    id: str
    #: The directory that it was made of.
    bundle: str
    rootfs: str
    version: str
    #: When it was made, as RFC 3339 has it.
    created: str
    annotations: Mapping[str, str]
    #: The name of the runtime that has it.
    runtime: str
    #: Whether its processes have a terminal.
    terminal: bool
    owner: int
    #: The socket of whoever is told when it is ready.
    supervisor: str | None = None
    #: What the runtime finds it by; None until it is made.
    info: Mapping[str, object] | None = None

    def write(self) -> bytes:
        """Write it down as JSON."""
        return documents.write(self.__dict__)

    @classmethod
    def lost(cls, id: str, runtime: str) -> BundleRecord:
        """Make one up for a container of which nothing can be read, so that it can be deleted."""
        return cls(
            id=id, bundle="", rootfs="", version="", created="", annotations={},
            runtime=runtime, terminal=False, owner=0,
        )  # fmt: skip

    @classmethod
    def read(cls, id: str, data: bytes) -> BundleRecord:
        """Read what ``write`` wrote; InvalidState for anything else."""
        try:
            found = documents.parse(data)
            if not isinstance(found, dict) or found.get("id") != id:
                raise ValueError("it is not that of a container of this id")
            return cls(**found)
        except (ValueError, TypeError) as error:
            raise InvalidState(
                f"the state of {id} can't be read: {error}", container=id, hint="delete --force"
            ) from error
