"""What nothing leads to goes; what anybody uses stays, whoever begins or ends meanwhile."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from layouts.keeping import keep, remains
from registries import images as made

from cloche.images.content import Content, Usage

SIGNATURE = "application/vnd.example.signature"


def test_what_a_name_leads_to_stays(content, image):
    keep(content, image, "a:1")
    junk = content.put(b"junk", "a/b")
    assert content.collect().removed == (junk.digest,)
    assert content.verify() == []
    content.names.remove("a:1")
    collected = content.collect()
    assert set(collected.removed) == {image.digest, *image.blobs}
    assert collected.freed == len(image.data) + sum(map(len, image.blobs.values()))
    assert remains(content) == []


def test_through_indexes_of_indexes(content):
    leaf = made.image(made.archive({"a": b"b"}))
    top = made.index(made.index(leaf))
    keep(content, top, "a:1")
    assert content.collect().removed == ()


def test_what_a_container_uses_stays(content, image):
    keep(content, image)
    assert content.collect([image.digest]).removed == ()
    assert content.collect(iter([image.digest, "sha256:" + "0" * 64])).removed == ()


def referrer(content: Content, subject: str, payload: bytes) -> str:
    """A signature, in a manifest whose subject is another."""
    blob = content.put(payload, SIGNATURE)
    described = {"mediaType": SIGNATURE, "digest": blob.digest, "size": blob.size}
    manifest = {
        "schemaVersion": 2,
        "config": described,
        "layers": [described],
        "subject": {"mediaType": made.TYPES["manifest"], "digest": subject, "size": 1},
    }
    return content.put(json.dumps(manifest).encode(), made.TYPES["manifest"]).digest


def test_what_refers_to_an_image_stays_with_it(content, image):
    """A signature of a signature, too."""
    keep(content, image, "a:1")
    signature = referrer(content, image.digest, b"1")
    referrer(content, signature, b"2")
    lost = referrer(content, "sha256:" + "0" * 64, b"3")
    assert set(content.collect().removed) == {lost, made.digest_of(b"3")}
    content.names.remove("a:1")
    content.collect()
    assert remains(content) == []


def test_a_lease_holds_what_comes(content, image):
    with content.leases.hold(image.digest, reason="pull") as lease:
        lease.add(*image.blobs)
        keep(content, image)
        assert content.collect().removed == ()
    assert len(content.collect().removed) == 1 + len(image.blobs)


def test_a_lease_ends_with_its_process(content, image, other_process):
    keep(content, image)
    holder = other_process(
        """
            lease = content.leases.hold(sys.argv[1], reason="pull")
            print("held", flush=True)
            sys.stdin.read()
        """,
        image.digest,
    )
    assert holder.stdout.readline() == "held\n"
    assert content.collect().removed == ()
    assert len(os.listdir(content.layout.leases)) == 1
    holder.kill()
    holder.wait()
    assert len(content.collect().removed) == 1 + len(image.blobs)
    assert os.listdir(content.layout.leases) == []


def test_only_among_those_that_are_named(content, image):
    keep(content, image)
    junk = content.put(b"junk", "a/b")
    content.notes.set(image.digest, {"a": 1})
    assert content.collect(among={junk.digest}).removed == (junk.digest,)
    assert content.notes.get(image.digest) == {"a": 1}


def test_notes_go_with_their_manifest(content, image):
    keep(content, image, "a:1")
    content.notes.set(image.digest, {"a": 1})
    content.collect()
    assert content.notes.get(image.digest) == {"a": 1}
    content.names.remove("a:1")
    content.collect()
    assert content.notes.digests() == []


def test_what_killed_transfers_left_goes_only_when_asked_to(content, blob):
    with content.ingest(blob(b"x" * 1000)) as taken:
        taken.write(b"x" * 400)
    assert content.collect().freed == 0
    assert content.usage() == Usage(blobs=0, count=0, reclaimable=0, partial=400)
    assert content.collect(partial=True).freed == 400
    assert remains(content) == []


def test_what_nobody_can_go_on_with_goes_at_once(content):
    """Spools and drafts of killed processes; names are no drafts."""
    content.names.set("a:1", content.put(b"{}", "a/b"))
    Path(content.layout.parts, "spool-0123").write_bytes(b"x" * 300)
    (record,) = Path(content.layout.names).iterdir()
    Path(f"{record}~").write_bytes(b"{")
    assert content.collect().freed == 300
    assert os.listdir(content.layout.parts) == []
    assert os.listdir(content.layout.names) == [record.name]


def test_a_transfer_under_way_is_left_alone(content, blob):
    data = b"x" * 1000
    with content.leases.hold(blob(data).digest, reason="pull"):
        with content.ingest(blob(data)) as taken:
            taken.write(data[:400])
            assert content.collect(partial=True).freed == 0
            taken.write(data[400:])
            taken.commit()
        assert content.collect().removed == ()


def test_who_keeps_more_than_blobs_hears_what_is_in_use(content, image):
    """While nobody can begin to use anything else."""
    keep(content, image, "a:1")
    heard: list[set[str]] = []
    began = threading.Event()

    def begin() -> None:
        with content.leases.hold("sha256:" + "0" * 64, reason="run"):
            began.set()

    def discard(used) -> None:
        heard.append(set(used))
        thread.start()
        assert not began.wait(0.2)

    thread = threading.Thread(target=begin)
    with content.leases.hold("sha256:" + "1" * 64, reason="run"):
        content.collect(["sha256:" + "2" * 64], also=discard)
    thread.join()
    assert heard == [{image.digest, *image.blobs, "sha256:" + "1" * 64, "sha256:" + "2" * 64}]


def test_usage_says_what_could_go(content, image):
    keep(content, image, "a:1")
    content.put(b"junk", "a/b")
    size = len(image.data) + sum(map(len, image.blobs.values()))
    count = 2 + len(image.blobs)
    expected = Usage(blobs=size + 4, count=count, reclaimable=4, partial=0)
    assert content.usage() == expected
    content.names.remove("a:1")
    assert content.usage().reclaimable == size + 4
    assert content.usage([image.digest]) == expected


@pytest.mark.parametrize(
    "text", [b"{", b"[" * 99_999, b'{"layers": 7, "config": [], "manifests": {"a": 1}}',
             b'{"manifests": [{"digest": "sha256:../../x"}, 7], "subject": "x"}', b""],
)  # fmt: skip
def test_no_document_stops_it(content, text):
    """Whatever somebody has made a manifest of."""
    content.names.set("a:1", content.put(text, made.TYPES["manifest"]))
    assert content.collect().removed == ()


#: Pulls an image again and again, as pulls do: lease, look, bring, name; and looks at it then.
PULL = """
            import json, random
            from cloche.images.digest import digest_of
            random.seed(int(sys.argv[1]))
            lost = 0
            for turn in range(60):
                layers = [random.choice("abcdef").encode() * 1000 for _ in range(3)]
                parts = [{"mediaType": "a/b", "digest": digest_of(x), "size": 1000} for x in layers]
                text = json.dumps({"schemaVersion": 2, "config": parts[0], "layers": parts[1:]})
                kind = "application/vnd.oci.image.manifest.v1+json"
                digests = [each["digest"] for each in parts]
                with content.leases.hold(digest_of(text.encode()), *digests, reason="pull"):
                    for data, digest in zip(layers, digests):
                        if not content.has(digest):
                            content.put(data, "a/b")
                    lost += not all(content.has(digest) for digest in digests)
                    manifest = content.put(text.encode(), kind)
                    content.names.set(f"a:{sys.argv[1]}", manifest)
                lost += not all(content.has(digest) for digest in digests)
                if turn % 3 == 0:
                    content.names.remove(f"a:{sys.argv[1]}")
            print(lost)
        """


def test_pulls_and_collections_at_once_lose_nothing(content, other_process):
    pulls = [other_process(PULL, str(number)) for number in range(3)]
    removed = 0
    while any(pull.poll() is None for pull in pulls):
        removed += len(content.collect(partial=True).removed)
    assert [pull.stdout.read() for pull in pulls] == ["0\n"] * 3
    assert removed > 0
    assert content.verify() == []
