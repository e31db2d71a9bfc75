"""The driver of scenarios goes through Cloche's public names only."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

DRIVER = Path(__file__).parents[1] / "replaying" / "driver"


def imported(path: Path) -> Iterator[str]:
    """Modules that a file imports, with the names it takes from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_public(name: str) -> bool:
    """Cloche's own, and nothing private in it; or not Cloche's at all."""
    top, *rest = name.split(".")
    if top == "cloche":
        return not any(part.startswith("_") for part in rest)
    standard = top in sys.stdlib_module_names or top == "_winapi"
    return standard or name.startswith("replaying.driver.")


def test_the_driver_imports_only_what_everybody_may() -> None:
    files = sorted(DRIVER.glob("*.py"))
    names = {name for path in files for name in imported(path)}
    assert "cloche" in names
    assert [name for name in sorted(names) if not is_public(name)] == []


def test_the_driver_uses_nothing_private() -> None:
    """No attribute that begins with an underscore, but of itself, and of ``os._exit``."""
    for path in DRIVER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr):
                assert ast.unparse(node.value) in ("self", "os"), f"{path}:{node.lineno}"
