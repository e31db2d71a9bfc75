"""Names of images mean what they mean to docker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec
from cloche.images.reference import Reference

DIGEST = "sha256:" + "5" * 64


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"),
        ("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("owner/name", "docker.io/owner/name:latest", "owner/name:latest"),
        ("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
        ("ghcr.io/o/n:v1", "ghcr.io/o/n:v1", "ghcr.io/o/n:v1"),
        ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
        ("localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x:y"),
        ("host:5000/a/b/c", "host:5000/a/b/c:latest", "host:5000/a/b/c:latest"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest"),
        ("[::1]:5000/x:y", "[::1]:5000/x:y", "[::1]:5000/x:y"),
        ("HOST/x", "HOST/x:latest", "HOST/x:latest"),
        (f"alpine@{DIGEST}", f"docker.io/library/alpine@{DIGEST}", f"alpine@{DIGEST}"),
        (f"alpine:3@{DIGEST}", f"docker.io/library/alpine:3@{DIGEST}", f"alpine:3@{DIGEST}"),
        ("mcr.microsoft.com/windows/nanoserver:ltsc2022",) * 3,
        ("a__b/c-d.e", "docker.io/a__b/c-d.e:latest", "a__b/c-d.e:latest"),
    ],
)
def test_what_is_left_out_is_dockers_default(text, full, familiar):
    reference = Reference.parse(text)
    assert (str(reference), reference.familiar()) == (full, familiar)
    assert Reference.parse(full) == Reference.parse(familiar) == reference


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no name"), ("Alpine", "capital"), ("a//b", "no name"), ("/a", "no name"),
        ("a/", "no name"), ("-a", "no name"), ("a_", "no name"), ("a___b", "no name"),
        ("a..b", "no name"), ("a:b:c", "no name"), ("a:", "no tag"), ("a:-b", "no tag"),
        ("a:" + "b" * 129, "no tag"), ("a@", "not a digest"), (f"a@{DIGEST}0", "not a digest"),
        ("a b", "no name"), ("a\nb", "no name"), ("ä", "no name"), ("../x", "no host"),
        ("./x", "no host"), ("h..h/x", "no host"), ("user@host/x", "not a digest"),
        ("https://host/x", "no host"), ("a" * 256, "longer than 255"), ("0" * 64, "an id"),
        ("a/b\0", "no name"), ("a:٣", "no tag"), ("host:99999x/a", "no host"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_name_is_said(text, what):
    with pytest.raises(InvalidSpec, match=what) as caught:
        Reference.parse(text)
    assert caught.value.path == "image"
    assert caught.value.message.isprintable()


@given(st.text(st.sampled_from("aB0:/@.-_[]\n"), max_size=20) | st.text(max_size=20))
def test_whatever_is_taken_for_a_name_stays_the_same_one(text):
    try:
        reference = Reference.parse(text)
    except InvalidSpec:
        return
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar()) == reference


def test_what_is_asked_for_is_the_digest_or_else_the_tag():
    assert Reference.parse(f"a:1@{DIGEST}").target == DIGEST
    assert Reference.parse("a:1").target == "1"
    assert Reference.parse("a:1").with_tag("2").target == "2"
    assert str(Reference.parse("a").with_digest(DIGEST)) == f"docker.io/library/a:latest@{DIGEST}"
