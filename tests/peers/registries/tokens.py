"""A token server (distribution, auth/token and auth/oauth): it knows one user, and remembers.

Tokens are signed with the authority's key, which the registry trusts.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from registries.authority import Certificate, openssl

ISSUER = "tests' tokens"
SERVICE = "tests' registry"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class TokenServer:
    """Gives ``user`` what he asks for, others only ``pull``; ``asked`` is what was asked."""

    def __init__(
        self,
        signer: Certificate,
        *,
        user: str = "ann",
        password: str = "a secret",
        identity: str = "an identity",
        lifetime: int = 300,
    ) -> None:
        self.signer = signer
        self.user, self.password, self.identity = user, password, identity
        self.lifetime = lifetime
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/token"

    def for_registry(self) -> dict[str, str]:
        """How a registry is told of this server."""
        bundle = str(self.signer.file)
        names = {"realm": self.realm, "service": SERVICE, "issuer": ISSUER}
        return {**names, "rootcertbundle": bundle}

    def sign(self, scopes: list[str], subject: str) -> str:
        """Make a token for scopes as ``repository:NAME:pull,push``."""
        parts = [scope.rsplit(":", 1) for scope in scopes]
        access = [
            {"type": name.split(":", 1)[0], "name": name.split(":", 1)[1], "actions": what}
            for name, actions in parts
            if (what := self._allowed(actions.split(","), subject))
        ]
        now = int(time.time())
        span = {"nbf": now - 10, "iat": now - 10, "exp": now + self.lifetime}
        claims = {"iss": ISSUER, "sub": subject, "aud": SERVICE, "jti": str(now), **span}
        return _jwt({**claims, "access": access}, self.signer)

    def _allowed(self, actions: list[str], subject: str) -> list[str]:
        return [action for action in actions if subject or action == "pull"]

    def subject(self, authorization: str, form: dict[str, str]) -> str | None:
        """Who asks: a user, nobody in particular, or None for who must not."""
        if form.get("grant_type") == "refresh_token":
            return self.user if form["refresh_token"] == self.identity else None
        if form.get("grant_type") == "password":
            given = f"{form['username']}:{form['password']}"
        elif authorization:
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        else:
            return ""
        return self.user if given == f"{self.user}:{self.password}" else None


def _jwt(claims: dict[str, Any], signer: Certificate) -> str:
    chain = [base64.b64encode(openssl("x509", "-in", signer.file, "-outform", "DER")).decode()]
    header = {"typ": "JWT", "alg": "ES256", "x5c": chain}
    text = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
    signature = openssl("dgst", "-sha256", "-sign", Path(signer.key), input=text.encode())
    return f"{text}.{_encode(_plain(signature))}"


def _plain(signature: bytes) -> bytes:
    """The two numbers of an ASN.1 signature, 32 bytes each, as JOSE wants them."""
    length = signature[3]
    first, second = signature[4 : 4 + length], signature[6 + length :]
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (first, second))


def _handler(tokens: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self._answer({k: v[0] for k, v in query.items()}, query.get("scope", []))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {k: v[0] for k, v in parse_qs(body).items()}
            self._answer(form, form.get("scope", "").split())

        def _answer(self, form: dict[str, str], scopes: list[str]) -> None:
            tokens.asked.append((self.command, form))
            who = tokens.subject(self.headers.get("Authorization", ""), form)
            if who is None:
                return self._send(HTTPStatus.UNAUTHORIZED, {"details": "incorrect password"})
            name = "access_token" if self.command == "POST" else "token"
            granted = {name: tokens.sign(scopes, who), "expires_in": tokens.lifetime}
            return self._send(HTTPStatus.OK, granted)

        def _send(self, status: HTTPStatus, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
