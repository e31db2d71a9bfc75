"""Which JSON name a field of a dataclass has."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["json_names"]


def json_names(cls: type) -> dict[str, str]:
    """The JSON name of each field of a dataclass, by field name and in their order."""
    config: Mapping[str, Callable[[str], str]] = getattr(cls, "__pydantic_config__", {})
    alias = config.get("alias_generator", str)
    return {field.name: alias(field.name) for field in fields(cls)}
