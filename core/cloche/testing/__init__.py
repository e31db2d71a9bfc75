"""For tests: a runtime in memory, and the contracts' own tests for those who write backends.

``FakeBackend`` runs Python functions as if they were containers' programs. ``RuntimeSuite``,
``LayerStoreSuite`` (``LayerKeepingSuite`` for stores that keep layers of images) and ``StdioSuite``
are classes of pytest tests: derive from one, say in its one factory method how your backend is
made, and run pytest. They need pytest; the fake does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche.testing.fake import FakeBackend
    from cloche.testing.fake_programs import Call, Program
    from cloche.testing.layer_keeping_suite import LayerKeepingSuite
    from cloche.testing.layer_store_suite import LayerStoreSubject, LayerStoreSuite
    from cloche.testing.programs import Programs
    from cloche.testing.runtime_suite import RuntimeSuite
    from cloche.testing.stdio_desk import StdioSubject
    from cloche.testing.stdio_suite import StdioSuite
    from cloche.testing.subject import RuntimeSubject

__all__ = [
    "Call",
    "FakeBackend",
    "LayerKeepingSuite",
    "LayerStoreSubject",
    "LayerStoreSuite",
    "Program",
    "Programs",
    "RuntimeSubject",
    "RuntimeSuite",
    "StdioSubject",
    "StdioSuite",
]

_HOMES = {
    "Call": "fake_programs",
    "FakeBackend": "fake",
    "LayerKeepingSuite": "layer_keeping_suite",
    "LayerStoreSubject": "layer_store_suite",
    "LayerStoreSuite": "layer_store_suite",
    "Program": "fake_programs",
    "Programs": "programs",
    "RuntimeSubject": "subject",
    "RuntimeSuite": "runtime_suite",
    "StdioSubject": "stdio_desk",
    "StdioSuite": "stdio_suite",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
