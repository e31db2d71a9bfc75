"""Against a real registry: what is pushed is there, and what is there is pulled."""

from __future__ import annotations

import json
import os
import tracemalloc

import pytest
from registries import images

from cloche.errors import ImageError, NotFound
from cloche.images import media
from cloche.images.digest import digest_of
from cloche.images.manifest import Index, Manifest, read_manifest
from cloche.images.platform import Platform, choose
from cloche.images.reference import Reference


@pytest.fixture
def client(registry, connect):
    return connect(registry, piece=2**20)


@pytest.fixture
def named(registry, request):
    """A repository of this test alone."""
    return lambda name="it", tag="1": Reference.parse(
        f"{registry}/{request.node.originalname.replace('_', '-')}/{name}:{tag}"
    )


def test_an_image_is_resolved_and_fetched(client, upload, named):
    made, ref = images.busybox(), named()
    upload(made, f"{ref.repository}:1")
    descriptor, data = client.resolve(ref)
    assert (descriptor.digest, descriptor.media_type, data) == (
        made.digest,
        media.MANIFEST,
        made.data,
    )
    manifest = read_manifest(data, descriptor.media_type)
    assert isinstance(manifest, Manifest)
    for blob in (manifest.config, *manifest.layers):
        assert b"".join(client.fetch(ref, blob)) == made.blobs[blob.digest]


@pytest.mark.parametrize("types", [images.TYPES, images.DOCKER_TYPES], ids=["oci", "docker"])
def test_an_index_gives_the_image_of_a_platform(client, upload, named, types):
    arm = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    both = (images.busybox(types=types), images.busybox(types=types, platform=arm))
    ref = named()
    upload(images.index(*both, types=types), f"{ref.repository}:1")
    descriptor, data = client.resolve(ref)
    index = read_manifest(data, descriptor.media_type)
    assert isinstance(index, Index)
    chosen = choose(index, Platform.parse("linux/arm64"))
    assert client.resolve(ref.with_digest(chosen.digest))[1] == both[1].data


def test_a_name_is_described_without_reading_it(client, upload, named):
    ref = named()
    upload(images.busybox(), f"{ref.repository}:1")
    assert client.describe(ref) == client.resolve(ref)[0]


def test_what_is_not_there_is_not_found(client, named):
    with pytest.raises(NotFound, match="there is none"):
        client.resolve(named("missing"))
    with pytest.raises(NotFound):
        client.describe(named("missing"))
    with pytest.raises(NotFound):
        client.tags(named("missing"))


def test_a_pinned_digest_is_held_against_what_comes(client, upload, named):
    ref = named()
    digest = upload(images.busybox(), f"{ref.repository}:1")
    assert client.resolve(ref.with_digest(digest))[0].digest == digest
    with pytest.raises(NotFound):
        client.resolve(ref.with_digest(digest_of(b"another")))


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1, 5 * 2**20], ids="{}".format)
def test_a_blob_of_any_size_arrives_whole(client, content, named, size):
    """In one request up to the size of a piece, else in several."""
    data, ref = os.urandom(size), named()
    descriptor, reader = content(data)
    assert not client.exists(ref, descriptor)
    client.push_blob(ref, descriptor, reader)
    assert client.exists(ref, descriptor)
    assert b"".join(client.fetch(ref, descriptor)) == data


def test_a_fetch_begins_where_it_is_told_to(client, content, named):
    data, ref = os.urandom(3000), named()
    descriptor, reader = content(data)
    client.push_blob(ref, descriptor, reader)
    assert b"".join(client.fetch(ref, descriptor, offset=1234)) == data[1234:]
    assert b"".join(client.fetch(ref, descriptor, offset=3000)) == b""


def test_pieces_are_small(client, content, named):
    data, ref = bytes(3 * 2**20), named()
    descriptor, reader = content(data)
    client.push_blob(ref, descriptor, reader)
    assert max(map(len, client.fetch(ref, descriptor))) <= 2**20


def test_memory_does_not_grow_with_a_blob(client, content, named):
    ref = named()
    descriptor, reader = content(bytes(32 * 2**20))
    client.push_blob(ref, descriptor, reader)
    tracemalloc.start()
    try:
        assert sum(map(len, client.fetch(ref, descriptor))) == descriptor.size
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_what_is_there_is_not_sent_again(client, content, named):
    ref, told = named(), []
    descriptor, reader = content(b"some content")
    client.push_blob(ref, descriptor, reader, report=told.append)
    assert [each.stage for each in told] == ["uploading", "done"]
    told.clear()
    client.push_blob(ref, descriptor, lambda _: pytest.fail("read"), report=told.append)
    assert [each.stage for each in told] == ["exists"]


