"""The stand-in service, begun anew for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from service.control import Service, library


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The stand-in as it begins: 20 ms until a notification, processes that exit after 50.

    Nothing of the checkout is within reach of a path that is relative by mistake.
    """
    monkeypatch.chdir(tmp_path)
    service = Service(library(), tmp_path / "trace")
    service.begin()
    yield service
    service.end()
