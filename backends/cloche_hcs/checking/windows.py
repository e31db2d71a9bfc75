"""The Windows section: what schema version 1 of the service has no word for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, NotSupported, Unavailable
from cloche.spec import WindowsNetwork, WindowsResources
from cloche_hcs.versions import DEVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import Windows, WindowsDevice
    from cloche_hcs.versions import WindowsVersion

__all__ = ["check_folders", "check_windows"]


def check_folders(folders: Sequence[str]) -> None:
    """Raise InvalidSpec unless there are layers, and each is a directory."""
    if not folders:
        raise InvalidSpec(
            "windows.layerFolders: a Windows container has at least one layer",
            path="windows.layerFolders",
        )
    for position, folder in enumerate(folders):
        if not os.path.isdir(folder):
            path = f"windows.layerFolders[{position}]"
            raise InvalidSpec(f"{path}: {folder} does not exist", path=path)


def check_windows(windows: Windows, host: WindowsVersion | None) -> None:
    """Raise NotSupported for what can't be said to the service, or as ``_check_device`` does."""
    network = windows.network or WindowsNetwork()
    if network.network_namespace is not None:
        raise _unknown("windows.network.networkNamespace", "name endpoints instead")
    cpu = (windows.resources or WindowsResources()).cpu
    if cpu is not None and cpu.affinity is not None:
        raise _unknown("windows.resources.cpu.affinity", "say how many processors instead")
    for position, device in enumerate(windows.devices or ()):
        _check_device(f"windows.devices[{position}]", device, host)


def _check_device(path: str, device: WindowsDevice, host: WindowsVersion | None) -> None:
    if device.id_type != "class":
        raise _unknown(f"{path}.idType", "devices are named by their interface class (class)")
    if host is not None and host.build < DEVICES:
        raise Unavailable(
            f"{path}: Windows {host} assigns no devices",
            reason=f"the first build that does is {DEVICES}",
        )


def _unknown(path: str, hint: str) -> NotSupported:
    return NotSupported(f"{path}: the service's documents have no word for it", hint=hint)
