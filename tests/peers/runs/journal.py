"""Which tests of a run have begun, for a Python that may be ended from within or without.

Whoever goes on behind it knows at which test it was, and what is done already.
"""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["Journal"]


class Journal:
    """Notes each test before it runs, and each that fails; leaves out what has begun before."""

    def __init__(self, file: Path) -> None:
        self.file = file
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        self.begun = {line.removeprefix("begun ") for line in lines if line.startswith("begun ")}

    def _note(self, word: str, nodeid: str) -> None:
        with self.file.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{word} {nodeid}\n")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        done = [item for item in items if item.nodeid in self.begun]
        if done:
            config.hook.pytest_deselected(items=done)
            items[:] = [item for item in items if item.nodeid not in self.begun]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._note("begun", nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._note("failed", report.nodeid)
