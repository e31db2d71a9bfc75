"""Generated archives make the trees that GNU tar and umoci make of them."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tarballs import Entry, entry, packed, tree, unpacked
from tarballs.images import layout

from cloche.layers import Layer
from cloche_linux.layering.copying import copy_layers
from cloche_linux.layering.keeping import visible

ROUNDS = int(os.environ.get("CLOCHE_PEER_ROUNDS", "20"))
LIMITS = settings(max_examples=ROUNDS, deadline=None, suppress_health_check=[*HealthCheck])

NAMES = ["a", "b", "ü", "n" * 150]
PATHS = [*NAMES, *(f"{x}/{y}" for x in NAMES for y in NAMES[:3]), "a/b/a", "a/b/b", "b/a/a"]
KINDS = {
    "directory": tarfile.DIRTYPE,
    "file": tarfile.REGTYPE,
    "link": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
}


@st.composite
def entries(draw: st.DrawFn, *, deleting: bool = False) -> list[Entry]:
    """A layer's entries: every directory is named before what lies in it, nothing twice."""
    known: dict[str, str] = {}
    made: list[Entry] = []
    for path in draw(st.lists(st.sampled_from(PATHS), max_size=10)):
        _parents(draw, path, known, made)
        if path in known or any(known.get(above) != "directory" for above in _above(path)):
            continue
        files = [name for name, kind in known.items() if kind == "file"]
        kinds = [*KINDS, *(["gone", "opaque"] if deleting else [])]
        kind = draw(st.sampled_from([each for each in kinds if each != "hard" or files]))
        if kind == "opaque":
            _parents(draw, f"{path}/x", known, made)
            made.append(entry(f"{path}/.wh..wh..opq"))
            continue
        known[path] = kind
        if kind == "gone":
            folder, _, name = path.rpartition("/")
            made.append(entry(f"{folder}/.wh.{name}" if folder else f".wh.{name}"))
            continue
        made.append(_entry(draw, path, kind, files))
    return made


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _parents(draw: st.DrawFn, path: str, known: dict[str, str], made: list[Entry]) -> None:
    for above in _above(path):
        if above not in known:
            known[above] = "directory"
            made.append(_entry(draw, above, "directory", []))
        elif known[above] != "directory":
            return


def _entry(draw: st.DrawFn, path: str, kind: str, files: list[str]) -> Entry:
    content = draw(st.binary(max_size=2000)) if kind == "file" else b""
    to = draw(st.sampled_from(files)) if kind == "hard" else "../" * draw(st.integers(0, 60)) + "x"
    info, data = entry(path, content, kind=KINDS[kind], to=to if kind in ("link", "hard") else "")
    if kind == "hard":
        return info, data
    # Of a link the mode is nobody's; GNU tar lets others' set-user-id bits go, as chown does.
    info.mode = draw(st.sampled_from([0o644, 0o755, 0o700, 0o1777, 0o4755, 0o2750, 0o400]))
    info.uid, info.gid = draw(st.sampled_from([(0, 0), (1000, 50), (3_000_000, 2**31)]))
    seconds, fraction = divmod(draw(st.integers(0, 10**19 // 2)), 10**9)
    info.mtime = seconds
    info.pax_headers = {"mtime": f"{seconds}.{fraction:09d}"}
    if kind == "file" and draw(st.booleans()):
        info.pax_headers["SCHILY.xattr.user.note"] = draw(
            st.text("ab=\n\x01", min_size=1, max_size=9)
        )
    if kind == "device":
        info.devmajor, info.devminor = 1, draw(st.integers(1, 9))
    return info, data


@LIMITS
@given(entries(), st.sampled_from([1 << 20, 512, 97]))
def test_gnu_tar_makes_the_same_tree(made: list[Entry], step: int) -> None:
    with TemporaryDirectory() as name:
        archive = packed(*made)
        Path(name, "archive").write_bytes(archive)
        Path(name, "theirs").mkdir()
        command = ["tar", "-C", f"{name}/theirs", "--xattrs", "--xattrs-include=*"]
        command += ["--delay-directory-restore", "-xpf"]
        subprocess.run([*command, f"{name}/archive"], check=True, env={"LANG": "C.UTF-8"})
        unpacked(Path(name, "ours"), (archive[n : n + step] for n in range(0, len(archive), step)))
        assert tree(Path(name, "ours")) == tree(Path(name, "theirs"))


@LIMITS
@given(st.lists(entries(deleting=True), min_size=1, max_size=3))
def test_umoci_makes_the_same_tree(stack: list[list[Entry]]) -> None:
    """Of several layers, with whiteouts and opaque directories."""
    with TemporaryDirectory() as name:
        archives = [packed(*made) for made in stack]
        image = layout(Path(name, "image"), *archives)
        index = json.loads((image / "index.json").read_text())
        index["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        (image / "index.json").write_text(json.dumps(index))
        command = ["umoci", "raw", "unpack", "--image", f"{image}:latest", f"{name}/theirs"]
        subprocess.run(command, check=True, capture_output=True)
        layers = []
        for number, archive in enumerate(archives):
            unpacked(Path(name, f"layer{number}"), archive)
            layer = Layer(kind="directory", path=Path(name, f"layer{number}"), digest="sha256:x")
            layers.insert(0, layer)
        Path(name, "ours").mkdir()
        copy_layers([str(layer.path) for layer in visible(layers)], f"{name}/ours")
        assert tree(Path(name, "ours")) == tree(Path(name, "theirs"))
