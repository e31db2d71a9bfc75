"""A home-made certificate authority, by the openssl program: what its users have is no better."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, both in PEM."""

    file: Path
    key: Path


def openssl(*arguments: str | Path, input: bytes = b"") -> bytes:
    """Run the program and give its output."""
    done = subprocess.run(["openssl", *arguments], input=input, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Authority:
    """Signs certificates for loopback; ``certificate`` is what its clients must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self._make("authority", "-addext", "basicConstraints=critical,CA:TRUE")

    def server(self) -> Certificate:
        """A certificate for 127.0.0.1 and localhost."""
        return self._signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")

    def client(self) -> Certificate:
        """A certificate for who asks."""
        return self._signed("client", "extendedKeyUsage=clientAuth")

    def _signed(self, name: str, extension: str) -> Certificate:
        authority = ("-CA", self.certificate.file, "-CAkey", self.certificate.key)
        plain = ("-addext", "basicConstraints=critical,CA:FALSE")
        return self._make(name, *authority, *plain, "-addext", extension)

    def _make(self, name: str, *arguments: str | Path) -> Certificate:
        made = Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN=tests {name}", "-days", "2", "-keyout", made.key, "-out", made.file),
            *arguments,
        )
        return made
