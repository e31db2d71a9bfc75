"""The image of the virtual machine in which a Hyper-V container runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.spec import Windows

__all__ = ["utility_vm"]


def utility_vm(windows: Windows, *, is_there: Callable[[str], bool] = os.path.isdir) -> str:
    """Give the one that is named, else the first in the layers, topmost first.

    Raises InvalidSpec for one that is named and not there, and if no layer has any.
    """
    named = windows.hyperv.utility_vm_path if windows.hyperv else None
    if named:
        return _existing(named, is_there)
    for layer in windows.layer_folders:
        image = os.path.join(layer, "UtilityVM")
        if is_there(image):
            return image
    raise InvalidSpec(
        f"no layer has a UtilityVM: {_listed(windows.layer_folders)}",
        path="windows.layerFolders",
        hint="name one by windows.hyperv.utilityVMPath, or use an image for Hyper-V",
    )


def _existing(image: str, is_there: Callable[[str], bool]) -> str:
    if is_there(image):
        return image
    raise InvalidSpec(
        f"windows.hyperv.utilityVMPath: {image} does not exist",
        path="windows.hyperv.utilityVMPath",
        hint="the folder of a virtual machine's image, UtilityVM in most base layers",
    )


def _listed(layers: Sequence[str]) -> str:
    return ", ".join(layers) if layers else "there are no layers"
