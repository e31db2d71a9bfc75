"""Who a registry is told we are: from the files of docker and podman, and their helper programs."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cloche.errors import InvalidSpec
from cloche.values import Value

from . import credential_files as files
from .credential_helpers import Helper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Credentials", "find_credentials", "server_name"]

#: By this user name helper programs say that the secret is an identity token.
_TOKEN_USER = "<token>"  # noqa: S105
#: The name of Docker's registry in these files.
_DOCKER = "https://index.docker.io/v1/"


class Credentials(Value, kw_only=True):
    """A user and a password, or a token instead; none of it is ever printed."""

    username: str = ""
    password: str = ""
    #: Shown to a token server (OAuth 2's refresh token).
    identity_token: str = ""
    #: Shown to the registry itself.
    registry_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"

    def basic(self) -> str:
        """The value of an ``Authorization`` header of the Basic scheme."""
        return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    def secrets(self) -> set[str]:
        """What must appear nowhere, in all the forms it is sent in."""
        secrets = {self.password, self.identity_token, self.registry_token} - {""}
        return secrets | {self.basic().partition(" ")[2]} if self.password else secrets


def server_name(registry: str) -> str:
    """What helper programs and ``auths`` call a registry."""
    return _DOCKER if registry == "docker.io" else registry


def find_credentials(
    registry: str, repository: str = "", environment: Mapping[str, str] | None = None
) -> Credentials | None:
    """Look for the credentials for a repository; None if nobody has any.

    In each file (`credential_files.places`) the helper program for the registry is asked first,
    then ``auths``, by the longest name that fits: ``HOST/OWNER/NAME``, ``HOST/OWNER``, ``HOST``.
    Raises InvalidSpec for a file that can't be understood, Unavailable for a helper that fails.
    """
    for path in files.places(environment):
        content = files.read(path)
        if found := _asked(content, registry) or _kept(path, content, registry, repository):
            return found
    return None


def _asked(content: Mapping[str, Any], registry: str) -> Credentials | None:
    helper = Helper.of(content, registry)
    found = helper.get(server_name(registry)) if helper else None
    if found is None:
        return None
    username, secret = found
    if username == _TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(username=username, password=secret)


def _kept(
    path: str, content: Mapping[str, Any], registry: str, repository: str
) -> Credentials | None:
    auths = files.auths(path, content)
    for name in _names(registry, repository):
        for key, entry in auths.items():
            if files.plain_name(key) == name and (found := _read_entry(path, key, entry)):
                return found
    return None


def _names(registry: str, repository: str) -> Iterator[str]:
    parts = [part for part in repository.split("/") if part]
    for count in range(len(parts), -1, -1):
        yield "/".join([registry, *parts[:count]])


def _read_entry(path: str, key: str, entry: object) -> Credentials | None:
    fields: Mapping[object, object] = entry if isinstance(entry, dict) else {}
    texts = {str(name): value for name, value in fields.items() if isinstance(value, str)}
    username, password = texts.get("username", ""), texts.get("password", "")
    if auth := texts.get("auth"):
        username, password = _decode(path, key, auth)
    found = Credentials(
        username=username,
        password=password,
        identity_token=texts.get("identitytoken", ""),
        registry_token=texts.get("registrytoken", ""),
    )
    return found if found != Credentials() else None


def _decode(path: str, key: str, auth: str) -> tuple[str, str]:
    username = colon = password = ""
    with suppress(binascii.Error, ValueError):
        username, colon, password = b64decode(auth, validate=True).decode().partition(":")
    if not colon:
        where = f'auths["{key}"].auth'
        raise InvalidSpec(
            f"{path}: {where} is not base64 of USER:PASSWORD", path=where, hint="log in again"
        )
    return username, password.rstrip("\0")
