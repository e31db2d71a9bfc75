"""The functions for processes in compute systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloche_hcs._vmcompute import ffi, lib
from cloche_hcs.vmcompute.library import checked
from cloche_hcs.vmcompute.strings import take, wide
from cloche_hcs.vmcompute.values import (
    Answer,
    CallbackHandle,
    CreatedProcess,
    ProcessHandle,
    ProcessInformation,
)

if TYPE_CHECKING:
    from cloche_hcs._vmcompute import CData
    from cloche_hcs.vmcompute.values import SystemHandle

__all__ = [
    "HcsCloseProcess",
    "HcsCreateProcess",
    "HcsGetProcessInfo",
    "HcsGetProcessProperties",
    "HcsModifyProcess",
    "HcsOpenProcess",
    "HcsRegisterProcessCallback",
    "HcsSignalProcess",
    "HcsTerminateProcess",
    "HcsUnregisterProcessCallback",
]


def HcsCreateProcess(system: SystemHandle, parameters: str) -> Answer[CreatedProcess]:
    """Create a process; the pipe ends that come out are the caller's, also for an error."""
    document, result = wide(parameters, "parameters"), _string()
    information, process = ffi.new("HCS_PROCESS_INFORMATION *"), ffi.new("uintptr_t *")
    code = lib.HcsCreateProcess(system, document, information, process, result)
    checked("HcsCreateProcess", code)
    created = CreatedProcess(ProcessHandle(process[0]), *_information(information))
    return Answer(code, take(result), created)


def HcsOpenProcess(system: SystemHandle, pid: int) -> Answer[ProcessHandle]:
    """Open a process by the id it was created with."""
    process, result = ffi.new("uintptr_t *"), _string()
    code = lib.HcsOpenProcess(system, pid, process, result)
    return Answer(checked("HcsOpenProcess", code), take(result), ProcessHandle(process[0]))


def HcsCloseProcess(process: ProcessHandle) -> int:
    """Close a handle; callbacks are unregistered before."""
    return checked("HcsCloseProcess", lib.HcsCloseProcess(process))


def HcsTerminateProcess(process: ProcessHandle) -> Answer[None]:
    """End a process by force."""
    result = _string()
    code = lib.HcsTerminateProcess(process, result)
    return Answer(checked("HcsTerminateProcess", code), take(result), None)


def HcsSignalProcess(process: ProcessHandle, options: str) -> Answer[None]:
    """Send a signal that a document names; may block until the process has ended."""
    document, result = wide(options, "options"), _string()
    code = lib.HcsSignalProcess(process, document, result)
    return Answer(checked("HcsSignalProcess", code), take(result), None)


def HcsModifyProcess(process: ProcessHandle, settings: str) -> Answer[None]:
    """Change the console's size, or close a standard handle."""
    document, result = wide(settings, "settings"), _string()
    code = lib.HcsModifyProcess(process, document, result)
    return Answer(checked("HcsModifyProcess", code), take(result), None)


def HcsGetProcessInfo(process: ProcessHandle) -> Answer[ProcessInformation]:
    """Get the process's id and fresh pipe ends, which are the caller's."""
    information, result = ffi.new("HCS_PROCESS_INFORMATION *"), _string()
    code = lib.HcsGetProcessInfo(process, information, result)
    checked("HcsGetProcessInfo", code)
    return Answer(code, take(result), ProcessInformation(*_information(information)))


def HcsGetProcessProperties(process: ProcessHandle) -> Answer[str | None]:
    """Ask for the process's status, as JSON."""
    properties, result = _string(), _string()
    code = lib.HcsGetProcessProperties(process, properties, result)
    return Answer(checked("HcsGetProcessProperties", code), take(result), take(properties))


def HcsRegisterProcessCallback(process: ProcessHandle, key: int) -> Answer[CallbackHandle]:
    """Have notifications posted under a key of the pump's."""
    callback = ffi.new("uintptr_t *")
    code = lib.HcsRegisterProcessCallback(process, key, callback)
    checked("HcsRegisterProcessCallback", code)
    return Answer(code, None, CallbackHandle(callback[0]))


def HcsUnregisterProcessCallback(callback: CallbackHandle) -> int:
    """End notifications; returns when none is being delivered any more."""
    code = lib.HcsUnregisterProcessCallback(callback)
    return checked("HcsUnregisterProcessCallback", code)


def _information(made: Any) -> tuple[int, int | None, int | None, int | None]:
    ends = (made.std_input, made.std_output, made.std_error)
    stdin, stdout, stderr = (int(end) or None for end in ends)
    return int(made.process_id), stdin, stdout, stderr


def _string() -> CData:
    return ffi.new("uint16_t **")
