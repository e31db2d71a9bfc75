"""``cloche save`` and ``load``, ``import`` and ``export``: as files, and through pipes."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest


@pytest.fixture
def elsewhere(tmp_path) -> dict[str, str]:
    """Another place to keep images, as on another machine."""
    return {"CLOCHE_ROOT": str(tmp_path / "elsewhere")}


@pytest.fixture
def tree(tmp_path) -> Path:
    """A root file system as a directory."""
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin/sh").write_bytes(Path("/bin/busybox").read_bytes())
    (root / "bin/sh").chmod(0o755)
    return root


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive", "oci"])
def test_what_was_saved_can_be_loaded(cloche, here, tmp_path, elsewhere, kind):
    cloche("tag", here, "mine:1")
    file = str(tmp_path / "saved")
    assert cloche("save", "-o", file, "--format", kind, here, "mine:1") == (0, "", "")
    loaded = cloche("load", "-i", file, **elsewhere)
    assert (loaded.code, sorted(loaded.out.split())) == (0, sorted([here, "mine:1"]))
    assert cloche("run", "mine:1", **elsewhere) == (0, "hello\n", "")


def test_images_go_through_a_pipe(program, environment, cloche, here, elsewhere):
    words = " ".join(program)
    line = f"{words} save {here} | CLOCHE_ROOT={elsewhere['CLOCHE_ROOT']} {words} load"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{here}\n", "")
    assert cloche("run", here, **elsewhere).out == "hello\n"


def test_a_reader_of_an_image_that_has_gone_is_not_worth_a_word(start_cloche, here):
    with start_cloche("save", here, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert len(process.stdout.read(10)) == 10
        process.stdout.close()
        assert (process.wait(timeout=30), process.stderr.read()) == (141, b"")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["save", "x"], "save: stdout is a terminal", "-o FILE writes a file"),
        (["export", "x"], "export: stdout is a terminal", "-o FILE writes a file"),
        (["load"], "load: stdin is a terminal", "-i FILE reads a file"),
        (["import", "-"], "import: stdin is a terminal", "FILE reads a file"),
    ],
)
def test_an_archive_is_never_exchanged_with_a_terminal(terminal, words, message, hint):
    opened = terminal(*words)
    opened.expect(f"cloche: {message}\r\nhint: {hint}\r\n")
    assert opened.end() == 125


def test_a_file_that_cannot_be_finished_does_not_appear(cloche, here, tmp_path):
    said = cloche("save", "-o", str(tmp_path / "out"), here, "nothing:1")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: image not found: nothing:1\n")
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_made_is_told_by_its_name(cloche, here, tmp_path):
    said = cloche("save", "-o", str(tmp_path / "no/such"), here)
    assert said == (125, "", f"cloche: {tmp_path}/no/such: no such file or directory\n")


def test_what_is_no_archive_is_told(cloche, tmp_path):
    (tmp_path / "file").write_text("no archive at all")
    said = cloche("load", "-i", str(tmp_path / "file"))
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: ")
    assert "file" in said.err.splitlines()[0]
    missing = cloche("load", "-i", str(tmp_path / "missing"))
    assert missing.code == 125
    assert "missing" in missing.err


def test_a_format_that_is_none_is_refused(cloche, here, tmp_path):
    said = cloche("save", "--format", "zip", "-o", str(tmp_path / "out"), here)
    assert said.code == 125
    assert "docker-archive, oci-archive, oci" in said.err
    assert not (tmp_path / "out").exists()


def test_quietly_and_as_json(cloche, here, tmp_path, elsewhere):
    cloche("save", "-o", str(tmp_path / "out"), here)
    digest = cloche("load", "-q", "-i", str(tmp_path / "out"), **elsewhere).out
    assert digest.startswith(("sha256:", here))
    (told,) = json.loads(cloche("load", "--json", "-i", str(tmp_path / "out"), **elsewhere).out)
    assert told["name"] == here


def test_a_peer_reads_what_was_saved_and_we_what_it_saves(cloche, here, tmp_path, elsewhere):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    cloche("save", "-o", str(ours), here)
    done = subprocess.run(
        ["skopeo", "copy", "-q", f"docker-archive:{ours}", f"oci-archive:{theirs}:again:1"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    loaded = cloche("load", "-i", str(theirs), **elsewhere)
    assert (loaded.code, loaded.out) == (0, "again:1\n")
    assert cloche("run", "again:1", **elsewhere) == (0, "hello\n", "")


def test_a_root_becomes_an_image(cloche, tree):
    said = cloche(
        "import", "-c", 'CMD ["sh", "-c", "echo $WHO"]', "--change", "ENV WHO=you PATH=/bin",
        "-m", "made by hand", str(tree), "tiny:1",
    )  # fmt: skip
    assert said.code == 0
    assert said.out.startswith("sha256:")
    assert cloche("run", "tiny:1") == (0, "you\n", "")
    assert "made by hand" in cloche("history", "tiny:1").out


def test_an_archive_of_a_root_becomes_an_image(program, environment, cloche, tree):
    packed = subprocess.run(["tar", "-C", tree, "-cz", "."], capture_output=True, check=True)
    done = subprocess.run(
        [*program, "import", "-", "piped"],
        input=packed.stdout, env=environment, capture_output=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert cloche("run", "piped", "sh", "-c", "echo in it").out == "in it\n"


def test_an_instruction_that_is_none_is_refused(cloche, tree):
    said = cloche("import", "-c", "RUN make", str(tree), "tiny:1")
    assert (said.code, said.out) == (125, "")
    assert "RUN make" in said.err.splitlines()[0]
    assert cloche("images", "-q").out == ""


def test_the_root_of_a_container_goes_out_and_becomes_an_image(cloche, here, box, tmp_path):
    box("web", here, "sleep", "1000")
    cloche("exec", "web", "sh", "-c", "echo new >/added; rm /etc/passwd")
    file = tmp_path / "root.tar"
    assert cloche("export", "-o", str(file), "web") == (0, "", "")
    with tarfile.open(file) as tar:
        names = {name.removeprefix("./") for name in tar.getnames()}
    assert {"added", "bin/busybox"} <= names
    assert not names & {"etc/passwd", "proc/1"}
    assert cloche("import", "-c", "ENV PATH=/bin", str(file), "again:1").code == 0
    assert cloche("run", "again:1", "cat", "/added").out == "new\n"


def test_what_is_not_there_cannot_be_exported(cloche, tmp_path):
    said = cloche("export", "-o", str(tmp_path / "out"), "nothing")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: no container nothing\n")
    assert not (tmp_path / "out").exists()
