"""The page about backends shows the plug-in that is installed and tested here, to the letter."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "backends.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_has_the_whole_plugin() -> None:
    assert blocks("python")[0].startswith((HERE / "bare" / "bare.py").read_text())


def test_its_entry_point_is_the_pages() -> None:
    assert blocks("toml")[0] in (HERE / "bare" / "pyproject.toml").read_text()
