"""``cloche image …``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Group

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Image"]


class Image(Group):
    """Fetch, list, name, share and remove images.

    Most of these commands are known by one word, too: cloche pull, cloche images, cloche rmi.
    """

    verb: ClassVar[str] = "image"
    commands: ClassVar[Mapping[str, str]] = {
        "pull": "image.transfer:Pull",
        "push": "image.transfer:Push",
        "ls": "image.listing:Images",
        "inspect": "image.details:Inspect",
        "history": "image.details:History",
        "tag": "image.names:Tag",
        "rm": "image.names:Remove",
        "prune": "image.names:Prune",
        "save": "image.archives:Save",
        "load": "image.archives:Load",
        "import": "image.archives:Import",
        "export": "image.archives:Export",
        "verify": "image.details:Verify",
    }
    aliases: ClassVar[Mapping[str, str]] = {"list": "ls", "remove": "rm"}
