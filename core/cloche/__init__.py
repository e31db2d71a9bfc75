"""Containers from Python: pluggable runtimes, layer stores and stdio drivers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche import aio
    from cloche.api import backends, create, get, list, pull, run, start  # noqa: A004
    from cloche.container import Container
    from cloche.details import Details
    from cloche.engine import Engine
    from cloche.errors import (
        AlreadyExists,
        BackendError,
        CleanupFailed,
        ClocheError,
        CommandFailed,
        ImageError,
        InvalidSpec,
        InvalidState,
        NotFound,
        NotSupported,
        TimedOut,
        Unavailable,
    )
    from cloche.exit import ExitStatus, Reason
    from cloche.hookspecs import hookimpl
    from cloche.images.image import Image
    from cloche.images.images import Images
    from cloche.mount import Mount
    from cloche.parameters import (
        CreateOptions,
        ExecOptions,
        ExecRunOptions,
        RunOptions,
        StartOptions,
    )
    from cloche.plugins import PluginWarning
    from cloche.pool import Pool
    from cloche.process import Process
    from cloche.result import Result
    from cloche.runtime import Capability, Isolation, State
    from cloche.stats import Stats
    from cloche.stdio import Size, StreamTarget
    from cloche.streams import DEVNULL, PIPE, STDOUT
    from cloche.survey import Backend

__all__ = [
    "run",
    "start",
    "create",
    "get",
    "list",
    "pull",
    "backends",
    "aio",
    "Engine",
    "Container",
    "Process",
    "Result",
    "Details",
    "Pool",
    "Mount",
    "Image",
    "Images",
    "PIPE",
    "DEVNULL",
    "STDOUT",
    "StreamTarget",
    "Size",
    "RunOptions",
    "StartOptions",
    "CreateOptions",
    "ExecOptions",
    "ExecRunOptions",
    "State",
    "Reason",
    "ExitStatus",
    "Stats",
    "Isolation",
    "Capability",
    "Backend",
    "ClocheError",
    "InvalidSpec",
    "NotFound",
    "AlreadyExists",
    "InvalidState",
    "NotSupported",
    "Unavailable",
    "CommandFailed",
    "TimedOut",
    "ImageError",
    "CleanupFailed",
    "BackendError",
    "PluginWarning",
    "hookimpl",
]

_HOMES = {
    "cloche.survey": ("Backend",),
    "cloche.api": ("run", "start", "create", "get", "list", "pull", "backends"),
    "cloche.container": ("Container",),
    "cloche.details": ("Details",),
    "cloche.engine": ("Engine",),
    "cloche.errors": (
        "ClocheError",
        "InvalidSpec",
        "NotFound",
        "AlreadyExists",
        "InvalidState",
        "NotSupported",
        "Unavailable",
        "CommandFailed",
        "TimedOut",
        "ImageError",
        "CleanupFailed",
        "BackendError",
    ),
    "cloche.exit": ("ExitStatus", "Reason"),
    "cloche.hookspecs": ("hookimpl",),
    "cloche.images.image": ("Image",),
    "cloche.images.images": ("Images",),
    "cloche.mount": ("Mount",),
    "cloche.parameters": (
        "CreateOptions",
        "ExecOptions",
        "ExecRunOptions",
        "RunOptions",
        "StartOptions",
    ),
    "cloche.plugins": ("PluginWarning",),
    "cloche.pool": ("Pool",),
    "cloche.process": ("Process",),
    "cloche.result": ("Result",),
    "cloche.runtime": ("Capability", "Isolation", "State"),
    "cloche.stats": ("Stats",),
    "cloche.stdio": ("Size", "StreamTarget"),
    "cloche.streams": ("DEVNULL", "PIPE", "STDOUT"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "aio":
        return import_module("cloche.aio")
    if name not in _HOME:
        raise AttributeError(f"module 'cloche' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found


def __dir__() -> Sequence[str]:
    return sorted(__all__)
