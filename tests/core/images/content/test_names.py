"""Names stand for manifests: changed at once, by anybody, and seen by other programs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts.keeping import keep
from layouts.rules import faults

from cloche.errors import ImageError, InvalidSpec
from cloche.images import Descriptor
from cloche.images.content import Content

SHORT, LONG = st.text("abAB:/@.-_+0", min_size=1, max_size=30), st.text("aB/", min_size=200)


def test_before_anything_is_written_there_is_nothing(content):
    """And nothing is made by asking."""
    assert content.names.get("a:1") is None
    assert content.names.list() == {}
    assert not content.has("sha256:" + "0" * 64)
    assert not content.names.remove("a:1")
    assert not os.path.exists(content.layout.home)


def test_a_name_is_given_taken_and_given_to_another(content):
    first, second = (content.put(data, "a/b") for data in (b"1", b"2"))
    content.names.set("a:1", first)
    assert content.names.get("a:1") == first
    content.names.set("a:1", second)
    content.names.set("B:1", first)
    assert content.names.digest("a:1") == second.digest
    assert content.names.list() == {"B:1": first, "a:1": second}
    assert content.names.remove("a:1")
    assert not content.names.remove("a:1")
    assert content.names.list() == {"B:1": first}


def test_another_finds_it(content):
    content.names.set("a:1", content.put(b"1", "a/b"))
    assert Content(content.layout.home).names.list() == content.names.list()


@settings(deadline=None, max_examples=60)
@given(names=st.sets(SHORT | LONG.map(lambda n: n[:512]), min_size=1, max_size=4))
def test_any_names_are_told_apart(tmp_path_factory, names):
    """By case, too, wherever files are not."""
    content = Content(str(tmp_path_factory.mktemp("any") / "images"))
    given_to = {name: content.put(name.encode(), "a/b") for name in names}
    for name, descriptor in given_to.items():
        content.names.set(name, descriptor)
    assert content.names.list() == given_to
    assert list(content.names.list()) == sorted(names)
    assert all(content.names.get(name) == d for name, d in given_to.items())
    files = os.listdir(content.layout.names)
    assert len({file.lower() for file in files}) == len(names)


@pytest.mark.parametrize("name", ["", "a b", "a\n", "ä", "a" * 513, "a\\b", "a*"])
def test_what_can_be_no_name_is_refused(content, name):
    with pytest.raises(InvalidSpec, match="can't be the name"):
        content.names.set(name, content.put(b"1", "a/b"))


def test_only_what_is_here_has_a_name(content):
    missing = Descriptor(media_type="a/b", digest="sha256:" + "0" * 64, size=1)
    with pytest.raises(ImageError, match="is not here"):
        content.names.set("a:1", missing)
    assert content.names.list() == {}


def test_a_damaged_record_hides_no_other(content):
    descriptor = content.put(b"1", "a/b")
    content.names.set("a:1", descriptor)
    content.names.set("b:1", descriptor)
    (record,) = (each for each in Path(content.layout.names).iterdir() if "=a" in each.name)
    record.write_bytes(b'{"name":')
    assert list(content.names.list()) == ["b:1"]
    with pytest.raises(ImageError, match="the record of a:1 is damaged"):
        content.names.get("a:1")
    content.names.set("a:1", descriptor)
    assert content.names.get("a:1") == descriptor


def test_many_at_once_lose_nothing(content, other_process):
    """Threads and processes, each with names of its own and one that all give."""
    descriptor = content.put(b"1", "a/b")
    code = """
            descriptor = Descriptor(media_type="a/b", digest=sys.argv[1], size=1)
            for number in range(10):
                content.names.set(f"{sys.argv[2]}:{number}", descriptor)
                content.names.set("all:1", descriptor)
            """
    others = [other_process(code, descriptor.digest, name) for name in ("x", "y")]
    threads = [
        threading.Thread(target=lambda n=n: content.names.set(f"t:{n}", descriptor))
        for n in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    expected = {"all:1", *(f"{who}:{n}" for who in "xyt" for n in range(10))}
    assert set(content.names.list()) == expected
    index = json.loads(Path(content.layout.index).read_text())
    named = [e["annotations"]["org.opencontainers.image.ref.name"] for e in index["manifests"]]
    assert named == sorted(expected)


def test_it_is_a_layout_for_other_programs(content, image):
    name = "docker.io/library/app:1"
    keep(content, image, name)
    assert faults(Path(content.layout.home)) == []
    done = subprocess.run(
        ["skopeo", "inspect", f"oci:{content.layout.home}:{name}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["Digest"] == image.digest


def test_an_empty_one_is_a_layout_too(content):
    content.put(b"1", "a/b")
    assert faults(Path(content.layout.home)) == []


def test_it_is_this_users_alone(content, image):
    keep(content, image, "a:1")
    content.notes.set(image.digest, {})
    for folder, directories, files in os.walk(content.layout.home):
        for each in (*directories, *files):
            mode = stat.S_IMODE(os.lstat(os.path.join(folder, each)).st_mode)
            assert mode & 0o077 == 0, each


def test_notes_are_kept_by_manifest(content, image):
    assert content.notes.get(image.digest) is None
    keep(content, image, "a:1")
    content.notes.set(image.digest, {"layers": ["a"]})
    assert content.notes.get(image.digest) == {"layers": ["a"]}
    content.notes.set(image.digest, {"layers": ["b"]})
    assert content.notes.get(image.digest) == {"layers": ["b"]}
    assert content.notes.digests() == [image.digest]
    content.notes.remove(image.digest)
    content.notes.remove(image.digest)
    assert content.notes.get(image.digest) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 99_999])
def test_a_damaged_note_is_none(content, image, damage):
    keep(content, image, "a:1")
    content.notes.set(image.digest, {"a": 1})
    Path(content.layout.note(image.digest)).write_bytes(damage)
    assert content.notes.get(image.digest) is None


def test_what_is_asked_at_every_run_imports_little(content, image):
    """No pydantic, and none of the classes of documents."""
    keep(content, image, "a:1")
    content.notes.set(image.digest, {"a": 1})
    code = f"""if True:
        import sys
        from cloche.images.content import Content
        content = Content({content.layout.home!r})
        assert content.notes.get(content.names.digest("a:1")) == {{"a": 1}}
        print(*sys.modules)
    """
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    heavy = {"pydantic", "httpx", "hashlib", "cloche.images.manifest", "cloche.documents.reader"}
    assert heavy.isdisjoint(loaded)
