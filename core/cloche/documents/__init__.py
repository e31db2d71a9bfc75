"""The edge: JSON becomes values here, and values become JSON.

Any dataclass can be read and written, with the JSON names that the ``alias_generator`` of its
``__pydantic_config__`` gives. Valid documents never meet pydantic, whose import takes longer than
running a container; it is asked to explain what is wrong with the invalid ones.
"""

from __future__ import annotations

from .text import parse
from .writer import remember, to_json, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .checks import check, check_process
    from .reader import read

__all__ = ["check", "check_process", "parse", "read", "remember", "to_json", "write"]

_LAZY = {"check": ".checks", "check_process": ".checks", "read": ".reader"}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(_LAZY[name], __name__), name)
    globals()[name] = found
    return found
