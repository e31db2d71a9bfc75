"""The runtime that does the work: any whose containers outlive their makers."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche.capability import Capability
from cloche.discovery import entry_point
from cloche.errors import NotFound, NotSupported
from cloche.locations import locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.runtime import Runtime, RuntimeDescriptor

__all__ = ["DEFAULT", "open_runtime"]

DEFAULT = "linux"
_NEEDED = (Capability.DETACHED, Capability.WAITING_CREATE)


def open_runtime(name: str) -> Runtime:
    """Open a runtime by name; NotFound if it is not installed, NotSupported if it can't do this."""
    from cloche.runtime import BackendContext

    base, _, argument = name.partition(":")
    descriptor = _descriptor(base)
    lacking = [each.value for each in _NEEDED if each not in descriptor.capabilities]
    if lacking or "path" not in descriptor.roots:
        what = ", ".join(lacking) or "a root that is there"
        raise NotSupported(f"the runtime {name} can't run bundles: it lacks {what}", backend=name)
    home = os.path.join(locate().data, "runtimes", base)
    owner = f"oci-{os.getuid()}"
    return descriptor.open(BackendContext(home=home, owner=owner, argument=argument or None))


def _descriptor(name: str) -> RuntimeDescriptor:
    """Look where runtimes are by their names alone, then in the plug-ins: of that name, of any."""
    entry = entry_point("cloche.runtimes", name)
    if entry is not None:
        found: RuntimeDescriptor = entry.load()()
        return found
    from cloche.plugins import Plugins

    for plugins in ((name,), None):
        offers = Plugins.load(plugins).runtimes
        if name in offers:
            return offers[name].descriptor
    raise NotFound(f"no runtime {name} is installed", hint="cloche backends lists those there are")
