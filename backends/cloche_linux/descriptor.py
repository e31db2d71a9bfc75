"""The runtime ``linux``, as it is offered; importing this loads no native code."""

from __future__ import annotations

from cloche.runtime import Capability, Isolation, RuntimeDescriptor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.probe import Verdict
    from cloche.runtime import BackendContext, Runtime

__all__ = ["runtime"]

_CAPABILITIES = frozenset(
    {
        Capability.BIND_MOUNTS,
        Capability.DETACHED,
        Capability.EXEC,
        Capability.FILES,
        Capability.HOOKS,
        Capability.IDLE,
        Capability.ISOLATE_PROCESS,
        Capability.LIMITS,
        Capability.LOAD,
        Capability.OUTLIVES,
        Capability.PAUSE,
        Capability.PROMPT,
        Capability.SIGNALS,
        Capability.STATS,
        Capability.TERMINAL,
        Capability.UPDATE,
        Capability.WAITING_CREATE,
    }
)


def runtime() -> RuntimeDescriptor:
    """Describe the runtime."""
    return RuntimeDescriptor(
        name="linux",
        ceiling=80,
        capabilities=_CAPABILITIES,
        roots=("overlay", "path"),
        stdio=frozenset({"fd", "pipe"}),
        isolations=frozenset({Isolation.PROCESS}),
        probe=_probe,
        open=_open,
    )


def _probe(argument: str | None) -> Verdict:
    from cloche_linux.probing import probe_runtime

    return probe_runtime(argument)


def _open(context: BackendContext) -> Runtime:
    from cloche_linux.runtime import LinuxRuntime

    return LinuxRuntime(context)
