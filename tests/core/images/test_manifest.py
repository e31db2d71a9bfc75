"""Manifests, indexes and configurations are read as they should be, or refused by JSON path."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.documents import write
from cloche.errors import ImageError
from cloche.images import media
from cloche.images.image_config import ImageConfig, read_config
from cloche.images.manifest import Index, Manifest, read_descriptor, read_manifest

DIGEST = "sha256:" + "a" * 64
CONFIG = {"mediaType": media.CONFIG, "digest": DIGEST, "size": 7}
LAYER = {"mediaType": media.LAYER_GZIP, "digest": DIGEST, "size": 9}
MANIFEST = {"schemaVersion": 2, "mediaType": media.MANIFEST, "config": CONFIG, "layers": [LAYER]}
ENTRY = {
    "mediaType": media.MANIFEST,
    "digest": DIGEST,
    "size": 5,
    "platform": {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.1"},
}
INDEX = {"schemaVersion": 2, "mediaType": media.INDEX, "manifests": [ENTRY]}
IMAGE = {
    "architecture": "arm64",
    "os": "linux",
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "config": {"Env": ["A=b"], "Cmd": ["sh"], "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "b"}},
    "history": [{"created_by": "RUN x", "empty_layer": True}],
}


def read(document, media_type=None):
    return read_manifest(json.dumps(document).encode(), media_type)


class TestManifests:
    def test_a_manifest_says_what_an_image_is_made_of(self):
        found = read({**MANIFEST, "annotations": {"a": "b"}, "unknown": [1]})
        assert isinstance(found, Manifest)
        assert (found.config.size, found.layers[0].size, found.annotations) == (7, 9, {"a": "b"})

    def test_an_index_says_what_platforms_there_are(self):
        found = read(INDEX)
        assert isinstance(found, Index)
        (entry,) = found.manifests
        assert entry.platform is not None
        assert str(entry.platform) == "windows(10.0.20348.1)/amd64"

    @pytest.mark.parametrize("media_type", [None, media.MANIFEST])
    def test_the_type_may_be_told_by_either_side(self, media_type):
        bare = {k: v for k, v in MANIFEST.items() if k != "mediaType"}
        assert isinstance(read(bare, media_type), Manifest)
        assert isinstance(read(MANIFEST, media_type), Manifest)
        assert isinstance(read({"schemaVersion": 2, "manifests": []}), Index)

    @pytest.mark.parametrize("empty", [None, []])
    def test_a_list_that_is_null_is_empty(self, empty):
        assert read({**MANIFEST, "layers": empty}).layers == ()
        assert read({**INDEX, "manifests": empty}).manifests == ()

    def test_what_is_written_is_read_again(self):
        for document in (MANIFEST, INDEX):
            found = read(document)
            assert json.loads(write(found)) == document
            assert read_manifest(write(found)) == found

    def test_dockers_are_the_same(self):
        assert isinstance(read({**MANIFEST, "mediaType": media.DOCKER_MANIFEST}), Manifest)
        assert isinstance(read({**INDEX, "mediaType": media.DOCKER_INDEX}), Index)

    @pytest.mark.parametrize(
        ("document", "what"),
        [
            ({**MANIFEST, "layers": 5}, "layers: should be a valid array"),
            ({**MANIFEST, "layers": [LAYER, {}]}, r"layers\[1\]\.mediaType"),
            ({**MANIFEST, "layers": [{**LAYER, "size": "9"}]}, r"layers\[0\]\.size"),
            ({**MANIFEST, "layers": [{**LAYER, "size": -1}]}, r"layers\[0\]\.size: is less than 0"),
            ({**MANIFEST, "layers": [{**LAYER, "size": 2**63}]}, r"layers\[0\]\.size"),
            ({**MANIFEST, "layers": [{**LAYER, "size": 1e3}]}, r"layers\[0\]\.size"),
            ({**MANIFEST, "layers": [{**LAYER, "digest": "x"}]}, r"layers\[0\]\.digest: not a dig"),
            ({**MANIFEST, "layers": [{**LAYER, "mediaType": ""}]}, r"layers\[0\]\.mediaType"),
            ({**MANIFEST, "layers": [{**LAYER, "mediaType": "a/\n"}]}, r"layers\[0\]\.mediaType"),
            ({**MANIFEST, "config": None}, "config: should be an object"),
            ({**MANIFEST, "config": {**CONFIG, "digest": "sha256:.."}}, "config.digest"),
            ({**MANIFEST, "annotations": {"a": 1}}, "annotations.a"),
            ({**INDEX, "manifests": [{**ENTRY, "platform": []}]}, r"manifests\[0\]\.platform"),
            ({"schemaVersion": 2, "mediaType": 5}, "mediaType"),
            ({"schemaVersion": 2, "mediaType": "text/plain"}, "text/plain is no manifest"),
            ({"schemaVersion": 3}, "schemaVersion: must be 2"),
            ({"schemaVersion": 2.0}, "schemaVersion: must be 2"),
            ({"schemaVersion": "2"}, "schemaVersion: must be 2"),
            ({}, "schemaVersion: must be 2"),
        ],
    )
    def test_a_fault_is_named_by_its_place(self, document, what):
        with pytest.raises(ImageError, match=what):
            read(document)

    def test_what_means_two_things_is_refused(self):
        with pytest.raises(ImageError, match="means two things"):
            read({**MANIFEST, "manifests": [ENTRY]})
        with pytest.raises(ImageError, match="was given as"):
            read(MANIFEST, media.INDEX)

    @pytest.mark.parametrize("told", [None, "application/vnd.docker.distribution.manifest.v1+json"])
    def test_schema_1_is_refused_with_a_way_out(self, told):
        with pytest.raises(ImageError, match="schema 1") as caught:
            read({"schemaVersion": 1, "fsLayers": []}, told)
        assert "skopeo copy" in (caught.value.hint or "")

    @pytest.mark.parametrize(
        "data",
        [
            b"", b"nothing", b"[]", b"null", b'"a"', b"\xff\xfe", b"[" * 2**20, b'{"a":' * 2**18,
            b'{"a": NaN}', b'{"a": ' + b"9" * 10_000 + b"}", b"{" + b" " * 2**22 + b"}",
        ],
        ids=range(11),
    )  # fmt: skip
    def test_what_is_hostile_is_refused(self, data):
        for reader in (read_manifest, read_config):
            with pytest.raises(ImageError) as caught:
                reader(data)
            assert len(caught.value.message) < 400
            assert caught.value.message.isprintable()

    def test_depth_beside_a_fault_is_no_crash(self):
        deep = b'{"schemaVersion":2,"config":5,"x":' + b"[" * 900 + b"]" * 900 + b"}"
        with pytest.raises(ImageError):
            read_manifest(deep)

    def test_long_keys_make_no_long_error(self):
        with pytest.raises(ImageError) as caught:
            read({**MANIFEST, "annotations": {"\x1b" * 100_000: 1}})
        assert len(caught.value.message) < 400

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["config", "layers", "mediaType", "manifests", "digest", "x"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        )
    )
    def test_no_json_is_anything_but_read_or_refused(self, value):
        document = {"schemaVersion": 2, **value} if isinstance(value, dict) else value
        data = json.dumps(document).encode()
        with contextlib.suppress(ImageError):
            assert read_manifest(data) == Index()
        with pytest.raises(ImageError):
            read_config(data)

    def test_a_descriptor_alone_is_checked_as_well(self):
        assert read_descriptor(LAYER).size == 9
        with pytest.raises(ImageError, match=r"here\.digest"):
            read_descriptor({**LAYER, "digest": "no"}, "here")


class TestConfigurations:
    def test_a_configuration_says_how_to_run_an_image(self):
        found = read_config(json.dumps(IMAGE).encode())
        assert found.config is not None
        assert (found.config.env, found.config.cmd) == (("A=b",), ("sh",))
        assert found.config.exposed_ports == {"80/tcp": {}}
        assert str(found.platform) == "linux/arm64"
        assert found.history is not None
        assert (found.history[0].created_by, found.history[0].empty_layer) == ("RUN x", True)
        assert json.loads(write(found)) == IMAGE

    def test_dockers_nulls_are_nothing(self):
        config = {"Env": None, "Cmd": None, "Labels": None, "Volumes": None, "OnBuild": None}
        rootfs = {"type": "layers", "diff_ids": None}
        document = {**IMAGE, "config": config, "rootfs": rootfs, "history": None}
        found = read_config(json.dumps(document).encode())
        assert (found.rootfs.diff_ids, found.history) == ((), None)
        assert (
            found.config
            == ImageConfig(architecture="", os="", rootfs=found.rootfs, config=found.config).config
        )

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"rootfs": None}, "rootfs"),
            ({"rootfs": {"type": "other", "diff_ids": []}}, "rootfs.type"),
            ({"rootfs": {"type": "layers", "diff_ids": ["x"]}}, r"rootfs\.diff_ids\[0\]"),
            ({"rootfs": {"type": "layers", "diff_ids": [1]}}, r"rootfs\.diff_ids\[0\]"),
            ({"config": {"Env": "A=b"}}, r"config\.Env"),
            ({"config": {"Cmd": [1]}}, r"config\.Cmd\[0\]"),
            ({"config": []}, "config"),
            ({"os": 1}, "os"),
        ],
    )
    def test_a_fault_is_named_by_its_place(self, change, what):
        with pytest.raises(ImageError, match=what):
            read_config(json.dumps({**IMAGE, **change}).encode())


def test_valid_documents_never_meet_pydantic():
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from cloche.images.manifest import read_manifest\n"
        "from cloche.images.image_config import read_config\n"
        f"read_manifest({json.dumps(INDEX).encode()!r})\n"
        f"read_config({json.dumps(IMAGE).encode()!r})\n"
        "print({'pydantic', 'httpx', 'ssl'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
