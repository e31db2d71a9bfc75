"""``cloche images``: what is here, in tables and JSON, and what of it is wanted."""

from __future__ import annotations

import json
import re

import pytest

from cloche.images import ContainerConfig, Image, Platform
from cloche_cli.image.documents import moment
from cloche_cli.image.filters import read_filters
from cloche_cli.usage import UsageError

DIGEST = "sha256:" + "0123456789ab" + "c" * 52


def picture(name: str | None, **labels: str) -> Image:
    return Image(
        name=name, digest=DIGEST, id=DIGEST, platform=Platform("linux", "amd64"), size=1,
        config=ContainerConfig(labels=labels),
    )  # fmt: skip


def test_a_table_shows_what_is_here(cloche, here):
    first, line = cloche("images").out.splitlines()
    assert first.split() == ["NAME", "DIGEST", "PLATFORM", "CREATED", "SIZE"]
    assert re.fullmatch(rf"{re.escape(here)} +[0-9a-f]{{12}} +linux/amd64 +[\d.]+ [KM]iB", line)


def test_an_empty_table_has_its_titles(cloche):
    assert cloche("images") == (0, "NAME   DIGEST   PLATFORM   CREATED   SIZE\n", "")
    assert cloche("images", "-q") == (0, "", "")
    assert cloche("image", "ls", "--json") == (0, "[]\n", "")


def test_digests_name_images_for_other_commands(cloche, here):
    """As in: cloche rmi $(cloche images -q)."""
    short = cloche("images", "-q").out.strip()
    whole = cloche("images", "-q", "--no-trunc").out.strip()
    assert whole.startswith(f"sha256:{short}")
    assert cloche("run", short) == (0, "hello\n", "")
    assert cloche("run", whole) == (0, "hello\n", "")
    assert cloche("rmi", short).code == 0
    assert cloche("images", "-q").out == ""


def test_an_image_of_two_names_is_one_digest(cloche, here):
    cloche("tag", here, "other:name")
    assert len(cloche("images", "-q").out.splitlines()) == 1
    assert len(cloche("images").out.splitlines()) == 3


def test_json_tells_more(cloche, labelled):
    cloche("pull", "-q", labelled)
    (told,) = json.loads(cloche("images", "--json").out)
    assert told.keys() == {"name", "digest", "id", "platform", "created", "size", "labels"}
    assert (told["name"], told["labels"]) == (labelled, {"stage": "test", "empty": ""})


def test_only_those_of_a_repository_are_listed(cloche, here, registry):
    cloche("tag", here, "mine:1")
    assert "mine:1" in cloche("images", "mine").out
    assert here not in cloche("images", "mine").out
    assert len(cloche("images", f"{registry}/*").out.splitlines()) == 2


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["reference=alpine"], ["alpine:3.20", "alpine:edge"]),
        (["reference=alpine:3*"], ["alpine:3.20"]),
        (["reference=*/app"], ["host:5000/app:1"]),
        (["reference=alpine:edge", "reference=host:5000/app"], ["alpine:edge", "host:5000/app:1"]),
        (["label=stage"], ["alpine:edge", "host:5000/app:1"]),
        (["label=stage=test"], ["alpine:edge"]),
        (["label=stage", "label=owner"], ["host:5000/app:1"]),
        (["label=stage", "reference=alpine"], ["alpine:edge"]),
        (["dangling=true"], [None]),
        (["dangling=false"], ["alpine:3.20", "alpine:edge", "host:5000/app:1"]),
        ([], ["alpine:3.20", "alpine:edge", "host:5000/app:1", None]),
    ],
)
def test_filters_are_dockers(filters, names):
    images = [
        picture("alpine:3.20"),
        picture("alpine:edge", stage="test"),
        picture("host:5000/app:1", stage="done", owner="me"),
        picture(None),
    ]
    fits = read_filters(filters)
    assert [image.name for image in images if fits(image)] == names


@pytest.mark.parametrize("text", ["dangling", "size=1", "dangling=perhaps", "=x", ""])
def test_a_filter_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="--filter"):
        read_filters([text])


def test_dockers_templates_are_refused_with_a_way_out(cloche):
    said = cloche("images", "--format", "{{.ID}}")
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines() == [
        "cloche: --format: there are no templates",
        "hint: --json prints everything: cloche … --json | jq …",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-01-02T03:04:05Z", 1577934245),
        ("2020-01-02T03:04:05.123456789Z", 1577934245.123456),
        ("2020-01-02T03:04:05+01:00", 1577930645),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_or_unknown(text, seconds):
    assert moment(text) == seconds
