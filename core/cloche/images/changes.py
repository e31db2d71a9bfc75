"""Changes to an image's configuration in a Dockerfile's words: docker's ``--change``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, cast

from cloche.errors import InvalidSpec
from cloche.signals import signal_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["changed"]

JSON = dict[str, object]


def changed(config: Mapping[str, object], changes: Sequence[str]) -> JSON:
    """Apply ``CMD``, ``ENTRYPOINT``, ``ENV``, ``EXPOSE``, ``LABEL``, ``STOPSIGNAL``, ``USER``,
    ``VOLUME`` and ``WORKDIR`` to the ``config`` of an image, in order.

    Raises InvalidSpec for anything else.
    """
    result = dict(config)
    for change in changes:
        word, _, rest = change.strip().partition(" ")
        instruction = _INSTRUCTIONS.get(word.upper())
        if instruction is None or not rest.strip():
            raise _wrong(change, f"one of {', '.join(sorted(_INSTRUCTIONS))}, with its argument")
        try:
            instruction(result, rest.strip())
        except ValueError as error:
            raise _wrong(change, f"understood: {error}") from error
    return result


def _wrong(change: str, what: str) -> InvalidSpec:
    return InvalidSpec(f"changes: {change!r} is not {what}", path="changes")


def _command(name: str) -> Callable[[JSON, str], None]:
    """A JSON array is the command; anything else is for a shell."""

    def change(config: JSON, text: str) -> None:
        config[name] = _array(text) or ["/bin/sh", "-c", text]

    return change


def _array(text: str) -> list[str] | None:
    from json import loads

    try:
        found = loads(text)
    except ValueError:
        return None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        return None
    return cast("list[str]", found)


def _pairs(text: str) -> list[tuple[str, str]]:
    """``A=1 B="two words"``, or ``A all the rest``."""
    first, _, rest = text.partition(" ")
    if "=" not in first:
        return [(first, rest.strip())]
    split = [word.partition("=") for word in shlex.split(text)]
    for name, equals, _ in split:
        if not name or not equals:
            raise ValueError(f"{name or 'it'} has no NAME=VALUE")
    return [(name, value) for name, _, value in split]


def _env(config: JSON, text: str) -> None:
    kept = cast("list[str] | None", config.get("Env")) or []
    merged = {variable.partition("=")[0]: variable for variable in kept}
    merged |= {name: f"{name}={value}" for name, value in _pairs(text)}
    config["Env"] = list(merged.values())


def _label(config: JSON, text: str) -> None:
    kept = cast("dict[str, str] | None", config.get("Labels")) or {}
    config["Labels"] = {**kept, **dict(_pairs(text))}


def _set(name: str) -> Callable[[JSON, str], None]:
    def change(config: JSON, text: str) -> None:
        kept = cast("dict[str, object] | None", config.get(name)) or {}
        config[name] = {**kept, **{word: {} for word in _array(text) or text.split()}}

    return change


def _text(name: str) -> Callable[[JSON, str], None]:
    def change(config: JSON, text: str) -> None:
        config[name] = text

    return change


def _signal(config: JSON, text: str) -> None:
    signal_number(text)
    config["StopSignal"] = text


_INSTRUCTIONS: dict[str, Callable[[JSON, str], None]] = {
    "CMD": _command("Cmd"),
    "ENTRYPOINT": _command("Entrypoint"),
    "ENV": _env,
    "EXPOSE": _set("ExposedPorts"),
    "LABEL": _label,
    "STOPSIGNAL": _signal,
    "USER": _text("User"),
    "VOLUME": _set("Volumes"),
    "WORKDIR": _text("WorkingDir"),
}
