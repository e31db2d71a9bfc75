"""Who may know whom: command line → cloche → (contracts) ← backends."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

import pytest

HEAVY = {
    "asyncio", "cffi", "concurrent.futures", "ctypes", "email", "http", "httpx",
    "importlib.metadata", "inspect", "isal", "json", "logging", "multiprocessing", "pluggy",
    "pydantic", "shutil", "socket", "ssl", "subprocess", "tempfile", "typer",
    "typing_extensions", "urllib", "uuid", "zstandard",
}  # fmt: skip
LIBRARIES = {
    "cloche": {"httpx", "isal", "pluggy", "pydantic", "pydantic_core", "pytest", "zstandard"},
    "cloche_hcs": {"cffi", "_cffi_backend"},
    "cloche_linux": {"cffi", "_cffi_backend"},
    "cloche_oci": set[str](),
    "cloche_stdio": set[str](),
    "cloche_cli": {"typer", "click", "rich"},
}
COMPILED = {"_cffi_backend", "_native", "_vmcompute", "ctypes"}
BUILDERS = {"build.py", "compile.py", "wheels.py"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere, inside functions and for types too.

    A relative import stays in its package, so it can break no rule.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (_origin(node, alias) for alias in node.names)


def _origin(node: ast.ImportFrom, alias: ast.alias) -> str:
    """`from cloche import exit` imports cloche.exit; the name decides, not only the module."""
    return f"{node.module}.{alias.name}"


def breaches(room: str, tree: ast.AST) -> list[str]:
    """The imports that the house rules forbid to a file of this room."""
    return sorted({name for name in imported(tree) if not _allowed(room, name)})


def _allowed(room: str, name: str) -> bool:
    top, *rest = name.split(".")
    standard = top in sys.stdlib_module_names or top == "_typeshed"
    if top == room or standard or top in LIBRARIES[room]:
        return True
    private = any(part.startswith("_") and not part.startswith("__") for part in rest)
    return room != "cloche" and top == "cloche" and not private


def test_every_room_keeps_to_what_it_may_know(sources):
    found = {
        source.name: breach
        for source in sources
        if source.path.name not in BUILDERS
        if (breach := breaches(source.room, source.tree))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("room", "code"),
    [
        ("cloche", "import cloche_linux"),
        ("cloche", "def f():\n    from cloche_stdio.plugin import X"),
        ("cloche_linux", "from cloche_stdio import pipe"),
        ("cloche_linux", "from cloche._registry import x"),
        ("cloche_linux", "from cloche.records import _lock"),
        ("cloche_linux", "import requests"),
        ("cloche_cli", "import cloche_linux.plugin"),
        ("cloche_cli", "if TYPE_CHECKING:\n    from cloche_linux import plugin"),
    ],
)
def test_a_breach_is_seen(room, code):
    """The rule is proven by planting each kind of breach."""
    assert breaches(room, ast.parse(code)) != []


def test_what_is_allowed_is_not_a_breach():
    code = "from cloche.runtime import Runtime\nfrom cloche import errors\nimport os, _cffi_backend"
    assert breaches("cloche_linux", ast.parse(code)) == []


def test_every_folder_is_a_room_that_these_rules_know(rooms, root):
    packages = {
        path.parent.name
        for top in ("core", "backends", "cli")
        for path in (root / top).glob("*/__init__.py")
    }
    assert packages == set(rooms) == set(LIBRARIES)


@pytest.mark.parametrize(
    "module",
    ["cloche", "cloche_hcs", "cloche_linux", "cloche_oci", "cloche_stdio", "cloche_cli"],
)
def test_importing_a_package_imports_nothing_heavy(module, python):
    """Measured against what the interpreter itself has loaded at start-up."""
    loaded = set(
        python(
            f"import sys; a = set(sys.modules); import {module}; print(*sys.modules.keys() - a)"
        ).split()
    )
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    "module",
    ["cloche_hcs.plugin", "cloche_linux.plugin", "cloche_oci.plugin", "cloche_stdio.plugin"],
)
def test_importing_a_plugin_loads_no_native_library(module, python):
    loaded = set(python(f"import sys, {module}; print(*sys.modules)").split())
    assert not {name for name in loaded if COMPILED & {*name.split(".")}}
