"""Golden traces with one thing wrong: a call left out, two exchanged, something in one altered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from replaying.trace import DOCUMENTS, same

__all__ = ["Mutant", "mutants"]

Document = dict[str, Any]
Mutant = tuple[str, Document]


def mutants(document: Document) -> Iterator[Mutant]:
    """Every mutant of a golden trace, with a word on what was done to it."""
    for what, calls in _mutants(document["calls"]):
        numbered = [{**call, "seq": number} for number, call in enumerate(calls, 1)]
        yield what, {**document, "calls": numbered}


def _mutants(calls: list[Document]) -> Iterator[tuple[str, list[Document]]]:
    for number, call in enumerate(calls):
        label = f"call {number + 1} ({call['fn']})"
        before, after = calls[:number], calls[number + 1 :]
        yield f"{label} left out", before + after
        if before and _differ(before[-1], call):
            yield f"{label} before the one before it", [*before[:-1], call, before[-1], *after]
        for what, altered in _altered(call):
            yield f"{label}: {what}", [*before, altered, *after]


def _differ(one: Document, other: Document) -> bool:
    """Two calls that say the same can be exchanged, and nothing has changed."""
    ones, others = ({k: v for k, v in call.items() if k != "seq"} for call in (one, other))
    return not same(ones, others)


def _altered(call: Document) -> Iterator[tuple[str, Document]]:
    yield "hr", {**call, "hr": "0x80004005" if call["hr"] == "0x00000000" else "0x00000000"}
    for part in ("args", "out"):
        for key, value in call[part].items():
            if key in DOCUMENTS and _is_document(value):
                yield from _altered_documents(call, part, key, json.loads(value))
            else:
                for where, other in _others(value):
                    yield f"{part}.{key}{where}", {**call, part: {**call[part], key: other}}


def _altered_documents(
    call: Document, part: str, key: str, value: object
) -> Iterator[tuple[str, Document]]:
    for where, other in _others(value):
        changed = {**call, part: {**call[part], key: json.dumps(other)}}
        if f"parsed_{key}" in call:
            changed[f"parsed_{key}"] = other
        yield f"{part}.{key}{where}", changed


def _is_document(value: object) -> bool:
    try:
        return isinstance(json.loads(str(value)), dict | list)
    except json.JSONDecodeError:
        return False


def _others(value: object) -> Iterator[tuple[str, object]]:
    """The value with one thing in it altered, for each thing."""
    if isinstance(value, dict):
        for key in value:
            yield f".{key} is missing", {k: v for k, v in value.items() if k != key}
            for where, other in _others(value[key]):
                yield f".{key}{where}", {**value, key: other}
        yield " has one more", {**value, "Further": False}
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield f"[{number}] is missing", [*value[:number], *value[number + 1 :]]
            for where, other in _others(each):
                yield f"[{number}]{where}", [*value[:number], other, *value[number + 1 :]]
    else:
        yield "", _other(value)


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
    return "x"
