"""Images: from a registry, a file or a container to layers that containers run on, and back.

`Images` is what people hold; the modules of this room are its parts, each of use by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .content import Collected, Problem, Usage
    from .decompression import Limits
    from .digest import Digest
    from .history import Step
    from .image import Image
    from .image_config import ContainerConfig, ImageConfig
    from .images import Images
    from .manifest import Descriptor, Index, Manifest
    from .platform import Platform
    from .progress import Progress, Report
    from .reference import Reference

__all__ = [
    "Collected",
    "ContainerConfig",
    "Descriptor",
    "Digest",
    "Image",
    "ImageConfig",
    "Images",
    "Index",
    "Limits",
    "Manifest",
    "Platform",
    "Problem",
    "Progress",
    "Reference",
    "Report",
    "Step",
    "Usage",
]

_HOMES = {
    "content": ("Collected", "Problem", "Usage"),
    "decompression": ("Limits",),
    "digest": ("Digest",),
    "history": ("Step",),
    "image": ("Image",),
    "image_config": ("ContainerConfig", "ImageConfig"),
    "images": ("Images",),
    "manifest": ("Descriptor", "Index", "Manifest"),
    "platform": ("Platform",),
    "progress": ("Progress", "Report"),
    "reference": ("Reference",),
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
