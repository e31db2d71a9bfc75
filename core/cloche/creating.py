"""Containers from a whole specification: what it asks for, and the parameters beside it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloche import arguments as check
from cloche.documents import check as check_spec
from cloche.errors import InvalidSpec
from cloche.given_process import command_of, with_terminal
from cloche.ids import check_id
from cloche.layers import Layer
from cloche.needs import Wants
from cloche.options import START
from cloche.quantities import duration
from cloche.request import Asked, ask, let_go
from cloche.runtime import Capability, CreateRequest, Isolation, Lifetime
from cloche.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche.records import Records

__all__ = ["Given", "ask_by_spec"]

_SHARED = (
    *("name", "replace", "labels", "isolation", "stop_signal", "stop_timeout", "preserve_fds"),
    *("stdin", "stdout", "stderr", "tty", "text", "runtime", "layer_store", "stdio_driver"),
)
CREATE: dict[str, Callable[[str, Any], Any]] = {
    **{name: START[name] for name in _SHARED},
    "id": check.text,
    "detached": check.boolean,
    "timeout": duration,
}


class Given:
    """A specification that a caller gave, checked, with what was asked for beside it."""

    __slots__ = ("asked", "layers", "spec")

    def __init__(self, spec: Spec, asked: Asked) -> None:
        self.spec = spec
        self.asked = asked
        #: What the root is made of, topmost first.
        self.layers = _layers(spec)

    @property
    def section(self) -> str:
        """The platform's section that it has."""
        return "linux" if self.spec.windows is None else "windows"

    def wants(self) -> tuple[Wants, dict[Capability, str]]:
        """Derive what decides on backends, and the field or parameter behind each need."""
        asked, vm = self.asked, self.asked.isolation is Isolation.VM
        causes = dict(self._causes())
        base = Capability.ISOLATE_VM if vm else Capability.ISOLATE_PROCESS
        wants = Wants(
            runtime=asked.runtime,
            layer_store=asked.layer_store,
            kinds=frozenset(layer.kind for layer in self.layers),
            needs=frozenset((*causes, base)),
            isolation=asked.isolation,
            in_place=self.section == "linux",
        )
        return wants, causes

    def _causes(self) -> list[tuple[Capability, str]]:
        found = [(Capability.WAITING_CREATE, "create")]
        if self.asked.tty:
            found.append((Capability.TERMINAL, "tty"))
        if self.asked.lifetime is Lifetime.DETACHED:
            found.append((Capability.OUTLIVES, "detached"))
        if self.spec.hooks is not None and any(self.spec.hooks.__dict__.values()):
            found.append((Capability.HOOKS, "hooks"))
        return found

    def request(self, records: Records, needs: frozenset[Capability]) -> CreateRequest:
        """Put together what a runtime is asked for."""
        asked = self.asked
        new = asked.id or os.urandom(6).hex()
        return CreateRequest(
            id=new,
            spec=self.spec,
            layers=self.layers,
            isolation=asked.isolation,
            needs=needs,
            lifetime=asked.lifetime,
            state=Path(records.directory(new)),
            preserve_fds=asked.preserve_fds,
            init=False,
            timeout=asked.timeout,
        )


def _layers(spec: Spec) -> tuple[Layer, ...]:
    if spec.windows is not None:
        return tuple(Layer(kind="windows", path=Path(p)) for p in spec.windows.layer_folders)
    assert spec.root is not None
    return (Layer(kind="directory", path=Path(spec.root.path)),)


def ask_by_spec(spec: object, options: Mapping[str, Any]) -> Given:
    """Check a specification and all parameters beside it; nothing is made.

    Raises InvalidSpec with the JSON path of the fault, or the name of the parameter.
    """
    if not isinstance(spec, Spec):
        raise InvalidSpec(
            f"spec: {type(spec).__name__} is not a cloche.spec.Spec",
            path="spec",
            hint="cloche.documents.read(Spec, …) reads a config.json",
        )
    asked = ask("create", None, options, CREATE, by_document=True)
    check_spec(spec)
    windows = spec.windows is not None
    if asked.id is not None:
        check_id(asked.id, windows=windows or sys.platform == "win32")
    asked.keep = True
    asked.isolation = _isolation(spec, asked)
    if options.get("detached"):
        asked.lifetime = Lifetime.DETACHED
        let_go(asked)
    if spec.process is None:
        raise InvalidSpec("a specification without a process", path="process")
    process = with_terminal(spec.process, asked)
    asked.args = command_of(process)
    return Given((_on_windows if windows else _on_linux)(spec.replace(process=process)), asked)


def _isolation(spec: Spec, asked: Asked) -> Isolation:
    vm = spec.vm is not None or (spec.windows is not None and spec.windows.hyperv is not None)
    if "isolation" not in asked.__dict__:
        return Isolation.VM if vm else Isolation.PROCESS
    if vm and asked.isolation is Isolation.PROCESS:
        raise InvalidSpec(
            "isolation: the specification asks for a virtual machine", path="isolation"
        )
    return asked.isolation


def _on_windows(spec: Spec) -> Spec:
    if spec.linux is not None:
        raise InvalidSpec("linux: a section beside that for Windows", path="linux")
    assert spec.windows is not None
    for position, folder in enumerate(spec.windows.layer_folders):
        check.text(f"windows.layerFolders[{position}]", folder)
    return spec


def _on_linux(spec: Spec) -> Spec:
    if spec.linux is None:
        raise InvalidSpec("a specification without a linux or a windows section", path="linux")
    if spec.root is None:
        raise InvalidSpec("a specification without a root", path="root")
    path = os.path.abspath(spec.root.path)
    if not os.path.isdir(path):
        missing = "is not a directory" if os.path.exists(path) else "does not exist"
        raise InvalidSpec(f"root.path: {path} {missing}", path="root.path")
    return spec.replace(root=spec.root.replace(path=path))
