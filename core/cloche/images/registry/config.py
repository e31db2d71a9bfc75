"""What is said of registries: in the ``registries`` part of Cloche's configuration, and by callers.

::

    [registries]
    insecure = ["registry.lan:5000"]

    [registries.mirrors]
    "docker.io" = ["mirror.lan:5000"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CERTIFICATES", "Patience", "RegistryConfig", "read_registry_config"]

#: Where docker and podman look for certificates, a folder ``HOST[:PORT]`` for each registry.
CERTIFICATES = (
    "/etc/docker/certs.d",
    "/etc/containers/certs.d",
    "~/.config/containers/certs.d",
)


class Patience(Value, kw_only=True):
    """How long a registry is waited for, in seconds, and how often it is asked again."""

    #: Until a connection stands.
    connect: float = 10.0
    #: Without a byte in either direction.
    stall: float = 30.0
    #: Failures in a row, without progress between them, that are one too many.
    attempts: int = 5
    #: Before the second attempt, at most; twice that before the third, and so on.
    back_off: float = 0.5
    #: The longest wait; a registry that asks for a longer one (``Retry-After``) is given up.
    longest_wait: float = 60.0


class RegistryConfig(Value, kw_only=True):
    """How registries are talked to."""

    #: ``HOST[:PORT]`` of those that may speak plain HTTP, or TLS with any certificate.
    insecure: frozenset[str] = frozenset()
    #: Other registries with the same content, by registry; asked in order, before it, when pulling.
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Folders with certificates for registries.
    certificates: tuple[str, ...] = CERTIFICATES
    patience: Patience = field(default_factory=Patience)
    #: A blob that is larger is pushed in pieces of this many bytes.
    piece: int = 32 * 2**20


def read_registry_config(environment: Mapping[str, str] | None = None) -> RegistryConfig:
    """Read the part from the same files as `config.read_settings`; what the user says wins.

    Raises InvalidSpec naming file and key.
    """
    from cloche.config import read_tables

    insecure: set[str] = set()
    mirrors: dict[str, tuple[str, ...]] = {}
    for path, table in read_tables("registries", environment):
        for name, value in table.items():
            if name == "insecure":
                insecure.update(_hosts(path, name, value))
            elif name == "mirrors":
                mirrors.update(_mirrors(path, value))
            else:
                raise _wrong(path, name, "is not a setting", "settings: insecure, mirrors")
    return RegistryConfig(insecure=frozenset(insecure), mirrors=mirrors)


def _mirrors(path: str, value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise _wrong(path, "mirrors", "must be a table", '"docker.io" = ["mirror.lan:5000"]')
    return {str(name): _hosts(path, f"mirrors.{name}", hosts) for name, hosts in value.items()}


def _hosts(path: str, name: str, value: object) -> tuple[str, ...]:
    example = '["registry.lan:5000"]'
    if not isinstance(value, list) or not all(isinstance(host, str) for host in value):
        raise _wrong(path, name, "must be an array of hosts", example)
    for host in value:
        if not host or "/" in host or "@" in host or not host.isprintable():
            raise _wrong(path, name, f"{host!r} is not HOST[:PORT]", example)
    return tuple(value)


def _wrong(path: str, name: str, what: str, hint: str) -> InvalidSpec:
    key = f"registries.{name}"
    return InvalidSpec(f"{path}: {key} {what}", path=key, hint=hint)
