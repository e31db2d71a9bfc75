"""The operations of an OCI runtime, over any runtime whose containers outlive their makers.

What `cloche oci` and callers like podman need: bundles, a directory of state that belongs to the
caller, containers that wait for their start with nothing of ours running. `Home` is the way in.
Source: https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"


TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bundle import Bundle
    from .container import BundleContainer
    from .executing import Entry
    from .feature_list import features
    from .home import Home
    from .making import Wanted
    from .record import BundleRecord
    from .templates import template

__all__ = [
    "Bundle",
    "BundleContainer",
    "BundleRecord",
    "Entry",
    "Home",
    "Wanted",
    "features",
    "template",
]

_LAZY = {
    "Bundle": ".bundle",
    "BundleContainer": ".container",
    "BundleRecord": ".record",
    "Entry": ".executing",
    "Home": ".home",
    "Wanted": ".making",
    "features": ".feature_list",
    "template": ".templates",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(_LAZY[name], __name__), name)
    globals()[name] = found
    return found
