"""A runtime of forty lines keeps the whole contract: this is all the glue it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloche.testing import RuntimeSubject, RuntimeSuite


class TestBare(RuntimeSuite):
    @pytest.fixture(autouse=True)
    def _installed(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(site)

    def subject(self, home: Path) -> RuntimeSubject:
        import bare

        (runtime,), (store,) = bare.cloche_runtimes(), bare.cloche_layer_stores()
        return RuntimeSubject(runtime=runtime, store=store)
