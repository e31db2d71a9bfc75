"""``--mount type=…,source=…,target=…``, as docker has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from cloche import Mount

__all__ = ["read_mount"]

_SPELLINGS = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
    "tmpfs-size": "size",
    "tmpfs-mode": "mode",
}
_KEYS = {
    "bind": {"source", "target", "readonly", "bind-recursive"},
    "tmpfs": {"target", "size", "mode"},
}


def read_mount(text: str) -> Mount:
    """Read one mount; a value with a comma in it is quoted as in CSV."""
    import csv

    values: dict[str, str] = {}
    for field in next(csv.reader([text])):
        key, _, value = field.partition("=")
        values[_SPELLINGS.get(key, key)] = value
    kind = values.pop("type", "bind")
    _check(text, kind, values)
    return _bind(values) if kind == "bind" else _tmpfs(text, values)


def _check(text: str, kind: str, values: dict[str, str]) -> None:
    if kind not in _KEYS:
        raise UsageError(f"--mount {text}: type is bind or tmpfs, not {kind}")
    if unknown := values.keys() - _KEYS[kind]:
        raise UsageError(f"--mount {text}: {kind} has no {min(unknown)}")
    for key in ("source", "target") if kind == "bind" else ("target",):
        if not values.get(key):
            raise UsageError(f"--mount {text}: {key} is missing")


def _bind(values: dict[str, str]) -> Mount:
    from cloche import Mount

    return Mount.bind(
        values["source"],
        values["target"],
        read_only=values.get("readonly", "false") in {"", "true", "1"},
        recursive=values.get("bind-recursive", "enabled") != "disabled",
    )


def _tmpfs(text: str, values: dict[str, str]) -> Mount:
    from cloche import Mount

    try:
        mode = int(values["mode"], 8) if "mode" in values else None
    except ValueError:
        raise UsageError(f"--mount {text}: mode is octal, not {values['mode']}") from None
    return Mount.tmpfs(values["target"], size=values.get("size"), mode=mode)
