"""checkpoint and restore, which are known and not here."""

from __future__ import annotations

from cloche.errors import NotSupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from cloche_cli.oci.flags import Typed

__all__ = ["checkpoint", "restore"]


def checkpoint(typed: Typed, below: Typed) -> NoReturn:
    """Refuse."""
    raise NotSupported("checkpoint is not supported by this runtime", operation="checkpoint")


def restore(typed: Typed, below: Typed) -> NoReturn:
    """Refuse."""
    raise NotSupported("restore is not supported by this runtime", operation="restore")
