"""Keeping credentials, and forgetting them, where docker and podman find them, too."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING, Any

from cloche.errors import InvalidSpec
from cloche.images.foreign import excerpt
from cloche.images.reference import Reference

from . import credential_files as files
from .credential_helpers import Helper
from .credentials import Credentials, server_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .config import RegistryConfig

__all__ = ["log_in", "log_out"]


def log_in(
    registry: str, username: str, password: str, *, config: RegistryConfig | None = None
) -> None:
    """Have the registry check a user's password, then keep it for this user.

    Where the configuration names a helper program it keeps the secret, else the file does, in
    base64 and readable by this user alone. Raises Unavailable when the registry denies access;
    then nothing is kept.
    """
    from .client import Registry

    registry = _host(registry)
    if not username or not password or ":" in username:
        raise InvalidSpec("login: a user name without colon and a password are needed", path="user")
    credentials = Credentials(username=username, password=password)
    with Registry.open(registry, config=config, credentials=credentials) as opened:
        opened.check_login()
    keep(registry, credentials)


def keep(
    registry: str, credentials: Credentials, environment: Mapping[str, str] | None = None
) -> None:
    """Keep credentials without asking anybody whether they are right."""
    registry = _host(registry)
    path, server = files.own_place(environment), server_name(registry)
    helper = Helper.of(files.read(path), registry)
    entry: dict[str, str] = {}
    if helper:
        helper.store(server, credentials.username, credentials.password)
    else:
        both = f"{credentials.username}:{credentials.password}"
        entry["auth"] = b64encode(both.encode()).decode()

    def edit(content: dict[str, Any]) -> None:
        kept = files.auths(path, content)
        content["auths"] = {**_without(kept, registry), server: entry}

    files.change(path, edit)


def log_out(registry: str, environment: Mapping[str, str] | None = None) -> bool:
    """Forget the credentials for a registry, wherever they would be found; False if none were."""
    registry, forgotten = _host(registry), False
    for path in files.places(environment):
        content = files.read(path)
        if not content:
            continue
        if helper := Helper.of(content, registry):
            forgotten |= helper.erase(server_name(registry))
        kept = files.auths(path, content)
        if len(_without(kept, registry)) < len(kept):
            files.change(path, partial(_forget, path, registry))
            forgotten = True
    return forgotten


def _host(registry: str) -> str:
    """Take what people copy from elsewhere, too: ``https://index.docker.io/v1/``."""
    host = files.plain_name(registry.strip())
    try:
        known = Reference.parse(f"{host}/name").registry
    except InvalidSpec:
        known = ""
    if not host or known != host:
        raise InvalidSpec(
            f"no registry: {excerpt(registry)!r}", path="registry", hint="HOST[:PORT]"
        )
    return host


def _forget(path: str, registry: str, content: dict[str, Any]) -> None:
    content["auths"] = _without(files.auths(path, content), registry)


def _without(auths: Mapping[str, Any], registry: str) -> dict[str, Any]:
    return {key: value for key, value in auths.items() if files.plain_name(key) != registry}
