"""Tokens of a token server (distribution, auth/token.md and auth/oauth.md)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from cloche.errors import ImageError, Unavailable
from cloche.images.documents import read_object
from cloche.values import Value

from .problems import check_passing, denied, redacted

if TYPE_CHECKING:
    import httpx

    from .answer import Answer
    from .challenge import Challenge
    from .credentials import Credentials
    from .transport import Transport

__all__ = ["Token", "fetch_token"]

_LONGEST = 2**20
_REALM = re.compile(r"https?://[^/]", re.IGNORECASE)
_CLIENT = "cloche"
#: What a token lives if nobody says how long, in seconds; and how much earlier it is renewed.
_LIFETIME, _MARGIN = 60, 10


class Token(Value):
    """A token and when it ends, by the monotonic clock; never printed."""

    text: str
    end: float

    def __repr__(self) -> str:
        return "Token()"

    @property
    def header(self) -> str:
        """The value of an ``Authorization`` header."""
        return f"Bearer {self.text}"

    @property
    def is_fresh(self) -> bool:
        """Whether it will do for another request."""
        return time.monotonic() < self.end


def fetch_token(
    transport: Transport,
    registry: str,
    asker: httpx.URL,
    challenge: Challenge,
    scopes: frozenset[str],
    credentials: Credentials | None,
) -> Token:
    """Ask the server that the challenge of a registry names for a token.

    ``asker`` is the URL that was asked in vain. Raises Unavailable when it denies one, Transient
    for what may pass, ImageError for a challenge that is none: a registry behind TLS does not have
    passwords sent in the clear.
    """
    from .transport import resolve_url

    realm = challenge.parameters.get("realm", "")
    if not _REALM.match(realm):
        raise ImageError(f"{registry}: its challenge names no token server")
    url = resolve_url(asker, realm)
    service = challenge.parameters.get("service", "")
    if credentials and credentials.identity_token:
        answer = _by_identity(transport, url, service, scopes, credentials)
    else:
        answer = _by_password(transport, url, service, scopes, credentials)
    try:
        return _read(answer, registry, credentials)
    finally:
        answer.close()


def _by_password(
    transport: Transport,
    url: httpx.URL,
    service: str,
    scopes: frozenset[str],
    credentials: Credentials | None,
) -> Answer:
    parameters = [("service", service)] if service else []
    parameters += [("scope", scope) for scope in sorted(scopes)]
    headers = {}
    if credentials:
        parameters += [("account", credentials.username), ("client_id", _CLIENT)]
        headers["Authorization"] = credentials.basic()
    for name, value in parameters:
        url = url.copy_add_param(name, value)
    return transport.send("GET", url, headers=headers)


def _by_identity(
    transport: Transport,
    url: httpx.URL,
    service: str,
    scopes: frozenset[str],
    credentials: Credentials,
) -> Answer:
    from urllib.parse import urlencode

    form = {
        "grant_type": "refresh_token",
        "service": service,
        "client_id": _CLIENT,
        "scope": " ".join(sorted(scopes)),
        "refresh_token": credentials.identity_token,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return transport.send("POST", url, headers=headers, body=urlencode(form).encode())


def _read(answer: Answer, registry: str, credentials: Credentials | None) -> Token:
    check_passing(answer)
    secrets = credentials.secrets() if credentials else set[str]()
    if answer.status in (400, 401, 403):
        raise denied(registry, redacted(answer.problem(), secrets), credentials is not None)
    if answer.status != 200:
        raise Unavailable(f"{answer.host}: its token server answers {answer.status}")
    document = read_object(answer.read(_LONGEST), f"{answer.host}: token")
    text = document.get("token") or document.get("access_token")
    if not isinstance(text, str) or not text.isascii() or not text.isprintable():
        raise ImageError(f"{answer.host}: its token server gives no token")
    lifetime = document.get("expires_in")
    span = lifetime if isinstance(lifetime, int) and lifetime > 0 else _LIFETIME
    return Token(text, time.monotonic() + max(span - _MARGIN, span / 2))
