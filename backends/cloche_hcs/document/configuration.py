"""What the service is told of a container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cloche.spec import Windows
from cloche.values import Value

from .mounts import mapped_directories, mapped_pipes
from .network import network
from .resources import resources
from .text import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cloche.spec import Spec

__all__ = ["Storage", "configuration"]


class Storage(Value, kw_only=True):
    """What a container's files are made of, as a layer store has prepared it."""

    #: The folder of the writable layer.
    folder: str
    #: The volume on which the writable layer is mounted; None for a virtual machine's.
    volume: str | None = None
    #: The read-only layers, topmost first: the GUID and the folder of each.
    layers: Sequence[tuple[str, str]]
    #: The image of the virtual machine; None without one.
    utility_vm: str | None = None


def configuration(
    spec: Spec,
    *,
    id: str,
    owner: str,
    storage: Storage,
    attached: bool,
    resolve: Callable[[str], str] = str,
) -> str:
    """Write the configuration of a container.

    ``attached``: it ends with the last handle on it, so when the process that made it does.
    ``resolve`` says where the source of a mount really lies.
    """
    windows = spec.windows or Windows(layer_folders=())
    mounts = spec.mounts or ()
    document: dict[str, object] = {
        "SystemType": "Container",
        "Name": id,
        "Owner": owner,
        "IsDummy": False,
        "IgnoreFlushesDuringBoot": bool(windows.ignore_flushes_during_boot),
        "HostName": spec.hostname or "",
        "MappedDirectories": mapped_directories(mounts, resolve) or None,
        "Servicing": bool(windows.servicing),
    }
    document |= _stored(storage) | resources(windows) | network(windows)
    document |= _if_any(
        MappedPipes=mapped_pipes(mounts),
        Credentials=credentials(windows.credential_spec),
        AssignedDevices=[{"InterfaceClassGuid": each.id} for each in windows.devices or ()],
        TerminateOnLastHandleClosed=attached,
    )
    return written(document)


def _stored(storage: Storage) -> dict[str, object]:
    described: dict[str, object] = {
        "LayerFolderPath": storage.folder,
        "Layers": [{"ID": guid, "Path": path} for guid, path in storage.layers],
        "HvPartition": storage.utility_vm is not None,
    }
    if storage.utility_vm is not None:
        described["HvRuntime"] = {"ImagePath": storage.utility_vm}
    elif storage.volume is not None:
        described["VolumePath"] = storage.volume.rstrip("\\")
    return described


def credentials(credential_spec: Mapping[str, object] | str | None) -> str:
    """Give a credential spec as text, for the service takes it as a string; text stays as it is."""
    if credential_spec is None or isinstance(credential_spec, str):
        return credential_spec or ""
    return json.dumps(credential_spec, ensure_ascii=False, separators=(",", ":"))


def _if_any(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}
