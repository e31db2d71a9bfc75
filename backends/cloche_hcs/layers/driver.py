"""The filter driver's calls for one layer, with what they answer made an error.

Every call runs on a thread that can be given up (``cloche_hcs.calling``), so each may raise
TimedOut. While such a call is still at work, further ones for the same layer are refused with
InvalidState: what they met would be anything. All may raise what ``translate.failure`` makes of the
driver's answer, with its ``code``.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cloche.errors import ClocheError, InvalidState
from cloche_hcs import vmcompute
from cloche_hcs.calling import call, default_timeout
from cloche_hcs.hresult import NOT_READY, HResult, succeeded
from cloche_hcs.layers.patience import patiently
from cloche_hcs.translate import failure
from cloche_hcs.vmcompute import DriverInfo, LayerDescriptor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

__all__ = ["Driver", "code_of", "descriptors_of", "grant_access"]

#: Somebody (a virus scanner, a process on its way out) has a file of the layer open.
_IN_USE: Final = frozenset({HResult.ERROR_SHARING_VIOLATION, HResult.ERROR_ACCESS_DENIED})
#: The disk under the layer is not there yet, or the driver had too much to do.
_PASSING: Final = NOT_READY | {HResult.ERROR_TIMEOUT}

#: The driver prepares layers for one caller at a time, and lets others wait into a time-out.
_preparing = threading.Lock()
#: Layers for which a call has not returned.
_at_work: set[tuple[str, str]] = set()


def descriptors_of(folders: Sequence[str]) -> list[LayerDescriptor]:
    """Describe layers by their folders and GUIDs; the driver is asked once for each GUID."""
    return [LayerDescriptor(_guid(os.path.basename(folder)), folder) for folder in folders]


def _guid(name: str) -> UUID:
    code, guid = call(vmcompute.NameToGuid, name)
    _check("NameToGuid", code, None)
    return guid


def grant_access(vm: str, path: str) -> None:
    """Let the virtual machine of that id open a file (the disk of a sandbox, say)."""
    _check("GrantVmAccess", call(vmcompute.GrantVmAccess, vm, path), vm)


class Driver:
    """The layer ``id`` in the folder ``home``, there or not."""

    def __init__(self, home: str, id: str) -> None:
        self._info = DriverInfo(home)
        self._id = id
        self._timeout = default_timeout()

    @property
    def busy(self) -> bool:
        """Whether a call for this layer has not returned."""
        return (self._info.home, self._id) in _at_work

    def create_sandbox(self, layers: Sequence[LayerDescriptor]) -> None:
        """Make it a writable layer over ``layers``, topmost first."""
        self._do(vmcompute.CreateSandboxLayer, self._id, layers[0].path, layers)

    def expand(self, size: int) -> None:
        """Let a sandbox that is not mounted grow to ``size`` bytes."""
        self._do(vmcompute.ExpandSandboxSize, self._id, size)

    def mount(self, layers: Sequence[LayerDescriptor]) -> None:
        """Activate and prepare a sandbox.

        Answers that are known to pass are survived for half a second. After an error it may be
        active, and prepared.
        """
        patiently(lambda: self._mount(layers), _passes, self._deactivate_if_active)

    def _mount(self, layers: Sequence[LayerDescriptor]) -> None:
        self._do(vmcompute.ActivateLayer, self._id)
        with _preparing:
            self._do(vmcompute.PrepareLayer, self._id, layers)

    def _deactivate_if_active(self) -> None:
        with suppress(ClocheError):  # it may not have come so far
            self.deactivate()

    def mount_path(self) -> str | None:
        r"""Name the volume of a mounted sandbox, ``\\?\Volume{…}``; None if it has none."""
        answer: tuple[int, str | None] = self._call(_mount_path, self._id)
        code, path = answer
        _check("GetLayerMountPath", code, self._id)
        return path

    def dismount(self, problems: list[Exception]) -> bool:
        """Take a sandbox out of the filter, and detach its disk whatever became of that.

        Says whether the disk is detached; what went wrong goes to ``problems``.
        """
        try:
            unprepared, deactivated = self._call(_dismount, self._id)
        except ClocheError as problem:
            problems.append(problem)
            return False
        for function, code in (("UnprepareLayer", unprepared), ("DeactivateLayer", deactivated)):
            if not succeeded(code):
                problems.append(failure(function, code, container=self._id))
        return succeeded(deactivated)

    def deactivate(self) -> None:
        """Detach the disk of a sandbox."""
        self._do(vmcompute.DeactivateLayer, self._id)

    def destroy(self, folder: str) -> None:
        """Delete its files, which lie in ``folder`` and must *not* be mounted.

        Else Windows ends this process. Files that others hold open are waited for, half a second.
        """
        if not os.path.isabs(folder):
            raise ValueError(f"a layer is destroyed by its absolute path only, not {folder!r}")
        patiently(lambda: self._do(vmcompute.DestroyLayer, folder), _is_in_use)

    def exists(self) -> bool:
        """Say whether there is such a layer."""
        code, exists = self._call(vmcompute.LayerExists, self._id)
        _check("LayerExists", code, self._id)
        return bool(exists)

    def _do(self, function: Callable[..., int], *args: Any) -> None:
        _check(function.__name__, self._call(function, *args), self._id)

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Make a call, and know afterwards whether it has returned."""
        layer = (self._info.home, self._id)
        if layer in _at_work:
            raise InvalidState(
                f"an earlier call for the layer {self._id} has not returned",
                operation=function.__name__,
                container=self._id,
                backend="filter",
            )

        def work() -> Any:
            try:
                return function(self._info, *args)
            finally:
                _at_work.discard(layer)

        work.__name__ = function.__name__
        _at_work.add(layer)
        return call(work, timeout=self._timeout)


def code_of(error: Exception) -> int | None:
    """What the driver answered, if that is what the error is about."""
    return getattr(error, "code", None)


def _mount_path(info: DriverInfo, id: str) -> tuple[int, str | None]:
    """Ask how long it is, then for as much."""
    code, length, _ = call(vmcompute.GetLayerMountPath, info, id, 0)
    if not succeeded(code) or not length:
        return code, None
    code, _, path = call(vmcompute.GetLayerMountPath, info, id, length)
    return code, path


def _dismount(info: DriverInfo, id: str) -> tuple[int, int]:
    return call(vmcompute.UnprepareLayer, info, id), call(vmcompute.DeactivateLayer, info, id)


def _passes(error: Exception) -> bool:
    return code_of(error) in _PASSING


def _is_in_use(error: Exception) -> bool:
    return code_of(error) in _IN_USE


def _check(function: str, code: int, id: str | None) -> None:
    if not succeeded(code):
        raise failure(function, code, container=id)
