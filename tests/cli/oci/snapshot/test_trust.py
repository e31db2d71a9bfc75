"""Code is taken only from a file that nobody else can have written, and that is whole."""

from __future__ import annotations

import os
import time

import pytest

VERSION = ("--version",)
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def usual(program):
    """What the command says without a snapshot; now there is one."""
    said = program(*VERSION)
    assert said.code == 0
    assert program.file.exists()
    return said


def check_renewed(program, usual):
    assert program(*VERSION) == usual
    assert "cloche_cli.oci.program" in program.kept(*VERSION)
    assert not program.draft.exists()


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"x",
    "zeros": lambda data: bytes(len(data)),
    "zeros behind": lambda data: data[:4096] + bytes(len(data) - 4096),
    "noise": lambda data: data[:16] + os.urandom(len(data) - 16),
    "text": lambda data: b"nothing of the kind\n" * 100,
    "no head": lambda data: (24).to_bytes(8, "little") * 3,
    "another form": lambda data: (25).to_bytes(8, "little") * 2 + b"i\0\0\0\0    ",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_passed_over_and_renewed(program, usual, damage):
    program.file.write_bytes(DAMAGES[damage](program.file.read_bytes()))
    check_renewed(program, usual)


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_a_file_that_others_may_write_is_renewed(program, usual, mode):
    program.file.chmod(mode)
    assert program.kept(*VERSION) == set()
    check_renewed(program, usual)


@pytest.mark.parametrize("which", ["cache", "folder"])
@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_where_others_may_write_nothing_is_read_or_left(program, usual, which, mode):
    getattr(program, which).chmod(mode)
    before = program.file.stat()
    assert program.kept(*VERSION) == set()
    assert program(*VERSION) == usual
    assert program.file.stat() == before


@ROOT_ONLY
def test_a_file_of_somebody_else_is_renewed(program, usual):
    os.chown(program.file, 12345, 12345)
    assert program.kept(*VERSION) == set()
    check_renewed(program, usual)
    assert program.file.stat().st_uid == 0


@ROOT_ONLY
def test_where_somebody_else_writes_nothing_is_read_or_left(program, usual):
    os.chown(program.cache, 12345, 12345)
    program.file.unlink()
    assert program(*VERSION) == usual
    assert not program.file.exists()


@ROOT_ONLY
def test_others_use_what_root_has_left_and_leave_nothing(program, usual):
    as_nobody = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")
    before = program.file.read_bytes()
    assert program(*VERSION, before=as_nobody) == usual
    assert program("features", before=as_nobody).code == 0
    assert program.file.read_bytes() == before
    program.file.unlink()
    assert program(*VERSION, before=as_nobody) == usual
    assert not program.file.exists()


def test_a_link_is_not_followed(program, usual):
    program.file.rename(program.place / "elsewhere")
    program.file.symlink_to(program.place / "elsewhere")
    before = (program.place / "elsewhere").stat()
    assert program.kept(*VERSION) == set()
    check_renewed(program, usual)
    assert not program.file.is_symlink()
    assert (program.place / "elsewhere").stat() == before


def test_a_directory_elsewhere_is_not_used(program, usual):
    program.cache.rename(program.place / "elsewhere")
    program.cache.symlink_to(program.place / "elsewhere")
    before = (program.place / "elsewhere" / program.file.name).stat()
    assert program.kept(*VERSION) == set()
    assert (program.place / "elsewhere" / program.file.name).stat() == before


def test_a_draft_that_is_a_link_is_not_written_through(program):
    program.cache.mkdir(mode=0o755)
    (program.place / "precious").write_text("mine")
    program.draft.symlink_to(program.place / "precious")
    assert program(*VERSION).code == 0
    assert (program.place / "precious").read_text() == "mine"
    assert not program.file.exists()


def test_a_fifo_in_its_place_keeps_nobody_waiting(program, usual):
    program.file.unlink()
    os.mkfifo(program.file)
    check_renewed(program, usual)


def test_many_at_once_leave_one_that_is_whole(program):
    running = [program.begin(*VERSION) for _ in range(6)]
    said = {(each.communicate(timeout=60), each.returncode) for each in running}
    assert len(said) == 1
    assert "cloche_cli.oci.program" in program.kept(*VERSION)
    assert not program.draft.exists()


def test_what_somebody_else_is_writing_is_left_to_him(program):
    program.cache.mkdir(mode=0o755)
    program.draft.write_bytes(b"half")
    assert program(*VERSION).code == 0
    assert program.draft.read_bytes() == b"half"
    assert not program.file.exists()


def test_what_was_left_halfway_is_taken_away(program):
    program.cache.mkdir(mode=0o755)
    program.draft.write_bytes(b"half")
    os.utime(program.draft, (time.time() - 3600,) * 2)
    assert program(*VERSION).code == 0
    assert not program.draft.exists()
    assert "cloche_cli.oci.program" in program.kept(*VERSION)


def test_a_full_disk_keeps_what_was_there(program, usual):
    before = program.file.read_bytes()
    limited = ("sh", "-c", 'ulimit -f 8; exec "$@"', "sh")
    assert program("features", before=limited).code == 0
    assert program.file.read_bytes() == before
    assert not program.draft.exists()


@pytest.mark.parametrize("mask", ["000", "077"])
def test_its_mode_is_not_the_callers(program, mask):
    program.cache.mkdir(mode=0o755)
    masked = ("sh", "-c", f'umask {mask}; exec "$@"', "sh")
    assert program(*VERSION, before=masked).code == 0
    assert program.file.stat().st_mode & 0o777 == 0o644


def test_private_sources_stay_private(program):
    for each in program.folder.glob("*.py"):
        each.chmod(0o600)
    assert program(*VERSION).code == 0
    assert program.file.stat().st_mode & 0o777 == 0o600


def test_a_module_that_fails_fails_as_it_does_without_it(program, usual):
    program.change("showing.py", "def features(", "raise OSError('broken')\n\n\ndef features(")
    first, second = program("--debug", "features"), program("--debug", "features")
    assert first == second
    assert "broken" in first.err


def test_where_an_error_comes_from_is_told_alike(program):
    program.change("showing.py", "def features(", "def features(*_):\n    1 / 0\n\n\ndef _other(")
    first, second = program("--debug", "features"), program("--debug", "features")
    assert first == second
    assert "1 / 0" in first.err


def test_sources_can_be_inspected(program):
    program(*VERSION)
    program.change(
        "program.py",
        "    # The last line is",
        "    import inspect\n\n    assert 'def _version' in inspect.getsource(_version)\n    #",
    )
    assert program(*VERSION).code == 0
    assert program(*VERSION).code == 0


def test_it_is_killed_by_nothing_that_it_finds(program, usual):
    """Whole by its length, with other bytes inside: each byte of the head, and some behind."""
    data = program.file.read_bytes()
    length = int.from_bytes(data[8:16], "little")
    for place in (*range(16, 64), length - 1, length, length + 9):
        program.file.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        assert program(*VERSION).code == 0
