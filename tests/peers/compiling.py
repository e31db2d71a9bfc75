"""The functions that compile the C, which live beside the packages and in none."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

COMPILE = Path(__file__).parents[2] / "backends/compile.py"


def load_compiler() -> ModuleType:
    """Import them, by the path of their file."""
    spec = spec_from_file_location("cloche_compile", COMPILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
