"""A registry that stalls, lies, breaks off, or never ends: it is retried, or an error says so."""

from __future__ import annotations

import gzip
import json
import os

import pytest
from registries import images
from registries.faulty import (
    Faulty,
    challenge,
    endless,
    ranged,
    reply,
    reset,
    stall,
    truncate,
    truncate_ranged,
)

from cloche.errors import ClocheError, ImageError, InvalidState, NotFound, Unavailable
from cloche.images import media
from cloche.images.reference import Reference
from cloche.images.registry.config import Patience

MANIFEST = "/v2/it/manifests/1"
UPLOADS = "/v2/it/blobs/uploads/"
HASTY = Patience(connect=2, stall=0.3, attempts=3, back_off=0.01, longest_wait=2)


@pytest.fixture
def faulty():
    with Faulty() as started:
        yield started


@pytest.fixture
def client(faulty, connect):
    return connect(faulty.host, patience=HASTY, piece=2**20)


@pytest.fixture
def ref(faulty):
    return Reference.parse(f"{faulty.host}/it:1")


@pytest.fixture
def image():
    return images.image(images.archive({"a": b"content"}))


@pytest.fixture
def blob(content, faulty):
    """Puts a blob's bytes behind a script; gives descriptor, bytes and path."""
    data = os.urandom(10_000)
    descriptor, reader = content(data)
    return descriptor, data, f"/v2/it/blobs/{descriptor.digest}", reader


def manifest(image):
    return reply(200, image.data, Content_Type=image.media_type)


class TestWhatPasses:
    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_a_fault_of_the_registry_is_waited_for(self, faulty, client, ref, image, status):
        faulty.on(MANIFEST, reply(status), manifest(image))
        assert client.resolve(ref)[1] == image.data
        assert len(faulty.asked(MANIFEST)) == 2

    def test_it_waits_as_long_as_it_is_told(self, faulty, client, ref, image, monkeypatch):
        waits = []
        monkeypatch.setattr("time.sleep", waits.append)
        faulty.on(MANIFEST, reply(429, Retry_After="1"), manifest(image))
        client.resolve(ref)
        assert waits == [1]

    def test_it_waits_longer_each_time(self, faulty, connect, ref, image, monkeypatch):
        waits = []
        monkeypatch.setattr("time.sleep", waits.append)
        patience = Patience(attempts=5, back_off=1, longest_wait=100)
        faulty.on(MANIFEST, *[reply(500)] * 4, manifest(image))
        connect(faulty.host, patience=patience).resolve(ref)
        assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits))
        assert len(waits) == 4

    @pytest.mark.parametrize("fault", [reset, truncate(b"{}" * 50, 7), stall()])
    def test_a_broken_connection_is_made_again(self, faulty, client, ref, image, fault):
        faulty.on(MANIFEST, fault, manifest(image))
        assert client.resolve(ref)[1] == image.data

    @pytest.mark.parametrize("fault", ["reset", "truncate", "stall"])
    def test_a_blob_goes_on_where_it_broke_off(self, faulty, client, ref, blob, fault):
        descriptor, data, path, _ = blob
        broken = {"reset": reset, "truncate": truncate(data, 4000), "stall": stall(data, 4000)}
        faulty.on(path, broken[fault], ranged(data))
        assert b"".join(client.fetch(ref, descriptor)) == data
        ranges = [headers.get("Range") for headers in faulty.asked(path)]
        assert ranges == [None, None if fault == "reset" else "bytes=4000-"]

    def test_a_registry_without_ranges_sends_all_again(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, truncate(data, 4000), reply(200, data))
        assert b"".join(client.fetch(ref, descriptor)) == data

    def test_a_large_blob_may_break_off_often_while_it_makes_progress(
        self, faulty, client, ref, content
    ):
        data = os.urandom(10 * 2**20)
        descriptor, _ = content(data)
        faulty.on(f"/v2/it/blobs/{descriptor.digest}", truncate_ranged(data, 2**20 + 5))
        assert b"".join(client.fetch(ref, descriptor)) == data


