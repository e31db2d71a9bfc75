"""Layers of a user without privileges: made by a child in a user namespace.

There every owner is one of the user's own ids: with newuidmap the ranges of /etc/subuid, so that
owners are as the archive says; else only the user's own, to whom then everything belongs. The
child is this interpreter, told by a word what to do; archives come to it through a socket. It ends
with this process.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from typing import TYPE_CHECKING

from cloche.errors import BackendError, ImageError, Unavailable
from cloche_linux.idmaps import own_maps
from cloche_linux.kernel import Namespace
from cloche_linux.launching import abandon
from cloche_linux.plan import Plan
from cloche_linux.spawn import spawn
from cloche_linux.trees import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche_linux.idmaps import IdMaps
    from cloche_linux.spawn import Child
    from cloche_linux.trash import Trash

__all__ = ["Inside"]

_PATIENCE = 10.0
_ENTRY = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from cloche_linux.layering.child import main; main(json.loads(sys.argv[2]))"
)


class Inside:
    """Does in a user namespace what root does here."""

    def untar(self, layer: int, chunks: Iterable[bytes]) -> tuple[bytes, ...]:
        """Unpack, through a child."""
        answer = _ask({"verb": "untar"}, layer, chunks)
        return tuple(os.fsencode(str(path)) for path in _list(answer))

    def adopt(self, layer: int, implied: Sequence[bytes], parents: Sequence[str]) -> None:
        """Give directories what lower layers say of them, through a child."""
        paths = [os.fsdecode(path) for path in implied]
        _ask({"verb": "adopt", "implied": paths, "parents": [*parents]}, layer)

    def copy(self, layers: Sequence[str], root: str) -> None:
        """Copy layers, through a child."""
        _ask({"verb": "copy", "layers": [*layers], "root": root}, None)

    def remove(self, path: str, trash: Trash) -> None:
        """Remove a directory at once, through a child if files of it are others'."""
        if not os.path.lexists(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        try:
            remove_tree(path)
        except PermissionError:
            _ask({"verb": "remove", "path": path}, None)


def _list(answer: object) -> list[object]:
    assert isinstance(answer, list)
    return answer


def _ask(request: dict[str, object], layer: int | None, chunks: Iterable[bytes] = ()) -> object:
    """Have a child do something; returns its answer, or raises the error that it met."""
    maps = own_maps()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            child = _begin(request | {"owners": not maps.single}, layer, theirs.fileno(), maps)
        try:
            _send(ours, chunks)
            told = _receive(ours)
        finally:
            abandon(child)
    return _understood(told)


def _begin(request: dict[str, object], layer: int | None, end: int, maps: IdMaps) -> Child:
    plan = Plan()
    plan.unshare(Namespace.USER)
    if maps.single:
        plan.map_self(os.geteuid(), os.getegid())
    else:
        plan.map_by_parent()
    extras = [] if layer is None else [layer]
    plan.ready()
    plan.descriptors(len(extras))
    plan.parent_death()
    program = sys.executable
    words = [program, "-I", "-S", "-c", _ENTRY, json.dumps(sys.path), json.dumps(request)]
    plan.execute(words, ["LANG=C.UTF-8"])
    child = spawn(plan.encode(), (end, end, None), extras, new_pid_namespace=False)
    try:
        if not maps.single:
            maps.write(child.wait_maps(_PATIENCE))
            child.maps_done()
        child.wait_ready(_PATIENCE)
        child.start(_PATIENCE)
    except BaseException as error:
        abandon(child)
        if isinstance(error, OSError):
            raise Unavailable(
                f"no user namespace to unpack in: {error}",
                remedy="run as root, or allow user namespaces",
            ) from error
        raise
    return child


def _send(ours: socket.socket, chunks: Iterable[bytes]) -> None:
    """Send an archive; a child that wants no more says why."""
    try:
        for chunk in chunks:
            ours.sendall(chunk, socket.MSG_NOSIGNAL)
        ours.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        return


def _receive(ours: socket.socket) -> bytes:
    told = b""
    while chunk := ours.recv(1 << 16):
        told += chunk
    return told


def _understood(told: bytes) -> object:
    if not told:
        raise BackendError("the process that unpacks ended without a word", step="unpack")
    answer = json.loads(told)
    if "error" not in answer:
        return answer["done"]
    message, hint = str(answer["message"]), answer["hint"]
    if answer["error"] == "ImageError":
        raise ImageError(message, hint=hint)
    if answer["error"] == "Unavailable":
        raise Unavailable(message, remedy=hint)
    raise BackendError(message, step="unpack", errno=answer.get("errno"))
