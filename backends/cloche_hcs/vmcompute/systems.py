"""The functions for compute systems, and for the service that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_hcs._vmcompute import ffi, lib
from cloche_hcs.vmcompute.library import checked
from cloche_hcs.vmcompute.strings import take, wide
from cloche_hcs.vmcompute.values import Answer, CallbackHandle, SystemHandle

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs._vmcompute import CData

__all__ = [
    "HcsCloseComputeSystem",
    "HcsCreateComputeSystem",
    "HcsEnumerateComputeSystems",
    "HcsGetComputeSystemProperties",
    "HcsGetServiceProperties",
    "HcsModifyComputeSystem",
    "HcsModifyServiceSettings",
    "HcsOpenComputeSystem",
    "HcsPauseComputeSystem",
    "HcsRegisterComputeSystemCallback",
    "HcsResumeComputeSystem",
    "HcsSaveComputeSystem",
    "HcsShutdownComputeSystem",
    "HcsStartComputeSystem",
    "HcsTerminateComputeSystem",
    "HcsUnregisterComputeSystemCallback",
]


def HcsEnumerateComputeSystems(query: str = "") -> Answer[str | None]:
    """List compute systems, as JSON."""
    wanted, systems, result = wide(query, "query"), _string(), _string()
    code = lib.HcsEnumerateComputeSystems(wanted, systems, result)
    return Answer(checked("HcsEnumerateComputeSystems", code), take(result), take(systems))


def HcsCreateComputeSystem(id: str, configuration: str, identity: int = 0) -> Answer[SystemHandle]:
    """Create a compute system of a schema version 1 document; usually answers "pending"."""
    name, document = wide(id, "id"), wide(configuration, "configuration")
    system, result = ffi.new("uintptr_t *"), _string()
    code = lib.HcsCreateComputeSystem(name, document, identity, system, result)
    checked("HcsCreateComputeSystem", code)
    return Answer(code, take(result), SystemHandle(system[0]))


def HcsOpenComputeSystem(id: str) -> Answer[SystemHandle]:
    """Open a compute system, whoever made it."""
    name, system, result = wide(id, "id"), ffi.new("uintptr_t *"), _string()
    code = lib.HcsOpenComputeSystem(name, system, result)
    checked("HcsOpenComputeSystem", code)
    return Answer(code, take(result), SystemHandle(system[0]))


def HcsCloseComputeSystem(system: SystemHandle) -> int:
    """Close a handle; callbacks are unregistered before."""
    return checked("HcsCloseComputeSystem", lib.HcsCloseComputeSystem(system))


def HcsStartComputeSystem(system: SystemHandle, options: str = "") -> Answer[None]:
    """Start; usually answers "pending"."""
    return _operate("HcsStartComputeSystem", lib.HcsStartComputeSystem, system, options)


def HcsShutdownComputeSystem(system: SystemHandle, options: str = "") -> Answer[None]:
    """Ask to shut down; usually answers "pending"."""
    return _operate("HcsShutdownComputeSystem", lib.HcsShutdownComputeSystem, system, options)


def HcsTerminateComputeSystem(system: SystemHandle, options: str = "") -> Answer[None]:
    """End by force; usually answers "pending"."""
    return _operate("HcsTerminateComputeSystem", lib.HcsTerminateComputeSystem, system, options)


def HcsPauseComputeSystem(system: SystemHandle, options: str = "") -> Answer[None]:
    """Pause; usually answers "pending"."""
    return _operate("HcsPauseComputeSystem", lib.HcsPauseComputeSystem, system, options)


def HcsResumeComputeSystem(system: SystemHandle, options: str = "") -> Answer[None]:
    """Resume; usually answers "pending"."""
    return _operate("HcsResumeComputeSystem", lib.HcsResumeComputeSystem, system, options)


def HcsSaveComputeSystem(system: SystemHandle, options: str = "") -> Answer[None]:
    """Save the state of a virtual machine; usually answers "pending"."""
    return _operate("HcsSaveComputeSystem", lib.HcsSaveComputeSystem, system, options)


def HcsGetComputeSystemProperties(system: SystemHandle, query: str) -> Answer[str | None]:
    """Ask for properties, as JSON."""
    wanted, properties, result = wide(query, "query"), _string(), _string()
    code = lib.HcsGetComputeSystemProperties(system, wanted, properties, result)
    return Answer(checked("HcsGetComputeSystemProperties", code), take(result), take(properties))


def HcsModifyComputeSystem(system: SystemHandle, configuration: str) -> Answer[None]:
    """Change a compute system by a modification document."""
    document, result = wide(configuration, "configuration"), _string()
    code = lib.HcsModifyComputeSystem(system, document, result)
    return Answer(checked("HcsModifyComputeSystem", code), take(result), None)


def HcsRegisterComputeSystemCallback(system: SystemHandle, key: int) -> Answer[CallbackHandle]:
    """Have notifications posted under a key of the pump's."""
    callback = ffi.new("uintptr_t *")
    code = lib.HcsRegisterComputeSystemCallback(system, key, callback)
    checked("HcsRegisterComputeSystemCallback", code)
    return Answer(code, None, CallbackHandle(callback[0]))


def HcsUnregisterComputeSystemCallback(callback: CallbackHandle) -> int:
    """End notifications; returns when none is being delivered any more."""
    code = lib.HcsUnregisterComputeSystemCallback(callback)
    return checked("HcsUnregisterComputeSystemCallback", code)


def HcsGetServiceProperties(query: str) -> Answer[str | None]:
    """Ask for properties of the service, as JSON."""
    wanted, properties, result = wide(query, "query"), _string(), _string()
    code = lib.HcsGetServiceProperties(wanted, properties, result)
    return Answer(checked("HcsGetServiceProperties", code), take(result), take(properties))


def HcsModifyServiceSettings(settings: str) -> Answer[None]:
    """Change settings of the service."""
    document, result = wide(settings, "settings"), _string()
    code = lib.HcsModifyServiceSettings(document, result)
    return Answer(checked("HcsModifyServiceSettings", code), take(result), None)


def _operate(
    name: str, function: Callable[[int, CData, CData], int], system: SystemHandle, options: str
) -> Answer[None]:
    given, result = wide(options, "options"), _string()
    code = function(system, given, result)
    return Answer(checked(name, code), take(result), None)


def _string() -> CData:
    return ffi.new("uint16_t **")
