"""``cloche image inspect``, ``history`` and ``image verify``."""

from __future__ import annotations

import json
from pathlib import Path


def test_everything_is_told_as_json(cloche, labelled):
    cloche("pull", "-q", labelled)
    (told,) = json.loads(cloche("image", "inspect", labelled).out)
    assert told["name"] == labelled
    assert told["config"]["Entrypoint"] == ["/bin/echo", "entry"]
    assert told["config"]["Labels"] == {"stage": "test", "empty": ""}
    assert len(told["layers"]) == 2
    assert all(layer.startswith("sha256:") for layer in told["layers"])


def test_what_is_missing_is_told_after_what_is_there(cloche, here):
    said = cloche("image", "inspect", "nothing:1", here)
    assert said.code == 125
    assert [each["name"] for each in json.loads(said.out)] == [here]
    assert said.err.splitlines()[0] == "cloche: image not found: nothing:1"


def test_the_history_has_a_line_for_each_layer(cloche, labelled):
    cloche("pull", "-q", labelled)
    first, *lines = cloche("history", labelled).out.splitlines()
    assert first.split() == ["LAYER", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]
    assert len(lines) == 2
    layers = cloche("image", "history", "-q", labelled).out.split()
    assert [line.split()[0] for line in lines] == layers
    told = json.loads(cloche("history", "--json", labelled).out)
    assert [each["layer"][7:19] for each in told] == layers


def test_what_is_whole_needs_no_words(cloche, here):
    assert cloche("image", "verify") == (0, "", "")
    assert cloche("image", "verify", "--json") == (0, "[]\n", "")


def test_damage_is_found_told_and_repaired_by_a_pull(cloche, here, environment):
    blobs = Path(environment["CLOCHE_ROOT"]).rglob("blobs/sha256/*")
    largest = max(blobs, key=lambda path: path.stat().st_size)
    largest.chmod(0o600)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    said = cloche("image", "verify")
    assert (said.code, said.err) == (1, "")
    assert largest.name[:12] in said.out
    assert "\nhint: " in said.out
    assert cloche("pull", "-q", here).code == 0
    assert cloche("image", "verify") == (0, "", "")
