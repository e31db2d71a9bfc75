"""Requests to one registry: with authentication, through redirects, errors as ours."""

from __future__ import annotations

from contextlib import closing, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import httpx

from cloche.errors import ImageError
from cloche.values import Value, field

from .authentication import Authentication
from .hosts import api_host, is_loopback
from .problems import check_passing, denied, problem_of, redacted
from .retries import Transient, retrying
from .transport import Transport, origin_of, resolve_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from .answer import Answer
    from .config import Patience, RegistryConfig
    from .credentials import Credentials

__all__ = ["Request", "Session", "pulling", "pushing"]

T = TypeVar("T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
#: Without knowing how to ask, with a token that had ended, with a new one.
_ROUNDS = 3


def pulling(*repositories: str) -> frozenset[str]:
    """The scopes for reading repositories."""
    return frozenset(f"repository:{repository}:pull" for repository in repositories)


def pushing(repository: str) -> frozenset[str]:
    """The scopes for writing one."""
    return frozenset({f"repository:{repository}:pull,push"})


class Request(Value, kw_only=True):
    """What is asked of a registry."""

    method: str = "GET"
    #: What follows ``/v2/``, or a URL that the registry gave.
    where: str | httpx.URL
    #: What errors call it.
    what: str
    #: Whose credentials are meant, and what a token must allow.
    repository: str = ""
    scopes: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)
    #: A function gives the pieces, as often as they must be sent.
    body: bytes | Callable[[], Iterable[bytes]] | None = None
    #: The statuses that are no error.
    ok: Collection[int] = (200,)


class Session:
    """Asks one registry; thread-safe."""

    def __init__(
        self,
        registry: str,
        config: RegistryConfig,
        find: Callable[[str], Credentials | None],
        patience: Patience,
    ) -> None:
        self.registry = registry
        self.patience = patience
        self._config = config
        self._transport = Transport(config)
        self._auth = Authentication(registry, self._transport, find)
        self._base: httpx.URL | None = None
        self._reached = False
        self._lock = Lock()

    def retrying(self, action: Callable[[], T]) -> T:
        """Do something again while it fails by what may pass."""
        return retrying(self.patience, action)

    @contextmanager
    def ask(self, request: Request) -> Iterator[Answer]:
        """Send a request and have the answer, if its status is one of those that are ``ok``.

        Raises Transient for what may pass, Unavailable where access is denied, NotFound for 404,
        ImageError for anything else.
        """
        answer = self._authorised(request)
        with closing(answer):
            if answer.status not in request.ok:
                secrets = self._auth.secrets()
                check_passing(answer, secrets)
                if answer.status in (401, 403) and self._is_own(answer.url):
                    raise self._denied(answer, request.repository)
                raise problem_of(answer, request.what, secrets)
            yield answer

    def close(self) -> None:
        """End all connections."""
        self._transport.close()

    def _url(self, where: str | httpx.URL) -> httpx.URL:
        base = self._find_base()
        return base.join(f"/v2/{where}") if isinstance(where, str) else where

    def _is_own(self, url: httpx.URL) -> bool:
        return origin_of(url) == origin_of(self._find_base())

    def _authorised(self, request: Request) -> Answer:
        url = self._url(request.where)
        for left in reversed(range(_ROUNDS)):
            own = self._is_own(url)
            shown = self._auth.header(request.repository, request.scopes) if own else None
            answer = self._followed(request, url, shown)
            if answer.status != 401 or not left or not self._is_own(answer.url):
                return answer
            if not self._learn(answer, request.scopes, shown):
                return answer
            answer.close()
        raise AssertionError("the last round returns")

    def _learn(self, answer: Answer, scopes: frozenset[str], shown: str | None) -> bool:
        """Closes the answer on an error."""
        try:
            return self._auth.learn(answer.challenges(), answer.url, scopes, shown)
        except BaseException:
            answer.close()
            raise

    def _followed(self, request: Request, url: httpx.URL, shown: str | None) -> Answer:
        """Credentials go where they were asked for, and nowhere else."""
        start = origin_of(url)
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._send(request, url, shown if origin_of(url) == start else None)
            location = answer.location
            reads = request.method in ("GET", "HEAD")
            if not reads or answer.status not in _REDIRECTS or not location:
                return answer
            with closing(answer):
                url = resolve_url(url, location)
        raise ImageError(f"{url.host}: more than {_MOST_REDIRECTS} redirects")

    def _send(self, request: Request, url: httpx.URL, shown: str | None) -> Answer:
        headers = {**request.headers, "Authorization": shown} if shown else request.headers
        body = request.body() if callable(request.body) else request.body
        try:
            answer = self._transport.send(request.method, url, headers=headers, body=body)
        except Transient as failure:
            if failure.connecting and not self._reached:
                raise failure.error from failure.__cause__
            raise
        self._reached = True
        return answer

    def _denied(self, answer: Answer, repository: str) -> Exception:
        said = redacted(answer.problem(), self._auth.secrets())
        return denied(self.registry, said, self._auth.credentials(repository) is not None)

    def _find_base(self) -> httpx.URL:
        with self._lock:
            if self._base is None:
                self._base = self._probe()
            return self._base

    def _probe(self) -> httpx.URL:
        """Which of HTTP and HTTPS it speaks, where both may be spoken.

        On loopback plain HTTP comes first: a server without TLS may wait for more of a greeting
        that it doesn't understand. Elsewhere TLS comes first.
        """
        host = api_host(self.registry)
        if is_loopback(host):
            schemes = ["http", "https"]
        else:
            schemes = ["https", "http"] if host in self._config.insecure else ["https"]
        *others, last = (httpx.URL(f"{scheme}://{host}") for scheme in schemes)
        return next((url for url in others if self._answers(url)), last)

    def _answers(self, url: httpx.URL) -> bool:
        try:
            answer = self._transport.send("GET", url.join("/v2/"))
        except Transient:
            return False  # the other one is tried, and says what is wrong
        with closing(answer):
            if answer.status == 401:
                self._auth.learn(answer.challenges(), answer.url, frozenset(), None)
            return url.scheme == "https" or answer.status != 400  # what is said to who lacks TLS