class TestWhatDoesNotPass:
    def test_a_fault_that_stays_is_unavailable(self, faulty, client, ref):
        faulty.on(MANIFEST, reply(500, {"errors": [{"code": "UNKNOWN", "message": "disk"}]}))
        with pytest.raises(Unavailable, match=r"has a fault: 500 \(UNKNOWN: disk\)"):
            client.resolve(ref)
        assert len(faulty.asked(MANIFEST)) == HASTY.attempts

    def test_too_long_a_wait_is_not_waited(self, faulty, client, ref):
        faulty.on(MANIFEST, reply(429, Retry_After="3600"))
        with pytest.raises(Unavailable, match="asks for fewer requests: 429"):
            client.resolve(ref)
        assert len(faulty.asked(MANIFEST)) == 1

    def test_a_blob_that_always_stalls_says_so(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, stall(data, 10))
        with pytest.raises(Unavailable, match=r"stalled: nothing came for 0\.3 s"):
            list(client.fetch(ref, descriptor))
        assert len(faulty.asked(path)) == HASTY.attempts

    def test_a_few_bytes_each_time_are_no_progress(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, truncate_ranged(data, 1))
        with pytest.raises(Unavailable):
            list(client.fetch(ref, descriptor))
        assert len(faulty.asked(path)) == HASTY.attempts

    def test_a_blob_that_is_too_short_says_so(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, reply(200, data[:-1]))
        with pytest.raises(ImageError, match="sends 9999 of its 10000 bytes"):
            list(client.fetch(ref, descriptor))

    def test_a_blob_that_is_too_long_says_so(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, reply(200, data + b"x"))
        with pytest.raises(ImageError, match="sends more than its 10000 bytes"):
            list(client.fetch(ref, descriptor))

    def test_an_endless_blob_ends(self, faulty, client, ref, blob):
        descriptor, _, path, _ = blob
        faulty.on(path, endless())
        with pytest.raises(ImageError, match="sends more than its 10000 bytes"):
            list(client.fetch(ref, descriptor))

    def test_another_range_than_the_one_asked_for_is_refused(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, reply(206, data[5:], Content_Range="bytes 5-9999/10000"))
        with pytest.raises(ImageError, match="asked for bytes from 7"):
            list(client.fetch(ref, descriptor, offset=7))

    def test_an_endless_manifest_ends(self, faulty, client, ref):
        faulty.on(MANIFEST, endless(Content_Type=media.MANIFEST))
        with pytest.raises(ImageError, match="an answer of more than 4194304 bytes"):
            client.resolve(ref)

    @pytest.mark.parametrize("status", [400, 404, 500])
    def test_an_endless_error_ends(self, faulty, client, ref, status):
        faulty.on(MANIFEST, endless(status))
        with pytest.raises(ClocheError, match=r"there is none|400|500"):
            client.resolve(ref)

    def test_a_compressed_manifest_is_never_decompressed(self, faulty, client, ref):
        """It would be a bomb: four megabytes from four kilobytes."""
        bomb = gzip.compress(b'{"a":"' + b"x" * 2**24 + b'"}')
        headers = {"Content_Encoding": "gzip", "Content_Type": media.MANIFEST}
        faulty.on(MANIFEST, reply(200, bomb, **headers))
        with pytest.raises(ImageError, match="not JSON"):
            client.resolve(ref)
        assert faulty.asked(MANIFEST)[0]["Accept-Encoding"] == "identity"

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"[" * 100_000, b"null"])
    def test_a_manifest_that_is_none_is_refused(self, faulty, client, ref, body):
        faulty.on(MANIFEST, reply(200, body, Content_Type=media.MANIFEST))
        with pytest.raises(ImageError, match="manifest: "):
            client.resolve(ref)

    def test_a_wrong_digest_is_seen(self, faulty, client, ref, image):
        other = images.digest_of(b"other")
        faulty.on(MANIFEST, reply(200, image.data, Docker_Content_Digest=other))
        with pytest.raises(ImageError, match="has not the digest"):
            client.resolve(ref)
        faulty.on(f"/v2/it/manifests/{other}", reply(200, image.data))
        with pytest.raises(ImageError, match="has not the digest"):
            client.resolve(ref.with_digest(other))

    def test_a_digest_in_another_algorithm_is_compared_in_it(self, faulty, client, ref, image):
        wrong = f"sha512:{'0' * 128}"
        faulty.on(MANIFEST, reply(200, image.data, Docker_Content_Digest=wrong))
        with pytest.raises(ImageError, match="has not the digest sha512"):
            client.resolve(ref)

    @pytest.mark.parametrize("digest", ["md5:1", "sha256:../../etc/passwd", "\\"])
    def test_a_digest_that_is_none_is_refused(self, faulty, client, ref, image, digest):
        faulty.on(MANIFEST, reply(200, image.data, Docker_Content_Digest=digest))
        with pytest.raises(ImageError, match="not a digest"):
            client.resolve(ref)

    def test_nobody_there_is_said_at_once(self, connect, monkeypatch):
        monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it waited"))
        with Faulty() as gone:
            host = gone.host
        with pytest.raises(Unavailable, match=host):
            connect(host).resolve(Reference.parse(f"{host}/it:1"))

    @pytest.mark.parametrize("tags", [{"tags": "x"}, {"tags": [1]}, [], b"{", {"tags": [None]}])
    def test_a_list_of_tags_that_is_none_is_refused(self, faulty, client, ref, tags):
        faulty.on("/v2/it/tags/list", reply(200, tags))
        with pytest.raises(ImageError):
            client.tags(ref)

    def test_a_list_without_end_ends(self, faulty, client, ref, monkeypatch):
        monkeypatch.setattr("cloche.images.registry.paging._MOST_PAGES", 5)
        link = '</v2/it/tags/list?n=1>; rel="next"'
        faulty.on("/v2/it/tags/list", reply(200, {"tags": ["a"]}, Link=link))
        with pytest.raises(ImageError, match="more than 5 pages"):
            client.tags(ref)

    def test_text_of_the_registry_steers_no_terminal(self, faulty, client, ref):
        text = "\x1b[2J\n\x00" + "x" * 10_000
        faulty.on(MANIFEST, reply(400, {"errors": [{"code": "A", "message": text}]}))
        with pytest.raises(ImageError) as caught:
            client.resolve(ref)
        assert caught.value.message.isprintable()
        assert len(caught.value.message) < 400

    def test_after_its_end_nothing_is_asked(self, faulty, client, ref, blob):
        descriptor, data, path, _ = blob
        faulty.on(path, truncate(data, 4000), ranged(data))
        begun = client.fetch(ref, descriptor)
        next(begun)
        client.close()
        with pytest.raises(Unavailable, match="closed"):
            list(begun)
        with pytest.raises(InvalidState, match="closed"):
            client.resolve(ref)
        assert len(faulty.asked(path)) == 1


