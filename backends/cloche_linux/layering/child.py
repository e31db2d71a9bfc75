"""The child in a user namespace: does one thing, and says how it went.

Descriptor 0 is a socket that an archive comes through and the answer goes back by; 3 is the layer.
"""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

from cloche.errors import ClocheError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["main"]

_LAYER = 3
_CHUNK = 1 << 18


def main(request: Mapping[str, object]) -> None:
    """Do what is asked for."""
    with socket.socket(fileno=0) as parent:
        try:
            answer: dict[str, object] = {"done": _do(request, parent)}
        except ClocheError as error:
            number = getattr(error, "errno", None)
            answer = {"error": type(error).__name__, "message": str(error), "hint": error.hint}
            answer["errno"] = number
        except OSError as error:
            answer = {"error": "OSError", "message": str(error), "hint": None, "errno": error.errno}
        parent.sendall(json.dumps(answer).encode())


def _do(request: Mapping[str, object], parent: socket.socket) -> object:
    owners = bool(request["owners"])
    match request:
        case {"verb": "untar"}:
            from cloche_linux.layering.untar import Rules, untar

            rules = Rules(owners=owners, devices=False, trusted=False)
            return [os.fsdecode(path) for path in untar(_LAYER, _chunks(parent), rules)]
        case {"verb": "adopt", "implied": list(implied), "parents": list(parents)}:
            from cloche_linux.layering.adopting import adopt

            adopt(_LAYER, [os.fsencode(path) for path in implied], parents, owners=owners)
        case {"verb": "copy", "layers": list(layers), "root": str(root)}:
            from cloche_linux.layering.copying import copy_layers

            copy_layers(layers, root, owners=owners)
        case {"verb": "remove", "path": str(path)}:
            from cloche_linux.trees import remove_tree

            remove_tree(path)
    return None


def _chunks(parent: socket.socket) -> Iterator[memoryview]:
    """What comes, in a buffer that is used again."""
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    while size := parent.recv_into(buffer):
        yield view[:size]
