"""The backend over the stand-in service: on Windows by its DLL, elsewhere by the same in C.

On Windows `tests/windows/run` has put vmcompute.dll into System32 and the binding into the
checkout. Elsewhere both are built here, once for each state of their sources.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from service.building import binding_for_linux
from service.control import Service, library

import cloche_hcs

PATIENCE = 2.0
"""Seconds within which what a test has let go of must have been given back."""


def bind(path: Path) -> None:
    """Load the binding from where no install has it, under the name that an install gives it."""
    name = "cloche_hcs._vmcompute"
    spec = spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    cloche_hcs._vmcompute = module  # type: ignore[attr-defined]


if sys.platform != "win32" and "cloche_hcs._vmcompute" not in sys.modules:
    bind(binding_for_linux())


@pytest.fixture(scope="session")
def service_library() -> Path:
    """The stand-in, which the binding calls from now on."""
    path = library()
    if sys.platform != "win32":
        from cloche_hcs.vmcompute import use_library

        use_library(str(path))
    return path


@pytest.fixture
def service(
    service_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """The stand-in service, begun anew; nothing may be outstanding when the test is over.

    A test that leaves something on purpose says so by ``service.expect_left``. Nothing of the
    checkout is within reach of a path that is relative by mistake.
    """
    monkeypatch.chdir(tmp_path)
    service = Service(service_library, tmp_path / "service.trace")
    service.begin()
    yield service
    left = settled(service)
    service.end()
    assert left == {}


def settled(service: Service) -> dict[str, object]:
    """What is still outstanding, or was, after some patience."""
    deadline = time.monotonic() + PATIENCE
    while (left := service.unexpected()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left