class TestRedirects:
    @pytest.fixture
    def storage(self):
        with Faulty() as started:
            yield started

    def secured(self, faulty, path, behaviour):
        faulty.on(path, challenge('Basic realm="x"'), behaviour)

    @pytest.fixture
    def known(self, faulty, connect):
        from cloche.images.registry.credentials import Credentials

        somebody = Credentials(username="ann", password="a secret")
        return connect(faulty.host, patience=HASTY, credentials=somebody)

    def test_a_blob_may_be_elsewhere_but_credentials_stay(self, faulty, storage, known, ref, blob):
        descriptor, data, path, _ = blob
        self.secured(faulty, path, reply(307, Location=f"http://{storage.host}/data?sig=1"))
        storage.on("/data", truncate(data, 3000), ranged(data))
        assert b"".join(known.fetch(ref, descriptor)) == data
        assert "Authorization" in faulty.asked(path)[-1]
        assert len(storage.asked("/data")) == 2
        assert not any("Authorization" in headers for headers in storage.asked("/data"))

    def test_they_come_along_within_the_registry(self, faulty, known, ref, blob):
        descriptor, data, path, _ = blob
        self.secured(faulty, path, reply(307, Location="/moved"))
        faulty.on("/moved", reply(200, data))
        assert b"".join(known.fetch(ref, descriptor)) == data
        assert "Authorization" in faulty.asked("/moved")[0]

    @pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
    def test_another_hosts_challenge_is_not_answered(
        self, faulty, storage, known, ref, blob, scheme
    ):
        """It would have the password sent to whatever it calls a token server."""
        descriptor, _, path, _ = blob
        self.secured(faulty, path, reply(307, Location=f"http://{storage.host}/data"))
        storage.on("/data", challenge(f'{scheme} realm="http://{storage.host}/token"'))
        with pytest.raises(ImageError, match="answers 401"):
            list(known.fetch(ref, descriptor))
        asked = [(at, headers.get("Authorization")) for _, at, headers, _ in storage.requests]
        assert asked == [("/data", None)]

    @pytest.mark.parametrize(
        "location",
        ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher:x", "http://a b/\x7f"],
    )
    def test_what_is_no_url_of_the_web_is_not_followed(self, faulty, client, ref, blob, location):
        descriptor, _, path, _ = blob
        faulty.on(path, reply(302, Location=location))
        with pytest.raises(ImageError, match="it leads to"):
            list(client.fetch(ref, descriptor))

    def test_what_is_no_host_is_an_error(self, faulty, client, ref, blob):
        descriptor, _, path, _ = blob
        faulty.on(path, reply(302, Location=f"http://{'a' * 70}.b/"))
        with pytest.raises(ImageError, match="is no host"):
            list(client.fetch(ref, descriptor))

    def test_a_circle_ends(self, faulty, client, ref, blob):
        descriptor, _, path, _ = blob
        faulty.on(path, reply(302, Location=path))
        with pytest.raises(ImageError, match="more than 5 redirects"):
            list(client.fetch(ref, descriptor))

    def test_an_upload_elsewhere_gets_no_credentials(self, faulty, storage, known, ref, content):
        descriptor, reader = content(b"content")
        self.secured(faulty, f"/v2/it/blobs/{descriptor.digest}", reply(404))
        elsewhere = f"http://{storage.host}/upload"
        faulty.on(UPLOADS, challenge('Basic realm="x"'), method="POST")
        faulty.on(UPLOADS, reply(202, Location=elsewhere), method="POST")
        storage.on("/upload", reply(201), method="PUT")
        known.push_blob(ref, descriptor, reader)
        assert ["Authorization" in headers for headers in storage.asked("/upload")] == [False]

    def test_the_next_page_elsewhere_gets_no_credentials(self, faulty, storage, known, ref):
        link = f'<http://{storage.host}/more>; rel="next"'
        self.secured(faulty, "/v2/it/tags/list", reply(200, {"tags": ["a"]}, Link=link))
        storage.on("/more", reply(200, {"tags": ["b"]}))
        assert known.tags(ref) == ["a", "b"]
        assert "Authorization" not in storage.asked("/more")[0]


