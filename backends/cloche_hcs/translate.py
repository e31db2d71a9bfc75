"""The edge where the service's codes become Cloche's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cloche.errors import (
    AlreadyExists,
    BackendError,
    ClocheError,
    ImageError,
    InvalidState,
    NotFound,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche_hcs import hresult
from cloche_hcs.hresult import HResult, describe, win32
from cloche_hcs.results import ResultError, parse_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche_hcs.results import ErrorEvent

__all__ = ["ELEVATED", "START_SERVICE", "ServiceError", "failure"]

ELEVATED: Final = "run elevated, or join the group Hyper-V Administrators and sign in again"
START_SERVICE: Final = "start the Host Compute Service, elevated: Start-Service vmcompute"
_HYPERV: Final = (
    "install Hyper-V, elevated, and restart: "
    "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All"
)
_OTHER_BUILD: Final = (
    "the image is of another build of Windows: run it with the isolation vm (Hyper-V), "
    "or take one of this build"
)


class ServiceError(Exception):
    """What a function of the service answered; the ``__cause__`` of the error made of it."""

    def __init__(self, function: str, code: int, explained: ResultError) -> None:
        super().__init__(f"{function}: {describe(code)}")
        self.function = function
        #: The HRESULT, as unsigned 32 bits.
        self.code = code
        #: The service's own message, in the language of the system; empty for none.
        self.message = explained.message
        self.events: tuple[ErrorEvent, ...] = explained.events


def failure(
    function: str,
    code: int,
    result: str | None = None,
    *,
    operation: str | None = None,
    container: str | None = None,
) -> ClocheError:
    """Make one of our errors of a code that is no success, and the document that explains it.

    Raise it as it is: its ``__cause__`` is a ServiceError. It has further attributes ``code`` (the
    HRESULT) and ``events`` (tuple of ErrorEvent). ``operation`` is the function's name by default.
    """
    cause = ServiceError(function, code, parse_result(result) or ResultError())
    where = {"operation": operation or function, "container": container, "backend": "hcs"}
    make = _MADE.get(code, _other)
    error = make(_message(cause), code, where)
    error.__cause__ = cause
    vars(error).update(code=code, events=cause.events)
    return error


def _message(cause: ServiceError) -> str:
    """One line: the function, the code, and the service's own words, none of them twice."""
    told = [cause.message, *(event.message for event in cause.events)]
    words = [" ".join(text.split()) for text in told]
    return ": ".join([str(cause), *dict.fromkeys(filter(None, words))])


def _unavailable(
    remedy: str,
) -> Callable[[str, int, Mapping[str, str | None]], ClocheError]:
    def make(message: str, code: int, where: Mapping[str, str | None]) -> ClocheError:
        return Unavailable(message, remedy=remedy, **where)

    return make


def _simple(
    kind: type[ClocheError], hint: str | None = None
) -> Callable[[str, int, Mapping[str, str | None]], ClocheError]:
    def make(message: str, code: int, where: Mapping[str, str | None]) -> ClocheError:
        return kind(message, hint=hint, **where)

    return make


def _other(message: str, code: int, where: Mapping[str, str | None]) -> ClocheError:
    return BackendError(message, step=where["operation"], errno=win32(code), **where)


_SERVICE_IS_NOT_THERE: Final = (
    HResult.HCS_E_SERVICE_NOT_AVAILABLE,
    HResult.ERROR_SERVICE_DISABLED,
    HResult.ERROR_SERVICE_DOES_NOT_EXIST,
    HResult.ERROR_SERVICE_NOT_ACTIVE,
)
_SCARCE: Final = (
    HResult.ERROR_OUTOFMEMORY,
    HResult.ERROR_DISK_FULL,
    HResult.ERROR_NO_SYSTEM_RESOURCES,
)
_TIMED_OUT: Final = (
    HResult.VMCOMPUTE_TIMEOUT,
    HResult.HCS_E_CONNECTION_TIMEOUT,
    HResult.HCS_E_OPERATION_TIMEOUT,
    HResult.ERROR_TIMEOUT,
)
_NAME_IS_TAKEN: Final = "remove what has this name, or choose another"

#: The later lines count more, where a code is in two sets.
_MADE: Final[dict[int, Callable[[str, int, Mapping[str, str | None]], ClocheError]]] = {
    **dict.fromkeys(hresult.INVALID_STATE, _simple(InvalidState)),
    **dict.fromkeys(hresult.NOT_FOUND, _simple(NotFound)),
    **dict.fromkeys(hresult.ALREADY_EXISTS, _simple(AlreadyExists, _NAME_IS_TAKEN)),
    **dict.fromkeys(hresult.NOT_SUPPORTED, _simple(NotSupported)),
    **dict.fromkeys(_TIMED_OUT, _simple(TimedOut)),
    **dict.fromkeys(hresult.DENIED, _unavailable(ELEVATED)),
    **dict.fromkeys(_SERVICE_IS_NOT_THERE, _unavailable(START_SERVICE)),
    **dict.fromkeys(_SCARCE, _unavailable("free some of it, and try again")),
    HResult.VMCOMPUTE_HYPERV_NOT_INSTALLED: _unavailable(_HYPERV),
    HResult.HCS_E_HYPERV_NOT_INSTALLED: _unavailable(_HYPERV),
    HResult.VMCOMPUTE_IMAGE_MISMATCH: _simple(ImageError, _OTHER_BUILD),
    HResult.HCS_E_IMAGE_MISMATCH: _simple(ImageError, _OTHER_BUILD),
}
