"""The contract's own tests for runtimes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloche.testing.lab import Lab
from cloche.testing.runtime_abilities import Abilities
from cloche.testing.runtime_connecting import Connecting
from cloche.testing.runtime_endings import Endings
from cloche.testing.runtime_executing import Executing
from cloche.testing.runtime_making import Making
from cloche.testing.runtime_removing import Removing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloche.testing.subject import RuntimeSubject

__all__ = ["RuntimeSuite"]


class RuntimeSuite(Making, Endings, Executing, Connecting, Abilities, Removing):
    """Derive, and say in ``subject`` what is to be tested.

    Each test's docstring is a sentence of the contract. What the runtime does not claim, or lacks
    on this machine, is skipped by the capability's name.
    """

    def subject(self, home: Path) -> RuntimeSubject:
        """Name the runtime, a layer store for it, and what differs from the defaults.

        ``home`` is an empty directory of the test's.
        """
        raise NotImplementedError

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
        """A bench with the runtime on it, which clears up after the test."""
        lab = Lab(self.subject(tmp_path), tmp_path)
        try:
            _skip(request.function, lab)
            yield lab
        finally:
            lab.close()


def _skip(test: object, lab: Lab) -> None:
    for capability in getattr(test, "needs", ()):
        if capability not in lab.capabilities:
            pytest.skip(f"no {capability.value}")
