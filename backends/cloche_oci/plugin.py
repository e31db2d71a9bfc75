"""What this package offers to Cloche; importing it starts and loads nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cloche import hookimpl
from cloche.probe import Unsupported
from cloche.runtime import Capability, Isolation, Runtime, RuntimeDescriptor

if TYPE_CHECKING:
    from cloche.probe import Verdict
    from cloche.runtime import BackendContext

_CAPABILITIES = frozenset(
    {
        Capability.BIND_MOUNTS,
        Capability.CHECKPOINT,
        Capability.DETACHED,
        Capability.EXEC,
        Capability.FILES,
        Capability.HOOKS,
        Capability.IDLE,
        Capability.ISOLATE_PROCESS,
        Capability.ISOLATE_VM,
        Capability.KEEPS_EXIT,
        Capability.LIMITS,
        Capability.LOAD,
        Capability.PAUSE,
        Capability.SIGNALS,
        Capability.STATS,
        Capability.TERMINAL,
        Capability.UPDATE,
        Capability.WAITING_CREATE,
    }
)


@hookimpl
def cloche_runtimes() -> list[RuntimeDescriptor]:
    """Offer the runtime ``oci``: ``oci:runc``, ``oci:/usr/sbin/crun``, or the best that works."""
    return [
        RuntimeDescriptor(
            name="oci",
            ceiling=60,
            capabilities=_CAPABILITIES,
            roots=("overlay", "path"),
            stdio=frozenset({"fd", "pipe"}),
            isolations=frozenset({Isolation.PROCESS, Isolation.VM}),
            probe=_probe,
            open=_open,
        )
    ]


def _probe(argument: str | None) -> Verdict:
    if sys.platform != "linux":
        return Unsupported("needs Linux")
    from cloche_oci.probing import probe

    return probe(argument)


def _open(context: BackendContext) -> Runtime:
    from cloche_oci.runtime import OciRuntime

    return OciRuntime(context)
