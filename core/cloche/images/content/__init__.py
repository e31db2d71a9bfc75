"""Content of images by its digest, in one directory that is an OCI image layout itself.

Other programs may read it (``skopeo inspect oci:DIRECTORY:NAME``), and only Cloche writes there:
``index.json`` is made anew from the names with each change.

Who may run beside whom, and the order of locks: the lock of a blob in the making comes before the
lock of the directory, and whoever has the latter only tries for others, never waits. A blob that
nobody names lives as long as a lease says so: take the lease first, then ask what is there, and
give manifests only after what they refer to, so that nobody ever finds half an image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .collecting import Collected, Usage
    from .ingest import Ingest, Spool
    from .leases import Lease, Leases
    from .names import Names
    from .notes import Notes
    from .store import Content
    from .verifying import Problem

__all__ = [
    "Collected",
    "Content",
    "Ingest",
    "Lease",
    "Leases",
    "Names",
    "Notes",
    "Problem",
    "Spool",
    "Usage",
]

_HOMES = {
    "collecting": ("Collected", "Usage"),
    "ingest": ("Ingest", "Spool"),
    "leases": ("Lease", "Leases"),
    "names": ("Names",),
    "notes": ("Notes",),
    "store": ("Content",),
    "verifying": ("Problem",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> Sequence[str]:
    return sorted(__all__)