def test_another_repositorys_blob_is_mounted(client, content, named):
    source, target, told = named("source"), named("target"), []
    descriptor, reader = content(b"wanted twice")
    client.push_blob(source, descriptor, reader)
    client.push_blob(
        *(target, descriptor, lambda _: pytest.fail("read")),
        mount_from=source.repository, report=told.append,
    )  # fmt: skip
    assert [each.stage for each in told] == ["mounted"]
    assert client.exists(target, descriptor)


def test_what_cannot_be_mounted_is_sent(client, content, named):
    target, told = named("target"), []
    descriptor, reader = content(b"nobody has it yet")
    client.push_blob(target, descriptor, reader, mount_from="no/such", report=told.append)
    assert told[-1].stage == "done"
    assert client.exists(target, descriptor)


def test_content_that_is_not_what_was_said_is_refused(client, content, named):
    descriptor, _ = content(b"the truth")
    _, reader = content(b"the false")
    with pytest.raises(ImageError, match="DIGEST_INVALID"):
        client.push_blob(named(), descriptor, reader)
    assert not client.exists(named(), descriptor)


def test_content_that_ends_too_early_is_an_error(client, content, named):
    descriptor, _ = content(b"the whole of it")
    _, reader = content(b"the")
    with pytest.raises(ImageError, match="ends after 3 bytes"):
        client.push_blob(named(), descriptor, reader)


def push(client, ref, content, image):
    for blob in image.blobs.values():
        descriptor, reader = content(blob)
        client.push_blob(ref, descriptor, reader)
    return client.push_manifest(ref, image.data, image.media_type)


def test_a_pushed_image_is_pulled_by_its_tag_and_its_digest(client, content, named):
    image, ref = images.busybox(), named()
    written = push(client, ref, content, image)
    assert client.resolve(ref) == (written, image.data)
    assert client.resolve(ref.with_digest(written.digest)) == (written, image.data)
    untagged = Reference(ref.registry, ref.repository, None, written.digest)
    assert client.push_manifest(untagged, image.data, image.media_type) == written


def test_a_manifest_without_its_blobs_is_refused(client, named):
    image = images.image(images.archive({"a": b"never pushed"}))
    with pytest.raises(ImageError, match="MANIFEST_BLOB_UNKNOWN"):
        client.push_manifest(named(), image.data, image.media_type)


def test_tags_are_listed_page_by_page(client, content, named, monkeypatch):
    monkeypatch.setattr("cloche.images.registry.tags._AT_ONCE", 2)
    image = images.busybox()
    tags = [f"v{number}" for number in range(5)]
    for tag in tags:
        push(client, named(tag=tag), content, image)
    assert client.tags(named()) == tags


def signature(image, content, client, ref, kind):
    """An artifact that refers to an image."""
    empty, reader = content(b"{}")
    client.push_blob(ref, empty, reader)
    config = {"mediaType": media.EMPTY, "digest": empty.digest, "size": 2}
    document = {
        "schemaVersion": 2, "mediaType": media.MANIFEST, "artifactType": kind, "config": config,
        "layers": [config], "subject": image.descriptor, "annotations": {"kind": kind},
    }  # fmt: skip
    data = json.dumps(document).encode()
    digest = digest_of(data)
    target = Reference(ref.registry, ref.repository, None, digest)
    return client.push_manifest(target, data, media.MANIFEST)


def test_what_refers_to_an_image_is_found(client, content, named):
    """This registry keeps no list, so it is in the index under a tag."""
    image, ref = images.busybox(), named()
    push(client, ref, content, image)
    assert client.referrers(ref, image.digest).manifests == ()
    kinds = ("application/x.signature", "application/x.sbom")
    written = [signature(image, content, client, ref, kind) for kind in kinds]
    found = client.referrers(ref, image.digest).manifests
    assert [each.digest for each in found] == [each.digest for each in written]
    assert [each.artifact_type for each in found] == list(kinds)
    assert found[0].annotations == {"kind": kinds[0]}
    (sbom,) = client.referrers(ref, image.digest, kinds[1]).manifests
    assert sbom.digest == written[1].digest
    signature(image, content, client, ref, kinds[0])
    assert len(client.referrers(ref, image.digest).manifests) == 2


def test_a_referrer_without_a_type_has_that_of_its_configuration(client, content, named):
    image, ref = images.busybox(), named()
    push(client, ref, content, image)
    config, reader = content(b"settings")
    client.push_blob(ref, config, reader)
    document = {
        "schemaVersion": 2, "mediaType": media.MANIFEST, "layers": [], "subject": image.descriptor,
        "config": {"mediaType": "application/x.old", "digest": config.digest, "size": config.size},
    }  # fmt: skip
    client.push_manifest(named(tag="old"), json.dumps(document).encode(), media.MANIFEST)
    (found,) = client.referrers(ref, image.digest, "application/x.old").manifests
    assert found.artifact_type == "application/x.old"
