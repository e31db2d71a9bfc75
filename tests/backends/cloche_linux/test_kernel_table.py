"""The published table of what is needed of a kernel is what is probed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloche_linux import spawn

TABLE = Path(__file__).parents[3] / "docs/kernel.md"


@pytest.mark.parametrize("user_namespace", [False, True])
def test_every_ability_that_is_probed_has_its_row_and_is_here(user_namespace: bool) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    probed = spawn.probe(user_namespace=user_namespace)
    assert sorted(rows) == sorted(probed)
    assert set(probed.values()) == {0}
