"""Settings from the environment and from files; the environment wins."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Settings", "read_settings", "read_tables"]

_NAMES = ("runtime", "layer_store", "stdio_driver", "root", "plugins")
#: Parts that are read by whom they concern, when they do.
_TABLES = ("registries",)


class Settings(Value, kw_only=True):
    """What holds where a request says nothing; None where nobody has said anything."""

    runtime: str | None = None
    layer_store: str | None = None
    stdio_driver: str | None = None
    root: str | None = None
    #: Names of the plug-ins to load; empty for none, None for all.
    plugins: tuple[str, ...] | None = None
    #: Who said it (a variable or file), by setting.
    sources: Mapping[str, str] = field(default_factory=dict)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read ``CLOCHE_…`` variables, then the files they leave open.

    Files are ``/etc/cloche/config.toml`` and the user's ``cloche/config.toml`` below the XDG
    configuration directory, which wins; on Windows ``Cloche/config.toml`` below ``%ProgramData%``,
    unless other users could have written it, and below ``%APPDATA%``. ``CLOCHE_CONFIG`` names
    another one instead of both. Raises InvalidSpec for a file that can't be understood, naming the
    key.
    """
    env = os.environ if environment is None else environment
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for path in _files(env):
        for name, value in _read(path, required="CLOCHE_CONFIG" in env).items():
            values[name], sources[name] = value, path
    for name in _NAMES:
        variable = f"CLOCHE_{name.upper()}"
        if variable in env:
            values[name], sources[name] = env[variable], variable
    plugins = values.pop("plugins", None)
    given = {name: value or None for name, value in values.items()}
    return Settings(**given, plugins=_names(plugins), sources=sources)


def read_tables(
    name: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Read one part of the same files, the one that counts least first, each with its file.

    Raises InvalidSpec for a file that can't be understood.
    """
    env = os.environ if environment is None else environment
    for path in _files(env):
        table = _load(path, required="CLOCHE_CONFIG" in env).get(name, {})
        if not isinstance(table, dict):
            raise InvalidSpec(f"{path}: {name} must be a table", path=name)
        yield path, table


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _files(env: Mapping[str, str]) -> Iterator[str]:
    if "CLOCHE_CONFIG" in env:
        if env["CLOCHE_CONFIG"]:
            yield env["CLOCHE_CONFIG"]
        return
    yield from _usual_files(env)


if sys.platform == "win32":

    def _usual_files(env: Mapping[str, str]) -> Iterator[str]:
        """Where administrators and the user write; anybody may make directories in the first."""
        from cloche._win32.places import is_safe_above, is_safe_file

        shared = os.path.join(env.get("PROGRAMDATA", r"C:\ProgramData"), "Cloche")
        file = os.path.join(shared, "config.toml")
        if is_safe_file(file) and is_safe_above(shared):
            yield file
        if base := env.get("APPDATA"):
            yield os.path.join(base, "Cloche", "config.toml")

else:

    def _usual_files(env: Mapping[str, str]) -> Iterator[str]:
        yield "/etc/cloche/config.toml"
        home = env.get("HOME", "")
        base = env.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
        if base:
            yield os.path.join(base, "cloche", "config.toml")


def _read(path: str, *, required: bool) -> dict[str, str]:
    table = _load(path, required=required)
    return {name: _value(path, name, value) for name, value in table.items() if name not in _TABLES}


def _load(path: str, *, required: bool) -> dict[str, object]:
    try:
        with open(path, "rb") as file:
            return _parse(path, file.read())
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise InvalidSpec(
                f"CLOCHE_CONFIG: {path} does not exist", path="CLOCHE_CONFIG"
            ) from None
        return {}
    except PermissionError as error:
        if not required and not _can_look(path):
            return {}
        raise InvalidSpec(f"{path} can't be read: permission denied", path=path) from error


def _can_look(path: str) -> bool:
    """False where HOME is still another user's, as ``setpriv`` and ``sudo`` may leave it."""
    try:
        os.stat(path)
    except PermissionError:
        return False
    return True


def _parse(path: str, content: bytes) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise InvalidSpec(f"{path}: {error}", path=path) from error


def _value(path: str, name: str, value: object) -> str:
    if name not in _NAMES:
        raise InvalidSpec(
            f"{path}: {name} is not a setting", path=name, hint=f"settings: {', '.join(_NAMES)}"
        )
    if name == "plugins" and isinstance(value, list):
        value = ",".join(map(str, value))
    if not isinstance(value, str):
        raise InvalidSpec(f"{path}: {name} must be a string, not {value!r}", path=name)
    return value
