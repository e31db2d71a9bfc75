"""Debian's docker-registry, started on a free port of loopback and ended again."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from registries.authority import Certificate
from registries.tokens import TokenServer

PROGRAM = "/usr/bin/docker-registry"
STARTS = 5
PATIENCE = 20.0


def free_port() -> int:
    """A port that was free a moment ago; whoever takes it tries again if it no longer is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether the program answers at the port; False if it has ended instead."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process.poll() is None
        except OSError:
            time.sleep(0.02)
    return False


@dataclass
class DockerRegistry:
    """A registry whose blobs are below ``folder``; its configuration and log are there, too."""

    folder: Path
    certificate: Certificate | None = None
    #: A file of ``USER:BCRYPT`` lines.
    passwords: Path | None = None
    tokens: TokenServer | None = None
    host: str = ""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(STARTS):
            port = free_port()
            self._process = self._start(port)
            if wait_for(port, self._process):
                self.host = f"127.0.0.1:{port}"
                return self
            self._end()
        raise RuntimeError((self.folder / "log").read_text())

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}"

    def blobs(self) -> set[str]:
        """The digests of what is kept, of all repositories."""
        kept = self.folder / "store/docker/registry/v2/blobs/sha256"
        return {f"sha256:{path.parent.name}" for path in kept.glob("*/*/data")}

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        config = self.folder / "config.yml"
        config.write_text(json.dumps(self._config(port)))  # which is YAML, too
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [PROGRAM, "serve", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _config(self, port: int) -> dict[str, Any]:
        http: dict[str, Any] = {"addr": f"127.0.0.1:{port}", "secret": "for tests"}
        if self.certificate:
            certificate, key = str(self.certificate.file), str(self.certificate.key)
            http["tls"] = {"certificate": certificate, "key": key}
        store = {"rootdirectory": str(self.folder / "store")}
        return {
            "version": "0.1",
            "storage": {"filesystem": store, "delete": {"enabled": True}},
            "http": http,
            **({"auth": auth} if (auth := self._auth()) else {}),
        }

    def _auth(self) -> dict[str, Any]:
        if self.passwords:
            return {"htpasswd": {"realm": "tests", "path": str(self.passwords)}}
        return {"token": self.tokens.for_registry()} if self.tokens else {}
