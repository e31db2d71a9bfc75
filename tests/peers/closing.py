"""Closing what a test has made, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ["all_closed"]


def all_closed(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note each object of a class that is made, and close them at the end (for a fixture)."""
    made, real = [], kind.__init__

    def noting(self: Any, *args: Any, **options: Any) -> None:
        real(self, *args, **options)
        made.append(self)

    monkeypatch.setattr(kind, "__init__", noting)
    yield
    for each in made:
        each.close()
