"""What goes on from a dump does what Python would have done, and knows only its own caller."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

COMMANDS = {
    "no words": [],
    "help": ["--help"],
    "version": ["--version"],
    "no such command": ["walk"],
    "spaces": ["state", "a b  c"],
    "an empty word": ["state", ""],
    "accents": ["state", "é"],
    "what is no text": ["state", b"\xff\xfe"],
    "an empty root": ["--root", "", "list"],
    "no such container": ["exec", "box", "true"],
    "features": ["features"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_says_what_python_says(shared, name):
    usual = shared.by_python(*COMMANDS[name])
    assert shared(*COMMANDS[name]) == usual
    assert shared.going_on(*COMMANDS[name]) == usual


def test_it_is_where_it_was_called(shared, tmp_path):
    assert shared.going_on("spec", cwd=tmp_path, umask=0o027).code == 0
    written = tmp_path / "config.json"
    assert json.loads(written.read_text())["root"]
    assert written.stat().st_mode & 0o777 == 0o640


def test_it_has_the_variables_of_its_caller(shared, tmp_path):
    shared.going_on("spec", cwd=tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    document["process"]["terminal"] = False
    (tmp_path / "config.json").write_text(json.dumps(document))
    (tmp_path / "rootfs").mkdir()
    said = shared.going_on("create", "box", cwd=tmp_path, CLOCHE_OCI_RUNTIME="nowhere")
    assert "nowhere" in said.err


def test_it_reads_and_writes_with_its_caller(shared):
    command = [shared.launcher, "--log", "/dev/stdout", "update", "-r", "-", "box"]
    said = subprocess.run(
        command, input="{", capture_output=True, text=True, timeout=60, env=shared.environment,
    )  # fmt: skip
    assert said.returncode == 1
    assert "JSON" in said.stdout
    assert "JSON" in said.stderr


def test_who_does_not_listen_any_more_is_no_traceback(shared):
    words = f'"{shared.launcher}" spec --help | true'
    said = subprocess.run(["sh", "-c", words], capture_output=True, text=True, timeout=60)
    assert said.stderr == ""


def test_nothing_of_who_made_it_is_in_it(program):
    program.environment["TOKEN"] = "a-secret-of-mine"
    program("--root", "/another-secret", "list", cwd="/proc")
    data = program.file.read_bytes()
    assert b"cloche_cli" in data
    assert b"a-secret-of-mine" not in data
    assert b"another-secret" not in data


def test_nothing_that_has_to_be_different_each_time_is_in_it(shared):
    """What draws lots at its import would draw the same ones in every process."""
    data = shared.file.read_bytes()
    assert b"/enum.py" in data
    for name in ("random", "secrets", "tempfile", "uuid"):
        assert f"/{name}.py".encode() not in data


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_its_caller_ignores_stays_ignored(shared, ignored):
    def ignore() -> None:
        signal.signal(ignored, signal.SIG_IGN)

    usual = shared.by_python("exec", "box", "true", preexec_fn=ignore)
    assert shared.going_on("exec", "box", "true", preexec_fn=ignore) == usual


def test_a_document_too_deep_is_an_error_as_in_python(shared, tmp_path):
    (tmp_path / "config.json").write_text('{"a":' * 50_000 + "1" + "}" * 50_000)
    usual = shared.by_python("run", "-b", str(tmp_path), "box")
    assert (usual.code, "Traceback" in usual.err) == (1, False)
    assert shared.going_on("run", "-b", str(tmp_path), "box") == usual


def test_many_at_once_go_on_from_it(shared):
    usual = shared("exec", "box", "true")
    running = [shared.begin("exec", "box", "true") for _ in range(20)]
    said = {(each.communicate(timeout=60), each.returncode) for each in running}
    assert said == {((usual.out, usual.err), usual.code)}


@pytest.mark.parametrize("variable", ["LC_ALL", "LC_CTYPE", "LANG"])
def test_another_encoding_is_for_python(shared, variable):
    assert shared.going_on("list", **{variable: "de_DE.ISO-8859-1"}) is None
    assert shared.going_on("list", **{variable: "de_DE.UTF-8"}) is not None
