"""A registry that does what it should not: real sockets, and a script of behaviours for each path.

A path without a script answers 404, ``/v2/`` answers that it is there. The last behaviour of a
script goes on for ever.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self) -> None:
        faulty = self.server.faulty
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behaviour = faulty.next(self.command, self.path, dict(self.headers.items()), body)
        behaviour(self)

    def __getattr__(self, name: str) -> Any:
        """Every method is answered the same way."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    faulty: Faulty
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, address: Any) -> None:
        """Greet in the thread of the connection: who greets wrongly holds nobody up."""
        if self.tls is None:
            return super().finish_request(request, address)
        with self.tls.wrap_socket(request, server_side=True) as secured:
            return super().finish_request(secured, address)

    def handle_error(self, *_: Any) -> None:
        """Clients go when they have had enough."""


class Faulty:
    """The registry; ``requests`` is what arrived: method, path, headers, body."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.ended = threading.Event()
        self._scripts: dict[tuple[str, str], list[Behaviour]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.faulty = self
        self._server.tls = self._tls
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def on(self, path: str, *script: Behaviour, method: str = "GET") -> None:
        """Say what happens to requests for a path (without its query)."""
        self._scripts[method, path] = list(script)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of each request for a path."""
        return [headers for _, at, headers, _ in self.requests if at.partition("?")[0] == path]

    def next(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Behaviour:
        with self._lock:
            self.requests.append((method, path, headers, body))
            plain = path.partition("?")[0]
            script = self._scripts.get((method, plain))
            if script is None:
                return reply(200 if plain == "/v2/" else 404)
            return script.pop(0) if len(script) > 1 else script[0]


def reply(status: int = 200, body: bytes | object = b"", **headers: str) -> Behaviour:
    """Answer; in the names of headers ``_`` stands for ``-``."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def behave(handler: Handler) -> None:
        handler.begin(status, {"Content-Length": str(len(data)), **named})
        if handler.command != "HEAD":
            handler.wfile.write(data)

    return behave


def challenge(header: str) -> Behaviour:
    """Ask for authentication."""
    return reply(401, {"errors": [{"code": "UNAUTHORIZED"}]}, WWW_Authenticate=header)


def truncate(body: bytes, sent: int, status: int = 200, **headers: str) -> Behaviour:
    """Announce the whole and send the beginning of it."""

    def behave(handler: Handler) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.begin(status, {"Content-Length": str(len(body)), **named})
        handler.wfile.write(body[:sent])
        handler.close_connection = True

    return behave


def stall(body: bytes = b"", sent: int = 0) -> Behaviour:
    """Send the beginning and then nothing, until the end of the test."""

    def behave(handler: Handler) -> None:
        handler.begin(200, {"Content-Length": str(len(body) or 100)})
        handler.wfile.write(body[:sent])
        handler.wfile.flush()
        handler.server.faulty.ended.wait()
        handler.close_connection = True

    return behave


def reset(handler: Handler) -> None:
    """Break the connection off."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True


def endless(status: int = 200, **headers: str) -> Behaviour:
    """Answer without end."""

    def behave(handler: Handler) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.begin(status, {"Connection": "close", **named})
        handler.close_connection = True
        while not handler.server.faulty.ended.is_set():
            handler.wfile.write(b"[" * 2**16)

    return behave


def ranged(body: bytes) -> Behaviour:
    """Answer as a good registry, from where it is asked to."""

    def behave(handler: Handler) -> None:
        asked = handler.headers.get("Range")
        if not asked:
            return reply(200, body)(handler)
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        told = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return reply(206, body[start:], Content_Range=told)(handler)

    return behave


def truncate_ranged(body: bytes, step: int) -> Behaviour:
    """The same, but break off after some bytes each time."""

    def behave(handler: Handler) -> None:
        start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        told = f"bytes {start}-{len(body) - 1}/{len(body)}"
        status = 206 if start else 200
        truncate(body[start:], step, status, Content_Range=told)(handler)

    return behave
