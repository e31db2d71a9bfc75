"""Media types of images: OCI's (image-spec, media-types.md) and Docker's, which mean the same."""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "CONFIG",
    "DOCKER_CONFIG",
    "DOCKER_FOREIGN_LAYER",
    "DOCKER_INDEX",
    "DOCKER_LAYER",
    "DOCKER_LAYER_TAR",
    "DOCKER_LAYER_ZSTD",
    "DOCKER_MANIFEST",
    "EMPTY",
    "INDEX",
    "LAYER",
    "LAYER_GZIP",
    "LAYER_ZSTD",
    "MANIFEST",
    "MANIFESTS",
    "Compression",
    "canonical",
    "compression",
    "is_foreign",
    "is_index",
    "is_layer",
    "is_manifest",
    "is_schema_1",
]

Compression = Literal["none", "gzip", "zstd"]

INDEX: Final = "application/vnd.oci.image.index.v1+json"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_ZSTD: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
#: The config of an artifact that has none; its content is ``{}``.
EMPTY: Final = "application/vnd.oci.empty.v1+json"

DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_LAYER_TAR: Final = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_ZSTD: Final = "application/vnd.docker.image.rootfs.diff.tar.zstd"
DOCKER_FOREIGN_LAYER: Final = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"

#: What a client says it accepts for a manifest, the one it likes best first.
MANIFESTS: Final = (INDEX, MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST)

_CANONICAL = {
    DOCKER_INDEX: INDEX,
    DOCKER_MANIFEST: MANIFEST,
    DOCKER_CONFIG: CONFIG,
    DOCKER_LAYER: LAYER_GZIP,
    DOCKER_LAYER_TAR: LAYER,
    DOCKER_LAYER_ZSTD: LAYER_ZSTD,
    DOCKER_FOREIGN_LAYER: LAYER_GZIP,
    _FOREIGN: LAYER,
    f"{_FOREIGN}+gzip": LAYER_GZIP,
    f"{_FOREIGN}+zstd": LAYER_ZSTD,
}
_COMPRESSIONS: dict[str, Compression] = {LAYER: "none", LAYER_GZIP: "gzip", LAYER_ZSTD: "zstd"}


def canonical(media_type: str) -> str:
    """The OCI type that means the same; other types stay what they are."""
    return _CANONICAL.get(media_type, media_type)


def is_index(media_type: str) -> bool:
    """Whether it is a list of manifests: an OCI index, or a Docker manifest list."""
    return canonical(media_type) == INDEX


def is_manifest(media_type: str) -> bool:
    """Whether it is the manifest of one image or artifact."""
    return canonical(media_type) == MANIFEST


def is_schema_1(media_type: str) -> bool:
    """Whether it is a manifest of Docker's schema 1, which has no digests of what is unpacked."""
    return media_type.startswith(_SCHEMA_1)


def compression(media_type: str) -> Compression | None:
    """How a layer of this type is compressed; None for what is no layer.

    What producers say is not always so; readers look at the first bytes, too.
    """
    return _COMPRESSIONS.get(canonical(media_type))


def is_layer(media_type: str) -> bool:
    """Whether it is a layer of a root file system."""
    return compression(media_type) is not None


def is_foreign(media_type: str) -> bool:
    """Whether it is a layer that its owner lets nobody else distribute: it is never pushed."""
    return media_type == DOCKER_FOREIGN_LAYER or media_type.startswith(_FOREIGN)
