"""Authentication to one registry: what it asked for, and what is shown to it since."""

from __future__ import annotations

from threading import Lock, RLock
from typing import TYPE_CHECKING

from cloche.errors import Unavailable

from .problems import denied
from .tokens import Token, fetch_token

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .challenge import Challenge
    from .credentials import Credentials
    from .transport import Transport

__all__ = ["Authentication"]


class Authentication:
    """Knows the last challenge and the tokens of this registry; thread-safe.

    Several that need a token at once wait for one.
    """

    def __init__(
        self, registry: str, transport: Transport, find: Callable[[str], Credentials | None]
    ) -> None:
        self._registry = registry
        self._transport = transport
        self._find = find
        self._known: dict[str, Credentials | None] = {}
        self._challenge: Challenge | None = None
        self._asker: httpx.URL | None = None
        self._wanted: dict[frozenset[str], frozenset[str]] = {}
        self._tokens: dict[tuple[str, frozenset[str]], Token] = {}
        self._lock = RLock()
        self._secrets: set[str] = set()
        self._finding = Lock()

    def header(self, repository: str, scopes: frozenset[str]) -> str | None:
        """What to send as ``Authorization``; None while nobody has asked for anything.

        Raises Unavailable where a login is needed, and what `fetch_token` raises.
        """
        challenge = self._challenge
        if challenge is None:
            return None
        credentials = self.credentials(repository)
        if credentials and credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        if challenge.scheme == "bearer":
            return self._token(challenge, repository, scopes, credentials).header
        if credentials is None:
            raise denied(self._registry, "", was_somebody=False)
        return credentials.basic()

    def learn(
        self,
        challenges: list[Challenge],
        asker: httpx.URL,
        scopes: frozenset[str],
        sent: str | None,
    ) -> bool:
        """Hear that a request with the header ``sent`` was refused; say whether to try again."""
        chosen = self._choose(challenges)
        with self._lock:
            self._challenge, self._asker = chosen, asker
            asked = frozenset(chosen.parameters.get("scope", "").split())
            self._wanted[scopes] = scopes | asked
            for key, token in list(self._tokens.items()):
                if token.header == sent:
                    del self._tokens[key]
        return sent is None or chosen.scheme == "bearer"

    def credentials(self, repository: str) -> Credentials | None:
        """Who we are to this repository, found out once."""
        with self._finding:
            if repository not in self._known:
                found = self._find(repository)
                self._known[repository] = found
                with self._lock:
                    self._secrets |= found.secrets() if found else set()
            return self._known[repository]

    def secrets(self) -> set[str]:
        """What must be in no message."""
        with self._lock:
            return set(self._secrets)

    def _choose(self, challenges: list[Challenge]) -> Challenge:
        """Tokens rather than passwords."""
        for scheme in ("bearer", "basic"):
            for challenge in challenges:
                if challenge.scheme == scheme:
                    return challenge
        raise Unavailable(
            f"{self._registry} wants an authentication that is not known here",
            reason="neither Basic nor Bearer",
        )

    def _token(
        self,
        challenge: Challenge,
        repository: str,
        scopes: frozenset[str],
        credentials: Credentials | None,
    ) -> Token:
        with self._lock:
            wanted = self._wanted.get(scopes, scopes)
            token = self._tokens.get((repository, wanted))
            if token is None or not token.is_fresh:
                assert self._asker is not None
                token = fetch_token(
                    self._transport, self._registry, self._asker, challenge, wanted, credentials
                )
                self._tokens[repository, wanted] = token
                self._secrets.add(token.text)
            return token
