"""What a request needs of a runtime, and which parameter is to blame for each need."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cloche.layer_folders import is_layer_folder, layers_from
from cloche.layers import Layer
from cloche.limits import LIMITS
from cloche.runtime import Capability, Isolation, Lifetime
from cloche.values import Value

if TYPE_CHECKING:
    from cloche.request import Asked

__all__ = ["Wants", "layers_of", "wants_of"]


class Wants(Value):
    """What decides on backends; containers that want the same get the same."""

    runtime: str | None = None
    layer_store: str | None = None
    #: Kinds of layer the root is made of.
    kinds: frozenset[str] = frozenset()
    needs: frozenset[Capability] = frozenset()
    isolation: Isolation = Isolation.PROCESS
    #: The root is a directory that is used as it is, if the runtime can do that.
    in_place: bool = False


_HOST = (Layer(kind="host"),)


def layers_of(asked: Asked) -> tuple[Layer, ...]:
    """What the root is made of: an image, the named directory, or this machine's own system."""
    if asked.image is not None:
        return asked.layers
    return _HOST if asked.rootfs is None else _rootfs(asked.rootfs)


def _rootfs(path: str) -> tuple[Layer, ...]:
    return layers_from(path, "rootfs") if is_layer_folder(path) else _directory(path)


@lru_cache
def _directory(rootfs: str) -> tuple[Layer, ...]:
    from pathlib import Path

    return (Layer(kind="directory", path=Path(rootfs)),)


def wants_of(asked: Asked) -> tuple[Wants, dict[Capability, str]]:
    """Derive what decides on backends, and the parameter behind each need."""
    if _DECISIVE.isdisjoint(asked.__dict__):
        return _PLAIN, {}
    needs: dict[Capability, str] = {}
    for name in asked.__dict__.keys() & _CAUSES.keys():
        if name not in asked.allow_unenforced and _is_wanted(asked, name):
            needs[_CAUSES[name]] = name
    if any(mount.kind == "bind" for mount in (*asked.mounts, *asked.volumes)):
        needs[Capability.BIND_MOUNTS] = "volumes" if asked.volumes else "mounts"
    vm = asked.isolation is Isolation.VM
    wants = Wants(
        runtime=asked.runtime,
        layer_store=asked.layer_store,
        kinds=_kinds(asked),
        needs=frozenset((*needs, Capability.ISOLATE_VM if vm else Capability.ISOLATE_PROCESS)),
        isolation=asked.isolation,
    )
    return wants, needs


def _kinds(asked: Asked) -> frozenset[str]:
    if asked.image is not None:
        return _IMAGE_KIND
    if asked.rootfs is None:
        return _HOST_KIND
    return _WINDOWS_KIND if is_layer_folder(asked.rootfs) else _DIRECTORY_KIND


_HOST_KIND = frozenset({"host"})
_IMAGE_KIND = frozenset({"image"})
_DIRECTORY_KIND = frozenset({"directory"})
_WINDOWS_KIND = frozenset({"windows"})
_PLAIN = Wants(kinds=_HOST_KIND, needs=frozenset({Capability.ISOLATE_PROCESS}))
_CAUSES = dict.fromkeys(LIMITS, Capability.LIMITS) | {
    "tty": Capability.TERMINAL,
    "idle": Capability.IDLE,
    "lifetime": Capability.OUTLIVES,
}


_DECISIVE = frozenset(
    (*_CAUSES, "mounts", "volumes", "isolation", "image", "rootfs", "runtime", "layer_store")
)


def _is_wanted(asked: Asked, name: str) -> bool:
    value = getattr(asked, name)
    if name == "lifetime":
        return value is Lifetime.DETACHED
    return bool(value) and not (name == "pids_limit" and value == -1)
