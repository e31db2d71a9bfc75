"""The page about security names a test for each threat, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs/security.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """The table, without its heading."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_each_threat_has_tests_that_exist(row: list[str]) -> None:
    _threat, _protection, proof = row
    named = NAMED.findall(proof)
    assert named
    assert NAMED.sub("", proof).strip() == ""
    for path, name in named:
        tree = ast.parse((TESTS / path).read_text("utf-8"))
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in tests, f"{path} has no {name}"


def test_each_test_against_somebody_hostile_is_named() -> None:
    named = set(NAMED.findall(PAGE.read_text("utf-8")))
    folders = ("core/hostile", "backends/cloche_linux/hostile")
    files = [file for folder in folders for file in (TESTS / folder).glob("test_*.py")]
    files.append(TESTS / "backends/cloche_linux/rootless/test_hostile.py")
    missing = [
        f"{path}::{node.name}"
        for path in (file.relative_to(TESTS).as_posix() for file in files)
        for node in ast.parse((TESTS / path).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if (path, node.name) not in named and not path.endswith("test_page.py")
    ]
    assert missing == []
