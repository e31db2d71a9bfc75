"""The functions for layers, and for networks: each answers an HRESULT, and what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from cloche_hcs._vmcompute import ffi, lib
from cloche_hcs.vmcompute.arguments import descriptors, driver
from cloche_hcs.vmcompute.library import checked
from cloche_hcs.vmcompute.strings import read, take, wide
from cloche_hcs.vmcompute.values import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche_hcs.vmcompute.values import DriverInfo, LayerDescriptor

__all__ = [
    "ActivateLayer",
    "CopyLayer",
    "CreateLayer",
    "CreateSandboxLayer",
    "DeactivateLayer",
    "DestroyLayer",
    "ExpandSandboxSize",
    "ExportLayer",
    "GetBaseImages",
    "GetLayerMountPath",
    "GrantVmAccess",
    "HNSCall",
    "ImportLayer",
    "LayerExists",
    "NameToGuid",
    "PrepareLayer",
    "ProcessBaseImage",
    "ProcessUtilityImage",
    "UnprepareLayer",
]


def ActivateLayer(info: DriverInfo, id: str) -> int:
    """Attach the disk of a sandbox layer."""
    given, name = driver(info), wide(id, "id")
    return checked("ActivateLayer", lib.ActivateLayer(given.struct, name))


def DeactivateLayer(info: DriverInfo, id: str) -> int:
    """Detach the disk of a sandbox layer."""
    given, name = driver(info), wide(id, "id")
    return checked("DeactivateLayer", lib.DeactivateLayer(given.struct, name))


def CreateLayer(info: DriverInfo, id: str, parent: str) -> int:
    """Make a read-only layer."""
    given, name, below = driver(info), wide(id, "id"), wide(parent, "parent")
    return checked("CreateLayer", lib.CreateLayer(given.struct, name, below))


def CreateSandboxLayer(
    info: DriverInfo, id: str, parent: str | None, layers: Sequence[LayerDescriptor]
) -> int:
    """Make a writable layer over ``layers``, topmost first; ``parent`` is a relic."""
    given, name, under = driver(info), wide(id, "id"), descriptors(layers)
    below = ffi.NULL if parent is None else wide(parent, "parent")
    code = lib.CreateSandboxLayer(given.struct, name, below, under.structs, len(layers))
    return checked("CreateSandboxLayer", code)


def CopyLayer(info: DriverInfo, source: str, target: str, layers: Sequence[LayerDescriptor]) -> int:
    """Copy a layer under another name."""
    given, one, other = driver(info), wide(source, "source"), wide(target, "target")
    under = descriptors(layers)
    code = lib.CopyLayer(given.struct, one, other, under.structs, len(layers))
    return checked("CopyLayer", code)


def DestroyLayer(info: DriverInfo, id: str) -> int:
    """Delete a layer's files; never one that is mounted: that ends this process."""
    given, name = driver(info), wide(id, "id")
    return checked("DestroyLayer", lib.DestroyLayer(given.struct, name))


def ExpandSandboxSize(info: DriverInfo, id: str, size: int) -> int:
    """Let a sandbox grow to ``size`` bytes."""
    given, name = driver(info), wide(id, "id")
    return checked("ExpandSandboxSize", lib.ExpandSandboxSize(given.struct, name, size))


def PrepareLayer(info: DriverInfo, id: str, layers: Sequence[LayerDescriptor]) -> int:
    """Put the layers together in the filter; one at a time in a process."""
    given, name, under = driver(info), wide(id, "id"), descriptors(layers)
    code = lib.PrepareLayer(given.struct, name, under.structs, len(layers))
    return checked("PrepareLayer", code)


def UnprepareLayer(info: DriverInfo, id: str) -> int:
    """Take the layers out of the filter."""
    given, name = driver(info), wide(id, "id")
    return checked("UnprepareLayer", lib.UnprepareLayer(given.struct, name))


def LayerExists(info: DriverInfo, id: str) -> tuple[int, bool]:
    """Say whether there is such a layer."""
    given, name, exists = driver(info), wide(id, "id"), ffi.new("uint32_t *")
    code = checked("LayerExists", lib.LayerExists(given.struct, name, exists))
    return code, bool(exists[0])


def GetLayerMountPath(info: DriverInfo, id: str, length: int) -> tuple[int, int, str | None]:
    r"""Ask for the path of a prepared sandbox, ``\\?\Volume{…}``, and its length in units.

    ``length`` is the room for it; 0 asks for the length only, which counts the NUL. Callers make
    both calls.
    """
    given, name = driver(info), wide(id, "id")
    size = ffi.new("size_t *", length)
    buffer = ffi.new("uint16_t[]", length) if length else ffi.NULL
    code = checked("GetLayerMountPath", lib.GetLayerMountPath(given.struct, name, size, buffer))
    if not length:
        return code, int(size[0]), None
    units = list(buffer)
    end = units.index(0) if 0 in units else length
    return code, int(size[0]), read(buffer, end)


def GetBaseImages() -> Answer[str | None]:
    """List the base images that the system itself has, as JSON."""
    images = ffi.new("uint16_t **")
    code = checked("GetBaseImages", lib.GetBaseImages(images))
    return Answer(code, None, take(images))


def NameToGuid(name: str) -> tuple[int, UUID]:
    """Ask for the id of the layer in the folder of this name, the same for all clients."""
    given, guid = wide(name, "name"), ffi.new("uint8_t[16]")
    code = checked("NameToGuid", lib.NameToGuid(given, guid))
    return code, UUID(bytes_le=bytes(ffi.buffer(guid)[:]))


def ExportLayer(info: DriverInfo, id: str, folder: str, layers: Sequence[LayerDescriptor]) -> int:
    """Write a layer's files to a folder, in the transport format."""
    given, name, under = driver(info), wide(id, "id"), descriptors(layers)
    to = wide(folder, "folder")
    code = lib.ExportLayer(given.struct, name, to, under.structs, len(layers))
    return checked("ExportLayer", code)


def ImportLayer(info: DriverInfo, id: str, folder: str, layers: Sequence[LayerDescriptor]) -> int:
    """Make a layer of a folder in the transport format."""
    given, name, under = driver(info), wide(id, "id"), descriptors(layers)
    of = wide(folder, "folder")
    code = lib.ImportLayer(given.struct, name, of, under.structs, len(layers))
    return checked("ImportLayer", code)


def ProcessBaseImage(path: str) -> int:
    """Complete an imported base layer."""
    return checked("ProcessBaseImage", lib.ProcessBaseImage(wide(path, "path")))


def ProcessUtilityImage(path: str) -> int:
    """Complete the UtilityVM of an imported base layer."""
    return checked("ProcessUtilityImage", lib.ProcessUtilityImage(wide(path, "path")))


def GrantVmAccess(vm: str, path: str) -> int:
    """Let a virtual machine of that id read a file."""
    return checked("GrantVmAccess", lib.GrantVmAccess(wide(vm, "vm"), wide(path, "path")))


def HNSCall(method: str, path: str, object: str = "") -> Answer[str | None]:
    """Ask the Host Networking Service: an HTTP-like method, a path, a document."""
    verb, place, document = wide(method, "method"), wide(path, "path"), wide(object, "object")
    response = ffi.new("uint16_t **")
    code = checked("HNSCall", lib.HNSCall(verb, place, document, response))
    return Answer(code, None, take(response))
