"""The table of requirements: whole, and each row with tests that there are."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
TABLE = HERE / "requirements"
#: How the reason begins why a requirement has no test.
REASON = "others: "


class Row(NamedTuple):
    """One requirement: where it stands, what it is, and the tests or the reason."""

    document: str
    lines: list[str]
    what: str
    proof: str

    @property
    def tests(self) -> list[str]:
        return [] if self.proof.startswith(REASON) else self.proof.split(", ")


def rows(text: str, document: str) -> list[Row]:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith("| Lines")
    ]
    return [Row(document, lines.split(), what, proof) for lines, what, proof in cells]


def table() -> list[Row]:
    files = sorted(set(TABLE.glob("*.md")) - {TABLE / "README.md"})
    return [row for file in files for row in rows(file.read_text(), file.name)]


def counted() -> Counter[tuple[str, str]]:
    """How often the specification says MUST or REQUIRED, by document and line."""
    listed = (TABLE / "lines.txt").read_text().splitlines()
    words = (line.split() for line in listed if not line.startswith("#"))
    return Counter((document, number) for document, *numbers in words for number in numbers)


def proofs() -> list[str]:
    return [
        node.name
        for file in HERE.glob("test_*.py")
        if file.name != "test_table.py"
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_must_of_the_specification_has_a_row() -> None:
    there = Counter((row.document, line) for row in table() for line in row.lines)
    assert counted() - there == Counter(), "these have no row"
    assert there - counted() == Counter(), "these rows have no must"


def test_every_row_has_tests_that_there_are_or_a_reason() -> None:
    known = set(proofs())
    without = [
        row
        for row in table()
        if not (row.tests or row.proof.startswith(REASON)) or not set(row.tests) <= known
    ]
    assert without == []


def test_every_test_has_a_row() -> None:
    named = {name for row in table() for name in row.tests}
    assert sorted(set(proofs()) - named) == []


def test_no_two_tests_have_one_name() -> None:
    assert [name for name, count in Counter(proofs()).items() if count > 1] == []


def test_a_row_says_what_it_is_about() -> None:
    assert [row for row in table() if len(row.what.split()) < 3] == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("| 1 2 2 | a b c | test_x, test_y |", (["1", "2", "2"], ["test_x", "test_y"])),
        ("| 3 | a b c | others: who cares |", (["3"], [])),
    ],
)
def test_a_row_is_read(line: str, wanted: tuple[list[str], list[str]]) -> None:
    (row,) = rows(line, "x.md")
    assert (row.lines, row.tests) == wanted
