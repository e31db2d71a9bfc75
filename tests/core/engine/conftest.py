"""Containers that lose their maker are closed as the kernel would have closed them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from closing import all_closed

from cloche import Container


@pytest.fixture(autouse=True)
def _containers_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from all_closed(Container, monkeypatch)
