"""Blobs are written once, checked while they are written, and there at once or not at all."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts.keeping import remains

from cloche.errors import ImageError
from cloche.images import Descriptor
from cloche.images.content import Content
from cloche.images.digest import digest_of

DATA = bytes(range(256)) * 1000


def ingest(content: Content, descriptor: Descriptor, data: bytes) -> int:
    """Bring a blob as a pull does; how many bytes had to be written."""
    with content.ingest(descriptor) as taken:
        if taken.exists:
            return 0
        offset = taken.offset
        for position in range(offset, len(data), 10_000):
            taken.write(data[position : position + 10_000])
        taken.commit()
    return len(data) - offset


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_what_comes_is_there_whole(content, blob, algorithm):
    descriptor = blob(DATA, algorithm)
    assert not content.has(descriptor.digest)
    assert ingest(content, descriptor, DATA) == len(DATA)
    with content.open(descriptor.digest) as file:
        assert file.read() == DATA
    assert content.size(descriptor.digest) == len(DATA)
    assert remains(content) == [f"blobs/{descriptor.digest.replace(':', '/')}"]


def test_it_is_written_once(content, blob):
    ingest(content, blob(DATA), DATA)
    assert ingest(content, blob(DATA), DATA) == 0


def test_an_empty_blob_is_one(content, blob):
    ingest(content, blob(b""), b"")
    assert content.read(blob(b"").digest, 10) == b""


def leave_part(content: Content, descriptor: Descriptor, data: bytes) -> None:
    """What a killed process leaves."""
    with content.ingest(descriptor) as taken:
        taken.write(data)


def test_the_next_goes_on_where_one_was_killed(content, blob):
    leave_part(content, blob(DATA), DATA[:100_000])
    with content.ingest(blob(DATA)) as taken:
        assert (taken.exists, taken.offset) == (False, 100_000)
        assert b"".join(taken.kept()) == DATA[:100_000]
    assert ingest(content, blob(DATA), DATA) == len(DATA) - 100_000
    assert content.verify() == []


@pytest.mark.parametrize(
    "part", [b"?" * 100_000, DATA[:99_999] + b"?"], ids=["all of it", "its last byte"]
)
def test_a_damaged_part_is_found_and_thrown_away(content, blob, part):
    leave_part(content, blob(DATA), part)
    with pytest.raises(ImageError, match="came instead of"):
        ingest(content, blob(DATA), DATA)
    assert remains(content) == []
    assert ingest(content, blob(DATA), DATA) == len(DATA)


def test_a_part_that_is_too_long_is_none(content, blob):
    leave_part(content, blob(DATA), DATA[:1000])
    Path(content.layout.part(blob(DATA).digest)).write_bytes(DATA + b"more")
    assert ingest(content, blob(DATA), DATA) == len(DATA)


def test_a_part_that_is_whole_needs_only_its_commit(content, blob):
    leave_part(content, blob(DATA), DATA)
    assert ingest(content, blob(DATA), DATA) == 0
    assert content.has(blob(DATA).digest)


def test_another_content_is_never_kept(content, blob):
    with pytest.raises(ImageError, match=f"came instead of {blob(DATA).digest}"):
        ingest(content, blob(DATA), DATA[::-1])
    assert remains(content) == []


def test_more_than_it_should_be_is_refused_at_once(content, blob):
    with (
        pytest.raises(ImageError, match="has more than the 256000 bytes"),
        content.ingest(blob(DATA)) as taken,
    ):
        taken.write(DATA + b"?")
    assert remains(content) == []


def test_what_ends_too_early_stays_for_the_next(content, blob):
    with pytest.raises(ImageError, match="ends after 5000 of 256000 bytes"):
        ingest(content, blob(DATA), DATA[:5000])
    assert ingest(content, blob(DATA), DATA) == len(DATA) - 5000


def test_what_fails_before_the_first_byte_leaves_nothing(content, blob):
    with pytest.raises(OSError, match="network"), content.ingest(blob(DATA)):
        raise OSError("the network is down")
    assert remains(content) == []


def test_a_digest_of_hostile_form_is_no_path(content):
    for digest in ("sha256:../../etc/passwd", "md5:00", "sha256:" + "A" * 64, "x", ""):
        with pytest.raises(ImageError, match="not a digest"):
            content.path(digest)


def test_threads_bring_a_blob_once(content, blob):
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda _: ingest(content, blob(DATA), DATA), range(16)))
    assert sorted(written) == [0] * 15 + [len(DATA)]


BRING = """
            data = bytes(range(256)) * 1000
            descriptor = Descriptor(media_type="a/b", digest=sys.argv[1], size=len(data))
            with content.ingest(descriptor) as taken:
                print(taken.exists, taken.offset, flush=True)
                if not taken.exists:
                    taken.write(data[taken.offset:200_000])
                    print(sys.stdin.readline(), flush=True)
                    taken.write(data[200_000:])
                    taken.commit()
