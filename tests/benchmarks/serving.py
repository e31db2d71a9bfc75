"""What a Windows container costs the process that makes it, beside what its service takes.

The service is the one that stands in for Windows' own in the tests, without any delay; it lives in
this process, so what it takes itself is found by making the same calls by hand.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contenders import Samples
from figures import Table, Verdict, row

from cloche import DEVNULL, Engine
from cloche.defaults import windows_process, windows_spec

if TYPE_CHECKING:
    from setting import Setting

    from cloche.spec import Spec

__all__ = ["service"]

_WINDOWS_TESTS = Path(__file__).parents[1] / "windows"
_STEERING = ("pace\t0", "proc\t*\texit\t\t\t0\t0")
_BATCH = 100


def service(setting: Setting) -> Table:
    """Processor time of whole lives: create, start, wait, remove."""
    batches, size = (2, 5) if setting.tiny else (10, _BATCH)
    layer = setting.place.folder / "layers" / "base"
    layer.mkdir(parents=True)
    spec = windows_spec(windows_process(("cmd", "/c", "ver")), (str(layer),))
    with _engine(setting) as (engine, stand_in):
        lives, by_hand = [], []
        for batch in range(-1, batches):  # the first one, which loads what is needed, is no figure
            stand_in.end()
            stand_in.steer(*_STEERING)
            lives.append(_spent(size, lambda n, b=batch: _live(engine, spec, f"c{b + 1}-{n}")))
            by_hand.append(_spent(size, lambda n, b=batch: _call(layer, f"h{b + 1}-{n}")))
    ours, theirs = Samples(lives[1:]), Samples(by_hand[1:])
    return Table(
        title=f"service: a container of Windows' service, {batches * size} lives in one process",
        unit="ms of processor time",
        rows=[row("create, start, wait, remove", ours), row("the same calls by hand", theirs)],
        verdicts=[_cost(ours, theirs)],
        notes=["the service is the one of the tests, in the same process, with no delay"],
    )


def _cost(ours: Samples, theirs: Samples) -> Verdict:
    value = (ours.median - theirs.median) * 1000
    return Verdict(name="a life, without its calls", value=value, bound=2, unit="ms")


def _spent(size: int, action: Callable[[int], None]) -> float:
    """Seconds of processor time, all threads', for each time."""
    before = time.process_time()
    for number in range(size):
        action(number)
    return (time.process_time() - before) / size


def _live(engine: Engine, spec: Spec, id: str) -> None:
    container = engine.create(spec, id=id, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    container.start()
    container.wait(30)
    container.remove()


def _call(layer: Path, id: str) -> None:
    """The calls of such a life, with nobody who waits for what they begin."""
    from cloche_hcs import vmcompute as dll

    info, guid = dll.DriverInfo(home=str(layer.parent)), dll.NameToGuid(layer.name)[1]
    parents = [dll.LayerDescriptor(guid=UUID(str(guid)), path=str(layer))]
    dll.CreateSandboxLayer(info, id, str(layer), parents)
    dll.ActivateLayer(info, id)
    dll.PrepareLayer(info, id, parents)
    length = dll.GetLayerMountPath(info, id, 0)[1]
    dll.GetLayerMountPath(info, id, length)
    system = dll.HcsCreateComputeSystem(id, "{}").value
    callback = dll.HcsRegisterComputeSystemCallback(system, 0).value
    dll.HcsStartComputeSystem(system)
    process = dll.HcsCreateProcess(system, "{}").value.handle
    ending = dll.HcsRegisterProcessCallback(process, 0).value
    dll.HcsGetProcessProperties(process)
    dll.HcsGetComputeSystemProperties(system, "{}")
    dll.HcsTerminateComputeSystem(system)
    dll.HcsUnregisterProcessCallback(ending)
    dll.HcsCloseProcess(process)
    dll.HcsUnregisterComputeSystemCallback(callback)
    dll.HcsCloseComputeSystem(system)
    dll.UnprepareLayer(info, id)
    dll.DeactivateLayer(info, id)
    dll.DestroyLayer(info, id)


@contextmanager
def _engine(setting: Setting) -> Iterator[tuple[Engine, Any]]:
    """An engine that has no other backend than Windows', and the service that stands in."""
    sys.path.insert(0, str(_WINDOWS_TESTS))
    from service.building import binding_for_linux
    from service.control import Service, library

    _bind(binding_for_linux())
    import cloche_hcs.plugin as backend
    from cloche.probe import Supported
    from cloche_hcs.vmcompute import use_library

    use_library(str(library()))
    backend._probe_service = backend._probe_store = lambda _: Supported(80)
    stand_in = Service(library(), setting.place.folder / "unused.trace")
    with ExitStack() as stack:
        place = setting.place.folder / "windows"
        engine = stack.enter_context(Engine(root=place, runtime="hcs"))
        stack.callback(stand_in.end)
        yield engine, stand_in


def _bind(path: Path) -> None:
    """Load the binding, which no install of this platform has."""
    import cloche_hcs

    spec = spec_from_file_location("cloche_hcs._vmcompute", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules["cloche_hcs._vmcompute"] = module
    spec.loader.exec_module(module)
    cloche_hcs._vmcompute = module  # type: ignore[attr-defined]
