"""Images as archives hold them: a name, perhaps, and what it stands for."""

from __future__ import annotations

import os
from typing import BinaryIO, Literal, TypeAlias

from cloche.images.manifest import Descriptor
from cloche.values import Value

__all__ = ["File", "Format", "Named"]

#: ``oci`` is a directory, the others are tar archives. A ``docker-archive`` of ours is an OCI
#: archive, too, as those of Docker are since version 25.
Format = Literal["docker-archive", "oci-archive", "oci"]
#: A path, or an open file, which may be a pipe; whoever gives it closes it.
File: TypeAlias = str | os.PathLike[str] | BinaryIO


class Named(Value):
    """An image of an archive."""

    #: As the archive has it, which need not be a proper reference; None where it has none.
    name: str | None
    #: Of a manifest or an index.
    descriptor: Descriptor