"""


def test_processes_bring_a_blob_once(content, blob, other_process):
    """Who comes second waits, and finds it there."""
    first, second = (other_process(BRING, blob(DATA).digest) for _ in range(2))
    beginning = [first, second]
    lines: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda p=p, n=n: lines.update({n: p.stdout.readline()}))
        for n, p in enumerate(beginning)
    ]
    for thread in threads:
        thread.start()
    while not lines:
        threads[0].join(0.05)
    winner = next(iter(lines))
    assert lines[winner].split() == ["False", "0"]
    beginning[winner].stdin.write("go on\n")
    beginning[winner].stdin.flush()
    for thread in threads:
        thread.join()
    assert lines[1 - winner].split() == ["True", str(len(DATA))]
    assert content.read(blob(DATA).digest, 10**6) == DATA


def test_who_waits_goes_on_when_the_other_is_killed(content, blob, other_process):
    victim = other_process(BRING, blob(DATA).digest)
    assert victim.stdout.readline().split() == ["False", "0"]
    part = Path(content.layout.part(blob(DATA).digest))
    while part.stat().st_size < 200_000:
        pass
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ingest, content, blob(DATA), DATA)
        assert not waiting.done()
        victim.kill()
        assert waiting.result(60) == len(DATA) - 200_000
    assert content.verify() == []


def test_a_spool_learns_its_digest_at_its_end(content):
    with content.leases.hold(reason="test") as lease:
        with content.spool(lease) as spool:
            for position in range(0, len(DATA), 10_000):
                spool.write(DATA[position : position + 10_000])
            digest = spool.commit()
        assert (digest, spool.size, spool.is_new) == (digest_of(DATA), len(DATA), True)
        assert content.collect().removed == ()
        with content.spool(lease) as spool:
            spool.write(DATA)
            assert (spool.commit(), spool.is_new) == (digest, False)
        with content.spool(lease) as spool:
            spool.write(DATA)
    assert remains(content) == [f"blobs/{digest.replace(':', '/')}"]


@settings(deadline=None, max_examples=40)
@given(data=st.binary(max_size=3000), cuts=st.lists(st.integers(0, 3000), max_size=5))
def test_whatever_the_interruptions_a_blob_is_right(tmp_path_factory, data, cuts):
    content = Content(str(tmp_path_factory.mktemp("any") / "images"))
    descriptor = Descriptor(media_type="a/b", digest=digest_of(data), size=len(data))
    for cut in cuts:
        with content.ingest(descriptor) as taken:
            taken.write(data[taken.offset : max(cut, taken.offset)])
    ingest(content, descriptor, data)
    assert content.read(descriptor.digest, 3000) == data
    assert os.listdir(content.layout.parts) == []


def test_what_is_read_was_not_changed_since(content):
    descriptor = content.put(b'{"a": 1}', "application/json")
    Path(content.path(descriptor.digest)).write_bytes(b'{"a": 2}')
    with pytest.raises(ImageError, match="is damaged"):
        content.read(descriptor.digest, 100)
    with pytest.raises(ImageError, match="more than the 5 bytes"):
        content.read(descriptor.digest, 5)
    with pytest.raises(ImageError, match="is not here"):
        content.open(digest_of(b"nothing"))
