"""What was imported once comes from the snapshot, as long as nothing has changed."""

from __future__ import annotations

import os
import shutil

import pytest

VERSION = ("--version",)
BUILT_IN = '"+SYSTEMD +CAP +SECCOMP +EBPF"'


def ours(names):
    return {name for name in names if name.startswith("cloche")}


def test_a_second_command_imports_nothing_from_elsewhere(program):
    program("features")
    seen = program.look("features")
    others = {name for name, each in seen.items() if not each[0].startswith("Ready")}
    assert ours(others) == {"cloche_cli.oci.snapshot"}
    assert "cloche_cli.oci.showing" in seen


def test_modules_look_as_they_do_without_it(program):
    usual, kept = program.look("features"), program.look("features")
    assert {name for name in kept if kept[name][0] == "ReadySource"} > {"cloche_cli.oci.program"}
    common = usual.keys() & kept.keys()
    assert ours(usual) == {*ours(kept), "cloche_cli.oci.recording"}
    assert {name: usual[name][1:] for name in common} == {n: kept[n][1:] for n in common}


def test_what_another_command_needs_is_added(program):
    program("--version")
    first = program.kept("--version")
    program("features")
    assert program.kept("--version") == first
    assert program.kept("features") > first


@pytest.mark.parametrize("size", ["same", "other"])
def test_a_changed_source_is_run_and_kept_anew(program, size):
    before = program(*VERSION)
    assert "+CAP" in before.out
    new = BUILT_IN.replace("+CAP", "+TOP" if size == "same" else "+TOPPED")
    program.change("program.py", BUILT_IN, new)
    assert "+TOP" in program(*VERSION).out
    assert "+TOP" in program(*VERSION).out
    assert "cloche_cli.oci.program" in program.kept(*VERSION)


def test_a_source_as_large_and_as_old_as_it_was_is_that_source(program):
    program(*VERSION)
    source = program.folder / "program.py"
    status = source.stat()
    source.touch()
    assert "cloche_cli.oci.program" not in program.kept(*VERSION)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "cloche_cli.oci.program" not in program.kept(*VERSION)
    assert "cloche_cli.oci.program" in program.kept(*VERSION)


def test_a_source_that_is_gone_is_not_run(program):
    program("features")
    (program.folder / "showing.py").unlink()
    assert program("features").code == 1


def test_paths_that_others_add_are_found(program):
    """What is installed later, and what only the code of a .pth file leads to."""
    program(*VERSION)
    (program.place / "more").mkdir()
    (program.paths.parent / "more.pth").write_text(f"{program.place}/more\n")
    program.change("showing.py", "def features(", "import added\n\n\ndef features(")
    (program.place / "more/added.py").write_text("print('added')\n")
    assert program("features").out.startswith("added")
    assert program("features").out.startswith("added")


def test_code_in_path_files_is_run_when_something_is_missing(program):
    (program.place / "more").mkdir()
    (program.place / "more/added.py").write_text("print('added')\n")
    (program.paths.parent / "more.pth").write_text(
        f"import sys; sys.path.append('{program.place}/more')\n"
    )
    program(*VERSION)
    program.change("showing.py", "def features(", "import added\n\n\ndef features(")
    assert program("features").out.startswith("added")


def test_another_interpreter_keeps_its_own(program):
    program(*VERSION)
    shutil.copytree(program.place / "venv", program.place / "other", symlinks=True)
    program.python = program.place / "other/bin/python"
    assert program.kept(*VERSION) == set()
    assert "cloche_cli.oci.program" in program.kept(*VERSION)


def test_nothing_is_written_where_no_code_is_to_be(program):
    assert program(*VERSION, flags=("-B",)).code == 0
    assert not program.file.exists()
