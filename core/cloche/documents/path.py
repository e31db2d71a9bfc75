"""JSON paths as people read them: ``process.args[0]``, ``linux.sysctl["net.ipv4.ip_forward"]``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["json_path"]


def json_path(steps: Iterable[str | int]) -> str:
    """The path that goes through these keys and indices; empty for the document itself."""
    return "".join(map(_step, steps)).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f'["{step}"]'
