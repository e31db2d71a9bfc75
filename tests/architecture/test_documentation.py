"""Every example of the documentation runs, and prints what the documentation says it prints.

A block that is not an example to run says so: ```` ```python fragment ```` is compiled only. `...`
in an output stands for anything. How many blocks of which kind each file has is in `blocks.txt`, so
that no example can quietly stop being one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COUNTS = Path(__file__).with_name("blocks.txt")
FENCE = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block, and the `output` block that follows it."""

    page: str
    line: int
    kind: str
    text: str
    output: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    name, text = page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["kind"] == "output":
            last = found.pop()
            found.append(Block(last.page, last.line, last.kind, last.text, match["text"]))
        else:
            found.append(Block(name, line, match["kind"].strip(), match["text"]))
    return found


BLOCKS = [block for page in PAGES for block in blocks(page)]


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


def matches(expected: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


@pytest.fixture
def environment(tmp_path):
    """The environment of somebody who has activated the virtual environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "CLOCHE_ROOT": str(tmp_path / "state")}


@pytest.mark.parametrize("block", of_kind("python"), ids=str)
def test_a_python_example_prints_what_it_says(block, tmp_path, environment):
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert matches(block.output, done.stdout), done.stdout


def test_every_fragment_compiles():
    assert all(compile(block.text, str(block), "exec") for block in of_kind("python fragment"))


@pytest.mark.parametrize("block", of_kind("console"), ids=str)
def test_a_session_prints_what_it_says(block, tmp_path, environment):
    commands, outputs = session(block.text)
    steps = [f"{command}\n__s=$?; printf '\\0'; (exit $__s)" for command in commands]
    done = subprocess.run(
        ["bash", "-c", "exec 2>&1\n" + "\n".join(steps)],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
        text=True, timeout=120,
    )  # fmt: skip
    for command, expected, printed in zip(commands, outputs, done.stdout.split("\0"), strict=False):
        assert matches(expected, printed), f"{command}\n{printed}"


def session(text: str) -> tuple[list[str], list[str]]:
    """The commands of a session (`$ …`, and `> …` goes on) and the output of each."""
    commands: list[str] = []
    outputs: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
            outputs.append("")
        elif line.startswith("> ") and not outputs[-1]:
            commands[-1] += "\n" + line[2:]
        else:
            outputs[-1] += line + "\n"
    return commands, outputs


@pytest.mark.parametrize("block", of_kind("sh"), ids=str)
def test_a_script_is_shell(block):
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_block_is_of_a_kind_that_is_checked():
    known = {"python", "python fragment", "console", "sh", "toml", "json", "text", "c"}
    assert {block.kind for block in BLOCKS} <= known


def test_the_number_of_examples_is_the_committed_one():
    counted = Counter((block.page, block.kind) for block in BLOCKS)
    lines = sorted(f"{number} {kind} in {page}" for (page, kind), number in counted.items())
    assert COUNTS.read_text().splitlines() == lines, "\n".join(lines)


def test_every_link_of_the_documentation_leads_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_a_wrong_output_is_seen():
    assert matches("a ... c", "a b c")
    assert not matches("a ... c", "a b d")
    assert session("$ a \\\n> b\nout\n$ c\n") == (["a \\\nb", "c"], ["out\n", ""])
