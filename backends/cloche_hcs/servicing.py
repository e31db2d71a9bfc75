"""Updates that a container has left behind: another container installs them before it is deleted.

Known of Windows Server 2016 and the releases up to 1709; later ones never say that there are any.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cloche.creation import CreateRequest
from cloche.errors import ClocheError
from cloche.layers import Layer
from cloche.runtime import Isolation
from cloche.spec import VERSION, Process, Spec, Windows, WindowsHyperV
from cloche_hcs.background import background
from cloche_hcs.properties import PropertyType

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from cloche.exit import Exit, ExitStatus
    from cloche_hcs.notes import Notes
    from cloche_hcs.process import ComputeProcess
    from cloche_hcs.system import ComputeSystem

__all__ = ["are_updates_pending", "ends_with_system", "servicing_of"]

_SUFFIX = "_servicing"
_LONGEST_ID = 128


def are_updates_pending(system: ComputeSystem) -> bool:
    """Ask the service; what can't be asked any more has none, and goes as it is."""
    try:
        properties = system.properties(PropertyType.PENDING_UPDATES)
    except ClocheError:
        return False
    return properties.get("AreUpdatesPending") is True


def servicing_of(id: str, notes: Notes, state: Path | str) -> CreateRequest:
    """Ask for the container that installs the updates of another: over the same layers.

    It has no command of its own, and none of the other's.
    """
    servicing = id[: _LONGEST_ID - len(_SUFFIX)] + _SUFFIX
    vm = notes.isolation is Isolation.VM
    windows = Windows(
        layer_folders=notes.layers,
        servicing=True,
        hyperv=WindowsHyperV(utility_vm_path=notes.utility_vm) if vm else None,
    )
    process = Process(cwd=notes.cwd, command_line="")
    return CreateRequest(
        id=servicing,
        spec=Spec(oci_version=VERSION, process=process, windows=windows),
        layers=_layers(notes),
        isolation=notes.isolation,
        state=Path(state).with_name(servicing),
        init=False,
        timeout=notes.timeout,
    )


def _layers(notes: Notes) -> tuple[Layer, ...]:
    from pathlib import Path

    return tuple(Layer(kind="windows", path=Path(folder)) for folder in notes.layers)


def ends_with_system(exit: Exit, process: ComputeProcess, system: ComputeSystem) -> None:
    """Settle ``exit`` as the process ends, but only when its container has ended, too.

    It shuts down by itself when the updates are in the layer, and would lose them if it were ended
    before. If they could not be installed, it is ended by force.
    """

    def installed(ended: Future[ExitStatus]) -> None:
        status = _status(ended)
        if status is None or status.code != 0:
            background.soon(lambda: _give_up(system))
        if status is not None:
            system.exited.future.add_done_callback(lambda _: exit.resolve(status))
        else:
            system.exited.future.add_done_callback(lambda _: exit.fail(_error(ended)))

    process.exit.future.add_done_callback(installed)


def _status(ended: Future[ExitStatus]) -> ExitStatus | None:
    return None if ended.exception() is not None else ended.result()


def _error(ended: Future[ExitStatus]) -> Exception:
    error = ended.exception()
    assert isinstance(error, Exception)
    return error


def _give_up(system: ComputeSystem) -> None:
    try:
        system.terminate()
    except ClocheError:
        return
