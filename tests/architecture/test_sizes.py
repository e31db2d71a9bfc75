"""One idea a file, one step a function: sizes are the part of that which can be counted."""

from __future__ import annotations

import ast

FILE = 300
FUNCTION = 40
LONGER_FILES: dict[str, int] = {}  # by name, with the length that is allowed


def test_no_file_is_longer_than_300_lines(sources):
    lengths = {source.name: len(source.text.splitlines()) for source in sources}
    long = {name: n for name, n in lengths.items() if n > LONGER_FILES.get(name, FILE)}
    assert long == {}


def test_every_exception_is_still_needed(sources):
    """An exception names its own length, and goes when the file has become short enough."""
    lengths = {source.name: len(source.text.splitlines()) for source in sources}
    assert {name for name in LONGER_FILES if lengths.get(name, 0) <= FILE} == set()


def test_no_function_is_longer_than_40_lines(sources):
    long = [
        f"{source.name}:{node.lineno} {node.name}: {length} lines"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := body_length(node)) > FUNCTION
    ]
    assert long == [], "\n".join(long)


def body_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement to the last; documentation is never too long."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_file_is_called_utils(sources):
    """A file that is named for nothing holds nothing in particular."""
    nothing = {"utils", "util", "helpers", "common", "misc", "manager", "base"}
    assert [s.name for s in sources if s.path.stem.strip("_") in nothing] == []
