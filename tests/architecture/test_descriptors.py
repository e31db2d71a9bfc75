"""A module of tests that leaves descriptors open is found out."""

from __future__ import annotations

import os

import pytest
from runs import descriptors
from runs.descriptors import SPARE, Open


@pytest.fixture(autouse=True)
def _less_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "PATIENCE", 0.2)


def test_what_is_left_open_is_named_by_what_it_leads_to():
    opened = Open()
    left = [os.open("/etc/passwd", os.O_RDONLY) for _ in range(SPARE + 1)]
    assert opened.left() == [f"{fd}: /etc/passwd" for fd in left]
    for fd in left:
        os.close(fd)
    assert opened.left() == []


def test_what_is_opened_once_may_stay():
    opened = Open()
    left = [os.dup(0) for _ in range(SPARE)]
    assert opened.left() == []
    for fd in left:
        os.close(fd)


def test_what_the_collector_closes_is_not_left():
    class Cycle:
        def __init__(self) -> None:
            self.itself, self.fd = self, os.dup(0)

        def __del__(self) -> None:
            os.close(self.fd)

    opened = Open()
    for _ in range(SPARE + 1):
        Cycle()
    assert opened.left() == []
