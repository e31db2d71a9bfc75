"""The configuration of an image: how to run it, and what its layers unpack to (config.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from cloche.errors import ImageError
from cloche.spec.document import Document

from .digest import Digest, check_digest
from .documents import read_document, read_object
from .platform import Platform

__all__ = ["ContainerConfig", "History", "ImageConfig", "RootFS", "read_config"]

_CAPITAL = {
    name: name.title().replace("_", "")
    for name in (
        *("user", "exposed_ports", "env", "entrypoint", "cmd", "volumes", "working_dir"),
        *("labels", "stop_signal", "args_escaped", "shell", "healthcheck", "on_build"),
    )
}


class ContainerConfig(Document, names=_CAPITAL):
    """How a container of the image is run where nobody says otherwise."""

    #: ``USER[:GROUP]``, names or numbers.
    user: str | None = None
    #: ``80/tcp``; the values mean nothing.
    exposed_ports: Mapping[str, object] | None = None
    #: ``NAME=value``.
    env: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    #: Absolute paths; the values mean nothing.
    volumes: Mapping[str, object] | None = None
    working_dir: str | None = None
    labels: Mapping[str, str] | None = None
    stop_signal: str | None = None
    #: Windows: ``entrypoint`` and ``cmd`` are command lines already.
    args_escaped: bool | None = None
    #: Docker's, not OCI's; kept as they are.
    shell: tuple[str, ...] | None = None
    healthcheck: Mapping[str, object] | None = None
    on_build: tuple[str, ...] | None = None


class RootFS(Document, names={"diff_ids": "diff_ids"}):
    """The layers' uncompressed digests, from the base to the top."""

    type: str = "layers"
    diff_ids: tuple[Digest, ...] = ()


class History(Document, names={"created_by": "created_by", "empty_layer": "empty_layer"}):
    """One step of an image's making."""

    #: RFC 3339.
    created: str | None = None
    author: str | None = None
    created_by: str | None = None
    comment: str | None = None
    #: Whether it made no layer.
    empty_layer: bool | None = None


class ImageConfig(Document, names={"os_version": "os.version", "os_features": "os.features"}):
    """The configuration of an image; its digest is what Docker calls the image's id."""

    architecture: str
    os: str
    os_version: str | None = None
    os_features: tuple[str, ...] | None = None
    variant: str | None = None
    #: RFC 3339.
    created: str | None = None
    author: str | None = None
    config: ContainerConfig | None = None
    rootfs: RootFS
    history: tuple[History, ...] | None = None

    @property
    def platform(self) -> Platform:
        """What the image is for."""
        return Platform(
            self.os, self.architecture, self.variant, self.os_version, self.os_features
        ).normal()


def read_config(data: bytes) -> ImageConfig:
    """Read a configuration, OCI's or Docker's; ImageError with the JSON path of what is wrong."""
    document = read_object(data, "image config")
    config = read_document(ImageConfig, _with_layers(document), "image config")
    if config.rootfs.type != "layers":
        raise ImageError("image config: rootfs.type: must be layers")
    for position, digest in enumerate(config.rootfs.diff_ids):
        _check(f"image config: rootfs.diff_ids[{position}]", digest)
    return config


def _with_layers(document: Mapping[str, object]) -> Mapping[str, object]:
    """Programs written in Go say null for an empty array."""
    rootfs = document.get("rootfs")
    if not isinstance(rootfs, dict) or rootfs.get("diff_ids", ()) is not None:
        return document
    return {**document, "rootfs": {**cast("dict[str, Any]", rootfs), "diff_ids": ()}}


def _check(path: str, digest: str) -> None:
    try:
        check_digest(digest)
    except ImageError as error:
        raise ImageError(f"{path}: {error.message}", hint=error.hint) from None
