"""The files in which docker and podman keep who one is: ``config.json``, ``auth.json``."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cloche import _disk
from cloche.errors import InvalidSpec
from cloche.machine import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["auths", "change", "own_place", "places", "plain_name", "read"]


def places(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The files that may say something, the one that counts first.

    What the environment names comes before what is usual: ``$REGISTRY_AUTH_FILE``, then
    ``$DOCKER_CONFIG/config.json``, then podman's ``auth.json`` and docker's ``config.json``.
    """
    env = os.environ if environment is None else environment
    if env.get("REGISTRY_AUTH_FILE"):
        yield env["REGISTRY_AUTH_FILE"]
    if env.get("DOCKER_CONFIG"):
        yield os.path.join(env["DOCKER_CONFIG"], "config.json")
    if env.get("XDG_RUNTIME_DIR"):
        yield os.path.join(env["XDG_RUNTIME_DIR"], "containers", "auth.json")
    if home := _home(env):
        yield os.path.join(home, ".config", "containers", "auth.json")
        if not env.get("DOCKER_CONFIG"):
            yield os.path.join(home, ".docker", "config.json")


def own_place(environment: Mapping[str, str] | None = None) -> str:
    """The file that a login writes: what the environment names, else docker's."""
    env = os.environ if environment is None else environment
    if env.get("REGISTRY_AUTH_FILE"):
        return env["REGISTRY_AUTH_FILE"]
    folder = env.get("DOCKER_CONFIG") or os.path.join(_home(env), ".docker")
    return os.path.join(folder, "config.json")


def _home(env: Mapping[str, str]) -> str:
    return env.get("HOME") or env.get("USERPROFILE") or ""


def read(path: str) -> dict[str, Any]:
    """Read a file; empty where there is none. InvalidSpec for one that is no JSON object."""
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read() or b"{}")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:
        raise refused(error, path) from error
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"is not JSON ({type(error).__name__})", path) from None
    if not isinstance(content, dict):
        raise _wrong(path, "is not a JSON object", path)
    return content


def auths(path: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The part with the credentials, by names of registries as they are written there."""
    found = content.get("auths")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _wrong(path, "auths is not a JSON object", "auths")
    return found


def plain_name(key: str) -> str:
    """``https://host/v1/`` is ``host``, and Docker's old name for itself ``docker.io``."""
    name = key.partition("://")[2] or key
    name = name.rstrip("/")
    host, slash, rest = name.partition("/")
    if rest in ("v1", "v2"):
        slash, rest = "", ""
    return ("docker.io" if host == "index.docker.io" else host) + slash + rest


def change(path: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite a file whole, for this user alone; what ``edit`` leaves alone is kept.

    A crash leaves the old file or the new one. Others of ours wait meanwhile; docker does not.
    Raises Unavailable where the machine refuses.
    """
    path = os.path.realpath(path)  # a link to a file kept elsewhere stays one
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        with _disk.locked(folder):
            content = read(path)
            edit(content)
            _replace(path, json.dumps(content, indent="\t").encode() + b"\n")
    except OSError as error:
        raise refused(error, path) from error


def _replace(path: str, data: bytes) -> None:
    part = f"{path}.part"  # of one name, so that one who was killed leaves no secret for long
    with suppress(FileNotFoundError):
        os.unlink(part)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        _disk.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _wrong(path: str, what: str, key: str) -> InvalidSpec:
    return InvalidSpec(f"{path}: {what}", path=key, hint="correct it, or name another file")