class TestProxies:
    @pytest.fixture(autouse=True)
    def proxy(self, monkeypatch):
        """What asks through it is answered by it."""
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        with Faulty() as started:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
                monkeypatch.setenv(name, f"http://{started.host}")
            yield started

    def test_the_environments_is_used(self, proxy, connect, image):
        url = "http://registry.invalid/v2/it/manifests/1"
        proxy.on(url, manifest(image))
        client = connect("registry.invalid", patience=HASTY, insecure={"registry.invalid"})
        assert client.resolve(Reference.parse("registry.invalid/it:1"))[1] == image.data
        assert len(proxy.asked(url)) == 1

    def test_but_not_for_this_machine(self, proxy, faulty, client, ref, image):
        faulty.on(MANIFEST, manifest(image))
        client.resolve(ref)
        assert proxy.requests == []


class TestPushing:
    def began(self, faulty):
        faulty.on(UPLOADS, reply(202, Location="/up?state=1"), method="POST")

    @pytest.fixture
    def large(self, content):
        return content(os.urandom(3 * 2**20))

    def test_an_upload_goes_on_from_where_the_registry_says(self, faulty, client, ref, large):
        """The second piece arrives in half before the connection breaks."""
        descriptor, reader = large
        self.began(faulty)
        half = 2**20 + 2**19
        faulty.on(
            *("/up", reply(202, Location="/up?state=2", Range=f"0-{2**20 - 1}"), reset),
            reply(202, Location="/up?state=4", Range=f"0-{half + 2**20 - 1}"), method="PATCH",
        )  # fmt: skip
        faulty.on("/up", reply(204, Location="/up?state=3", Range=f"0-{half - 1}"))
        faulty.on("/up", reply(201), method="PUT")
        client.push_blob(ref, descriptor, reader)
        sent = [headers.get("Content-Range") for headers in faulty.asked("/up")]
        second = f"{half}-{half + 2**20 - 1}"
        assert sent == [f"0-{2**20 - 1}", f"{2**20}-{2**21 - 1}", None, second, None]
        method, path, _, body = faulty.requests[-1]
        assert (method, len(body)) == ("PUT", 3 * 2**20 - half - 2**20)
        assert "state=4" in path

    def test_an_upload_that_was_forgotten_begins_anew(self, faulty, client, ref, large):
        descriptor, reader = large
        self.began(faulty)
        good = [reply(202, Location="/up", Range=f"0-{end * 2**20 - 1}") for end in (1, 2)]
        faulty.on("/up", reset, *good, method="PATCH")
        faulty.on("/up", reply(404, {"errors": [{"code": "BLOB_UPLOAD_UNKNOWN"}]}))
        faulty.on("/up", reply(201), method="PUT")
        client.push_blob(ref, descriptor, reader)
        assert len(faulty.asked(UPLOADS)) == 2

    def test_an_upload_whose_end_was_not_heard_is_done(self, faulty, client, ref, content):
        """The registry has it, and the connection breaks before it says so."""
        descriptor, reader = content(b"content")
        self.began(faulty)
        faulty.on("/up", reset, method="PUT")
        path = f"/v2/it/blobs/{descriptor.digest}"
        faulty.on(path, reply(404), reply(200), method="HEAD")
        client.push_blob(ref, descriptor, reader)
        assert len(faulty.asked(UPLOADS)) == 1

    def test_a_registry_that_takes_nothing_is_given_up(self, faulty, client, ref, large):
        descriptor, reader = large
        self.began(faulty)
        faulty.on("/up", reply(202, Location="/up", Range="0-0"), method="PATCH")
        faulty.on("/up", reply(204, Location="/up", Range="0-0"))
        with pytest.raises(ImageError, match="takes no more of"):
            client.push_blob(ref, descriptor, reader)

    def test_a_fault_that_stays_is_unavailable(self, faulty, client, ref, content):
        descriptor, reader = content(b"content")
        self.began(faulty)
        faulty.on("/up", reply(503), method="PUT")
        faulty.on("/up", reply(204, Location="/up", Range="0-0"))
        with pytest.raises(Unavailable, match="503"):
            client.push_blob(ref, descriptor, reader)
        assert len([r for r in faulty.requests if r[0] == "PUT"]) == HASTY.attempts

    def test_a_registry_that_does_not_say_where_to_is_an_error(self, faulty, client, ref, content):
        descriptor, reader = content(b"content")
        faulty.on(UPLOADS, reply(202), method="POST")
        with pytest.raises(ImageError, match="does not say where"):
            client.push_blob(ref, descriptor, reader)

    def test_a_manifest_that_became_another_is_seen(self, faulty, client, ref, image):
        other = images.digest_of(b"other")
        faulty.on(MANIFEST, reply(201, Docker_Content_Digest=other), method="PUT")
        with pytest.raises(ImageError, match="has not the digest"):
            client.push_manifest(ref, image.data, image.media_type)


