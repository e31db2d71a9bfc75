"""Connections: one request, one answer; a client for each host, with what only that host may see.

Redirects, authentication and repetition are others' business.
"""

from __future__ import annotations

import re
import ssl
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import httpx

from cloche.errors import ImageError, Unavailable
from cloche.images.foreign import excerpt

from .answer import Answer, keep_location
from .hosts import is_loopback
from .retries import Transient
from .tls import context_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .config import RegistryConfig

__all__ = ["Transport", "origin_of", "resolve_url"]

_USER_AGENT = "cloche"
#: How Python begins what the system says; people have no use for the number.
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port: credentials are for one of these."""
    return url.scheme, url.host, url.port


def resolve_url(base: httpx.URL, location: str) -> httpx.URL:
    """Where a ``Location`` leads; ImageError if a client should not follow it there."""
    try:
        url = base.join(location)
    except (httpx.InvalidURL, ValueError):
        raise ImageError(f"{base.host}: it leads to no URL: {excerpt(location, 60)!r}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ImageError(f"{base.host}: it leads to a {excerpt(url.scheme, 20)!r} URL")
    if base.scheme == "https" and url.scheme == "http":
        raise ImageError(f"{base.host}: it leads from https to http, to {excerpt(url.host)}")
    return url.copy_with(userinfo=b"", fragment=None)


class Transport:
    """Sends requests to any host; thread-safe."""

    def __init__(self, config: RegistryConfig) -> None:
        self._config = config
        self._clients: dict[str, httpx.Client] = {}
        self._closed = False
        self._lock = Lock()

    def send(
        self,
        method: str,
        url: httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """Send one request; the answer's body is still to be read, and it must be closed.

        Raises Transient for what may pass, Unavailable for what won't.
        """
        client = self._client(url)
        own = {"Accept-Encoding": "identity", "User-Agent": _USER_AGENT, **(headers or {})}
        failures = partial(_failures, _host_of(url), self._config.patience.stall)
        with failures():
            request = client.build_request(method, url, headers=own, content=body)
            response = client.send(request, stream=True)
        return Answer(response, failures)

    def close(self) -> None:
        """End all connections; nothing is sent any more."""
        with self._lock:
            self._closed = True
            for client in self._clients.values():
                client.close()

    def _client(self, url: httpx.URL) -> httpx.Client:
        host = _host_of(url)
        with self._lock:
            if self._closed:
                raise Unavailable(f"{host}: the connection was closed")
            if host not in self._clients:
                self._clients[host] = self._make_client(host)
            return self._clients[host]

    def _make_client(self, host: str) -> httpx.Client:
        patience, insecure = self._config.patience, host in self._config.insecure
        return httpx.Client(
            verify=context_for(host, self._config.certificates, insecure=insecure),
            timeout=httpx.Timeout(patience.stall, connect=patience.connect, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=16),
            trust_env=not is_loopback(host),  # what stays on this machine goes through no proxy
            event_hooks={"response": [keep_location]},
        )


def _host_of(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


@contextmanager
def _failures(host: str, stall: float) -> Iterator[None]:
    """Give the failures of connections our words; none of theirs shows a header or a query."""
    try:
        yield
    except httpx.TimeoutException as error:
        connecting = isinstance(error, httpx.ConnectTimeout)
        what = "does not answer" if connecting else f"stalled: nothing came for {stall:g} s"
        raise Transient(_unavailable(host, what), connecting=connecting) from error
    except httpx.TransportError as error:
        raise _broken(host, error) from error
    except (UnicodeError, OverflowError) as error:  # a name, or a port, that can't be one
        raise ImageError(f"{excerpt(host, 60)!r} is no host: {error}") from error


def _broken(host: str, error: httpx.TransportError) -> Transient | Unavailable:
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unavailable(
            f"{host}: its certificate is not believed: {cause.verify_message}",
            remedy=f"put the authority's certificate into /etc/docker/certs.d/{host}/ca.crt",
        )
    reason = _NUMBER.sub("", str(error)) or type(error).__name__
    what = _unavailable(host, excerpt(reason))
    return Transient(what, connecting=isinstance(error, httpx.ConnectError))


def _cause(error: BaseException) -> BaseException | None:
    """The system's own error, some exceptions down."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__ or found.__context__
    return found


def _unavailable(host: str, what: str) -> Unavailable:
    return Unavailable(f"{host}: {what}", remedy="see whether the registry is up, then try again")
