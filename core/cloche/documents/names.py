"""Which JSON name a field of a dataclass has."""

from __future__ import annotations

from cloche.gathering import field_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["json_names"]


def json_names(cls: type) -> dict[str, str]:
    """The JSON name of each field of a dataclass, by field name and in their order."""
    config: Mapping[str, Callable[[str], str]] = getattr(cls, "__pydantic_config__", {})
    alias = config.get("alias_generator", str)
    return {name: alias(name) for name in field_types(cls)}
