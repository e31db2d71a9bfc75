"""The OCI runtime-spec 1.3 as frozen dataclasses, under the names of its Go types.

What a field means is the runtime-spec's to say (https://github.com/opencontainers/runtime-spec);
docstrings here add units and what is easily mistaken. Nothing is validated on construction:
`cloche.documents` reads, writes and checks. Lists are tuples, and what is absent is None.
"""

from __future__ import annotations

from .config import (
    VERSION,
    Hook,
    Hooks,
    Mount,
    Root,
    Spec,
)
from .document import (
    Document,
)
from .linux import (
    Linux,
    LinuxDevice,
    LinuxIDMapping,
    LinuxIntelRdt,
    LinuxMemoryPolicy,
    LinuxNamespace,
    LinuxNetDevice,
    LinuxPersonality,
    LinuxTimeOffset,
)
from .process import (
    Box,
    CPUAffinity,
    LinuxCapabilities,
    LinuxIOPriority,
    POSIXRlimit,
    Process,
    Scheduler,
    User,
)
from .resources import (
    LinuxBlockIO,
    LinuxBlockIODevice,
    LinuxCPU,
    LinuxDeviceCgroup,
    LinuxHugepageLimit,
    LinuxInterfacePriority,
    LinuxMemory,
    LinuxNetwork,
    LinuxPids,
    LinuxRdma,
    LinuxResources,
    LinuxThrottleDevice,
    LinuxWeightDevice,
)
from .seccomp import (
    LinuxSeccomp,
    LinuxSeccompArg,
    LinuxSyscall,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .freebsd import (
        FreeBSD,
        FreeBSDDevice,
        FreeBSDJail,
        FreeBSDJailAllow,
    )
    from .solaris import (
        Solaris,
        SolarisAnet,
        SolarisCappedCPU,
        SolarisCappedMemory,
    )
    from .state import (
        ContainerProcessState,
        State,
    )
    from .vm import (
        VM,
        HWConfig,
        IOMems,
        VMHypervisor,
        VMImage,
        VMKernel,
    )
    from .windows import (
        Windows,
        WindowsCPUGroupAffinity,
        WindowsCPUResources,
        WindowsDevice,
        WindowsHyperV,
        WindowsMemoryResources,
        WindowsNetwork,
        WindowsResources,
        WindowsStorageResources,
    )
    from .zos import (
        ZOS,
        ZOSNamespace,
    )

__all__ = [
    "Box",
    "CPUAffinity",
    "ContainerProcessState",
    "Document",
    "FreeBSD",
    "FreeBSDDevice",
    "FreeBSDJail",
    "FreeBSDJailAllow",
    "HWConfig",
    "Hook",
    "Hooks",
    "IOMems",
    "Linux",
    "LinuxBlockIO",
    "LinuxBlockIODevice",
    "LinuxCPU",
    "LinuxCapabilities",
    "LinuxDevice",
    "LinuxDeviceCgroup",
    "LinuxHugepageLimit",
    "LinuxIDMapping",
    "LinuxIOPriority",
    "LinuxIntelRdt",
    "LinuxInterfacePriority",
    "LinuxMemory",
    "LinuxMemoryPolicy",
    "LinuxNamespace",
    "LinuxNetDevice",
    "LinuxNetwork",
    "LinuxPersonality",
    "LinuxPids",
    "LinuxRdma",
    "LinuxResources",
    "LinuxSeccomp",
    "LinuxSeccompArg",
    "LinuxSyscall",
    "LinuxThrottleDevice",
    "LinuxTimeOffset",
    "LinuxWeightDevice",
    "Mount",
    "POSIXRlimit",
    "Process",
    "Root",
    "Scheduler",
    "Solaris",
    "SolarisAnet",
    "SolarisCappedCPU",
    "SolarisCappedMemory",
    "Spec",
    "State",
    "User",
    "VERSION",
    "VM",
    "VMHypervisor",
    "VMImage",
    "VMKernel",
    "Windows",
    "WindowsCPUGroupAffinity",
    "WindowsCPUResources",
    "WindowsDevice",
    "WindowsHyperV",
    "WindowsMemoryResources",
    "WindowsNetwork",
    "WindowsResources",
    "WindowsStorageResources",
    "ZOS",
    "ZOSNamespace",
]

# Sections that a Linux container has no use for are not built until somebody names them.
_LAZY = {
    "FreeBSD": "freebsd",
    "FreeBSDDevice": "freebsd",
    "FreeBSDJail": "freebsd",
    "FreeBSDJailAllow": "freebsd",
    "Solaris": "solaris",
    "SolarisAnet": "solaris",
    "SolarisCappedCPU": "solaris",
    "SolarisCappedMemory": "solaris",
    "ContainerProcessState": "state",
    "State": "state",
    "VM": "vm",
    "HWConfig": "vm",
    "IOMems": "vm",
    "VMHypervisor": "vm",
    "VMImage": "vm",
    "VMKernel": "vm",
    "Windows": "windows",
    "WindowsCPUGroupAffinity": "windows",
    "WindowsCPUResources": "windows",
    "WindowsDevice": "windows",
    "WindowsHyperV": "windows",
    "WindowsMemoryResources": "windows",
    "WindowsNetwork": "windows",
    "WindowsResources": "windows",
    "WindowsStorageResources": "windows",
    "ZOS": "zos",
    "ZOSNamespace": "zos",
}


def __getattr__(name: str) -> type[Document]:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    section = import_module(f".{_LAZY[name]}", __name__)
    found: type[Document] = getattr(section, name)
    globals()[name] = found
    return found
