"""A plug-in by somebody else: it changes every specification and offers a runtime."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cloche import Capability, hookimpl
from cloche.probe import Unsupported
from cloche.runtime import RuntimeDescriptor

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.probe import Verdict
    from cloche.runtime import BackendContext, CreateRequest, Runtime
    from cloche.spec import Spec


@hookimpl
def cloche_prepare_spec(request: CreateRequest) -> Callable[[Spec], Spec] | None:
    """Tells each process that the outsider has been there."""

    def add(spec: Spec) -> Spec:
        if spec.process is None:
            return spec
        env = (*(spec.process.env or ()), "OUTSIDER=was here")
        return dataclasses.replace(spec, process=dataclasses.replace(spec.process, env=env))

    return add


@hookimpl
def cloche_runtimes() -> list[RuntimeDescriptor]:
    return [
        RuntimeDescriptor(
            name="moon",
            ceiling=100,
            capabilities=frozenset(Capability),
            roots=("path", "overlay"),
            stdio=frozenset({"fd"}),
            probe=_probe,
            open=_open,
        )
    ]


def _probe(argument: str | None) -> Verdict:
    return Unsupported("there is no moon in reach", remedy="wait for a clear night")


def _open(context: BackendContext) -> Runtime:
    raise AssertionError("a runtime that is not supported was opened")
