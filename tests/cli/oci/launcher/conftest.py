"""The launcher, compiled by itself, beside an interpreter of the test's choice."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from compiling import load_compiler
from launched.programs import HANDED_OVER, beside


@pytest.fixture(scope="session")
def compiler():
    """What compiles the C."""
    return load_compiler()


@pytest.fixture(scope="session")
def launcher(compiler, tmp_path_factory) -> Path:
    """The program, in a directory of its own."""
    return compiler.build_launcher(tmp_path_factory.mktemp("launcher"))


@pytest.fixture(scope="session")
def sanitized(compiler, tmp_path_factory) -> Path:
    """The same, with the sanitizers looking on."""
    return compiler.build_sanitized_launcher(tmp_path_factory.mktemp("sanitized"))


@pytest.fixture
def with_python(launcher, tmp_path) -> Path:
    """The launcher beside the Python of this test."""
    return beside(tmp_path / "with", launcher, f'exec "{sys.executable}" "$@"')


@pytest.fixture
def alone(launcher, tmp_path) -> Path:
    """The launcher where being handed over shows: what it does, it does itself."""
    return beside(tmp_path / "alone", launcher, f"exit {HANDED_OVER}")


@pytest.fixture
def python() -> list[str]:
    """Python alone."""
    return [sys.executable, "-m", "cloche_cli.oci"]


@pytest.fixture
def by(oci) -> Callable[..., object]:
    """Runs a command by another program than usual."""

    def run(program: list[str], *words: str, **more: object):
        usual, oci.program = oci.program, [*program, "--root", str(oci.state)]
        try:
            return oci(*words, **more)
        finally:
            oci.program = usual

    return run
