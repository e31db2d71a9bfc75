"""What the text of the project may not say, and what every test must."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Set

import pytest

MACHINE_PATHS = re.compile(
    r"/work/(?:main\b(?!\.py)|shared)|\.library/|/(?:farm|home/(?!u\b|user\b|you\b)\w+|Users/\w+)/|/tmp/(?:venv|brief)"
)
TRACKER = re.compile(
    r"\b(?:issue|ticket|PR|pull request) ?#?\d+\b|(?<![\w&/])#\d+\b", re.IGNORECASE
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


#: What another program said when it was recorded: nobody's words here.
RECORDED = "tests/windows/traces/"


@pytest.fixture(scope="module")
def texts(root):
    """Every text file under version control that the project itself has written."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [name for name in listed.stdout.split("\0") if name and not name.startswith(RECORDED)]
    files = [root / name for name in names]
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in files
        if path.is_file() and path.name not in ("LICENSE", "test_words.py")
    }


@pytest.mark.parametrize(
    "forbidden", [MACHINE_PATHS, TRACKER, UNFINISHED], ids=["path", "tracker", "unfinished"]
)
def test_no_text_speaks_of_anything_but_the_project(texts, forbidden):
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATHS, "see /work/main/x"),
        (MACHINE_PATHS, "/home/alice/x"),
        (TRACKER, "fixes #12"),
        (TRACKER, "see issue 2"),
        (UNFINISHED, "# TODO: later"),
    ],
)
def test_each_pattern_finds_what_it_is_for(pattern, text):
    assert pattern.search(text)


def test_every_exception_is_named_and_none_is_swallowed(sources):
    """`except Exception: pass` hides what nobody has thought of."""
    swallowed = [
        f"{source.name}:{node.lineno}"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and _does_nothing(node)
    ]
    assert swallowed == [], "\n".join(swallowed)


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")


def _does_nothing(node: ast.ExceptHandler) -> bool:
    return all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)


def test_every_test_asserts_something(specifications):
    """Itself, or in a function of the tests that it calls; what cannot fail proves nothing."""
    functions = [
        (source, node)
        for source in specifications
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    asserting: set[str] = set()
    for _ in range(3):  # a test, the fixture it uses, what the fixture returns
        asserting |= {node.name for _, node in functions if asserts(node, asserting)}
    empty = [
        f"{source.name}:{node.lineno} {node.name}"
        for source, node in functions
        if node.name.startswith("test_") and node.name not in asserting
    ]
    assert empty == [], "\n".join(empty)


def asserts(function: ast.AST, asserting: Set[str]) -> bool:
    """Whether it has an assertion, or names what has one; pytest's own count by their names."""
    nodes = list(ast.walk(function))
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    named |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    own = {"raises", "warns", "fail", "deprecated_call", "fnmatch_lines"}
    return any(isinstance(node, ast.Assert) for node in nodes) or bool(named & (own | asserting))


def test_a_test_without_an_assertion_is_seen():
    assert not asserts(ast.parse("def test_it():\n    run(1)"), {"check"})
    assert asserts(ast.parse("def test_it():\n    check(1)"), {"check"})
