"""The contract's own tests pass over other people's runtimes, by this backend."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from cloche.probe import Verdict
from cloche.runtime import RuntimeDescriptor
from cloche.testing import RuntimeSubject, RuntimeSuite
from cloche_linux.plugin import cloche_layer_stores
from cloche_oci.plugin import cloche_runtimes
from cloche_oci.probing import probe

judged = cache(probe)


def named(argument: str) -> RuntimeDescriptor:
    """The descriptor as the engine uses it for ``oci:ARGUMENT``."""
    (oci,) = cloche_runtimes()

    def judge(_: str | None) -> Verdict:
        return judged(argument)

    return replace(
        oci, probe=judge, open=lambda context: oci.open(replace(context, argument=argument))
    )


class OverRuntime(RuntimeSuite):
    argument: str

    def subject(self, home: Path) -> RuntimeSubject:
        store = next(each for each in cloche_layer_stores() if each.name == "overlay")
        return RuntimeSubject(runtime=named(self.argument), store=store)


class TestCrun(OverRuntime):
    argument = "crun"


class TestRunc(OverRuntime):
    argument = "runc"


class TestRunsc(OverRuntime):
    argument = "runsc"
