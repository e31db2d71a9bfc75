"""What is wrong with an invalid document, in pydantic's words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from cloche import spec
from cloche.errors import InvalidSpec
from cloche.spec import config

from .path import json_path
from .writer import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

__all__ = ["adapter", "explain"]


@cache
def adapter(cls: type) -> TypeAdapter[Any]:
    """Pydantic's reader for ``cls``: the same documents are valid to it and to `read`."""
    # Its annotations name sections that config.py imports for type checkers only.
    for name in spec.__all__:
        setattr(config, name, getattr(spec, name))
    return TypeAdapter(cls)


def explain(cls: type, data: bytes | str | Mapping[str, object]) -> InvalidSpec:
    """The error to raise for a document that is not a valid ``cls``."""
    text = data if isinstance(data, (bytes, str)) else write(data)
    try:
        adapter(cls).validate_json(text, strict=True)
    except ValidationError as error:
        return _first(error.errors(include_url=False, include_input=False, include_context=False))
    return InvalidSpec(f"not a valid {cls.__name__}", path="")


def _first(faults: list[ErrorDetails]) -> InvalidSpec:
    fault, more = faults[0], len(faults) - 1
    path = json_path(fault["loc"])
    what = fault["msg"].replace("Input should", "should")
    others = f" (and {more} more)" if more else ""
    return InvalidSpec(f"{path or 'document'}: {what}{others}", path=path)