class TestReferrers:
    def test_a_registry_that_keeps_a_list_is_asked_for_it(self, faulty, client, ref, image):
        path = f"/v2/it/referrers/{image.digest}"
        one = {"mediaType": media.MANIFEST, "digest": images.digest_of(b"1"), "size": 1}
        pages = [
            {"schemaVersion": 2, "mediaType": media.INDEX, "manifests": [{**one, "size": size}]}
            for size in (1, 2)
        ]
        link = f'<{path}?page=2>; rel="next"'
        faulty.on(path, reply(200, pages[0], Link=link), reply(200, pages[1]))
        assert [each.size for each in client.referrers(ref, image.digest).manifests] == [1, 2]

    def test_one_that_notes_a_subject_needs_no_index_by_tag(self, faulty, client, ref, image):
        document = {**json.loads(image.data), "subject": image.descriptor}
        document["subject"].pop("platform")
        faulty.on(MANIFEST, reply(201, OCI_Subject=image.digest), method="PUT")
        client.push_manifest(ref, json.dumps(document).encode(), media.MANIFEST)
        assert [method for method, *_ in faulty.requests] == ["GET", "PUT"]


class TestMirrors:
    @pytest.fixture
    def origin(self):
        with Faulty() as started:
            yield started

    @pytest.fixture
    def mirrored(self, origin, faulty, connect):
        """``faulty`` is the mirror of ``origin``."""
        return connect(origin.host, patience=HASTY, mirrors={origin.host: (faulty.host,)})

    @pytest.fixture
    def name(self, origin):
        return Reference.parse(f"{origin.host}/it:1")

    def test_the_mirror_is_asked_first(self, faulty, origin, mirrored, name, image):
        faulty.on(MANIFEST, manifest(image))
        assert mirrored.resolve(name)[1] == image.data
        assert origin.requests == []

    @pytest.mark.parametrize(
        "fault", [reply(404), reply(500), reply(403), reply(200, b"garbage"), reset]
    )
    def test_what_it_does_not_give_the_registry_does(
        self, faulty, origin, mirrored, name, image, fault
    ):
        faulty.on(MANIFEST, fault)
        origin.on(MANIFEST, manifest(image))
        assert mirrored.resolve(name)[1] == image.data

    def test_the_registry_goes_on_where_the_mirror_broke_off(
        self, faulty, origin, mirrored, name, blob
    ):
        descriptor, data, path, _ = blob
        faulty.on(path, truncate(data, 4000), reply(404))
        origin.on(path, ranged(data))
        assert b"".join(mirrored.fetch(name, descriptor)) == data
        assert origin.asked(path)[0]["Range"] == "bytes=4000-"

    def test_the_registrys_own_error_is_told(self, faulty, origin, mirrored, name):
        faulty.on(MANIFEST, reply(500))
        with pytest.raises(NotFound):
            mirrored.resolve(name)

    def test_nothing_is_pushed_to_it(self, faulty, origin, mirrored, name, image):
        origin.on(MANIFEST, reply(201), method="PUT")
        mirrored.push_manifest(name, image.data, image.media_type)
        assert faulty.requests == []
