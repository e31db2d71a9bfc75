"""The runtime and its layer store keep the contract, with processes that really run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloche.layers import Layer
from cloche.probe import Supported, Verdict
from cloche.runtime import Capability
from cloche.spec import VERSION, Process, Spec, Windows
from cloche.stdio import Size
from cloche.testing import Programs, RuntimeSubject, RuntimeSuite
from cloche.testing.programs import Args
from cloche_hcs.plugin import cloche_layer_stores, cloche_runtimes

_UNRUNNABLE = "not-a-program-for-this-machine"
#: What CreateProcess answers for it.
_BAD_FORMAT = "0x800700C1"
#: The service of the tests has no consoles.
_LACKING = frozenset({Capability.TERMINAL})


class PythonPrograms(Programs):
    """What the suite runs, in the words of a Python that every machine has which runs the suite."""

    def writes(self, out: str, err: str = "") -> Args:
        return _python("os.write(1, a[0].encode()); os.write(2, a[1].encode())", out, err)

    def exits(self, code: int) -> Args:
        return _python("os._exit(int(a[0]))", str(code))

    def sleeps(self) -> Args:
        return _python(r"os.write(1, b'ready\n'); time.sleep(600)")

    def refuses(self) -> Args:
        return self.sleeps()

    def copies(self) -> Args:
        return _python("while (piece := os.read(0, 65536)): os.write(1, piece)")

    def counts(self) -> Args:
        return _python(r"while os.write(1, b'x\n'): time.sleep(0.01)")

    def floods(self, size: int) -> Args:
        return _python("for _ in range(int(a[0]) // 1024): os.write(1, bytes(1024))", str(size))

    def unrunnable(self) -> Args:
        return (_UNRUNNABLE,)


class TestHcs(RuntimeSuite):
    @pytest.fixture(autouse=True)
    def layer(self, tmp_path: Path, service: Any) -> None:
        fault = f"fault\tHcsCreateProcess\t*\t{_BAD_FORMAT}\t{_UNRUNNABLE}"
        service.begin("pace\t1", "proc\t*\treal", fault)
        self.base = tmp_path / "layers" / "base"
        self.base.mkdir(parents=True)

    def subject(self, home: Path) -> RuntimeSubject:
        (runtime,), (store,) = cloche_runtimes(), cloche_layer_stores()
        abilities = runtime.capabilities - _LACKING
        return RuntimeSubject(
            runtime=replace(runtime, probe=_works_here, capabilities=abilities),
            store=replace(store, probe=_works_here),
            layers=(Layer(kind="windows", path=self.base),),
            programs=PythonPrograms(),
            spec=self._spec,
        )

    def _spec(self, id: str, args: Args, terminal: Size | None) -> Spec:
        return Spec(
            oci_version=VERSION,
            process=Process(cwd="", args=args),
            hostname=id,
            windows=Windows(layer_folders=(str(self.base),)),
        )


def _works_here(_argument: str | None) -> Verdict:
    return Supported(80)


def _python(program: str, *arguments: str) -> Args:
    return (
        sys.executable,
        "-Ssc",
        f"import os, sys, time\na = sys.argv[1:]\n{program}",
        *arguments,
    )
