"""Docker's media types mean what OCI's mean."""

from __future__ import annotations

import pytest

from cloche.images import media


@pytest.mark.parametrize(
    ("docker", "oci"),
    [
        (media.DOCKER_INDEX, media.INDEX),
        (media.DOCKER_MANIFEST, media.MANIFEST),
        (media.DOCKER_CONFIG, media.CONFIG),
        (media.DOCKER_LAYER, media.LAYER_GZIP),
        (media.DOCKER_LAYER_TAR, media.LAYER),
        (media.DOCKER_LAYER_ZSTD, media.LAYER_ZSTD),
        (media.DOCKER_FOREIGN_LAYER, media.LAYER_GZIP),
    ],
)
def test_each_of_dockers_has_its_equal(docker, oci):
    assert media.canonical(docker) == media.canonical(oci) == oci
    for question in (media.is_index, media.is_manifest, media.is_layer, media.compression):
        assert question(docker) == question(oci)


def test_compression_is_said_by_the_type():
    types = (media.LAYER, media.LAYER_GZIP, media.LAYER_ZSTD, media.CONFIG, "text/plain")
    assert [media.compression(each) for each in types] == ["none", "gzip", "zstd", None, None]


def test_what_may_not_be_distributed_is_known():
    foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    assert media.is_foreign(media.DOCKER_FOREIGN_LAYER)
    assert media.is_foreign(foreign)
    assert media.compression(foreign) == "gzip"
    assert not media.is_foreign(media.LAYER_GZIP)


def test_schema_1_is_known():
    assert media.is_schema_1("application/vnd.docker.distribution.manifest.v1+prettyjws")
    assert not media.is_schema_1(media.DOCKER_MANIFEST)
