"""Memory is taken only from a file that nobody else can have written, and that is whole."""

from __future__ import annotations

import os
import struct
import time
from random import Random

import pytest

WORDS = ("exec", "box", "true")
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
AS_ANOTHER = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")
#: Where in the head something is: where stamps are, and the context behind it.
HEAD, STAMPS, CONTEXT = 152, 64, 80


@pytest.fixture
def usual(ready):
    return ready(*WORDS)


def check_renewed(program, usual) -> None:
    assert program.going_on(*WORDS) is None
    assert program(*WORDS) == usual
    assert program.going_on(*WORDS) == usual
    assert not program.draft.exists()


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "cut to its head": lambda data: data[:HEAD],
    "longer": lambda data: data + b"x",
    "zeros": lambda data: bytes(len(data)),
    "zeros behind the head": lambda data: data[:HEAD] + bytes(len(data) - HEAD),
    "noise": lambda data: data[:8] + os.urandom(len(data) - 8),
    "noise behind the boot": lambda data: data[:52] + b"\xff" * (HEAD - 52) + data[HEAD:],
    "text": lambda data: b"nothing of the kind\n" * 100,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_passed_over_and_renewed(ready, usual, damage):
    ready.file.write_bytes(DAMAGES[damage](ready.file.read_bytes()))
    check_renewed(ready, usual)


#: How often a head and stamps are garbled.
_ROUNDS = int(os.environ.get("CLOCHE_FUZZ", "30"))


def test_what_is_garbled_is_read_without_a_fault(watched):
    """All but the memory itself, which nobody can tell from what it was."""
    usual = watched(*WORDS)
    assert watched.going_on(*WORDS) == usual
    watched.environment["PYTHONDONTWRITEBYTECODE"] = "1"  # none is made in its place
    whole = watched.file.read_bytes()
    start, count = struct.unpack_from("=QQ", whole, STAMPS)
    choices = [*range(CONTEXT), *range(start, start + 40 * count)]
    seed = Random().randrange(1 << 32)
    random = Random(seed)
    for _ in range(_ROUNDS):
        garbled = bytearray(whole)
        for _ in range(random.randrange(1, 4)):
            garbled[random.choice(choices)] = random.randrange(256)
        watched.file.write_bytes(garbled)
        assert watched(*WORDS) == usual, seed


def test_only_its_owner_may_look_at_it(ready):
    assert ready.file.stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("mode", [0o666, 0o640, 0o604])
def test_a_file_that_others_may_open_is_renewed(ready, usual, mode):
    ready.file.chmod(mode)
    check_renewed(ready, usual)


@pytest.mark.parametrize("which", ["cache", "folder"])
@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_where_others_may_write_nothing_is_taken(ready, usual, which, mode):
    getattr(ready, which).chmod(mode)
    assert ready.going_on(*WORDS) is None
    assert ready(*WORDS) == usual


@ROOT_ONLY
def test_a_file_of_somebody_else_is_renewed(ready, usual):
    os.chown(ready.file, 12345, 12345)
    check_renewed(ready, usual)
    assert ready.file.stat().st_uid == 0


@ROOT_ONLY
def test_where_somebody_else_writes_nothing_is_taken(ready, usual):
    os.chown(ready.cache, 12345, 12345)
    assert ready.going_on(*WORDS) is None
    assert ready(*WORDS) == usual


@ROOT_ONLY
def test_others_do_without_what_is_root_s_and_leave_nothing(everybodys):
    usual = everybodys(*WORDS)
    before = everybodys.file.read_bytes(), sorted(os.listdir(everybodys.cache))
    assert everybodys(*WORDS, before=AS_ANOTHER) == usual
    assert everybodys.going_on(*WORDS, before=AS_ANOTHER) is None
    assert (everybodys.file.read_bytes(), sorted(os.listdir(everybodys.cache))) == before


@ROOT_ONLY
def test_a_user_with_an_installation_of_his_own_has_his_own(everybodys):
    for folder, _, files in os.walk(everybodys.place):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            os.lchown(path, 12345, 12345)
    usual = everybodys(*WORDS, before=AS_ANOTHER)
    (made,) = everybodys.cache.glob("dump.3*")
    assert made.name.endswith(".12345")
    assert everybodys.going_on(*WORDS, before=AS_ANOTHER) == usual
    assert everybodys.going_on(*WORDS) is None


def test_a_link_is_not_followed(ready, usual):
    elsewhere = ready.file.rename(ready.place / "elsewhere")
    ready.file.symlink_to(elsewhere)
    before = elsewhere.stat()
    assert ready.going_on(*WORDS) is None
    assert ready(*WORDS) == usual
    assert (elsewhere.stat().st_ino, elsewhere.stat().st_size) == (before.st_ino, before.st_size)


def test_a_directory_elsewhere_is_not_used(ready, usual):
    ready.cache.rename(ready.place / "elsewhere")
    ready.cache.symlink_to(ready.place / "elsewhere")
    assert ready.going_on(*WORDS) is None
    assert ready(*WORDS) == usual


def test_a_draft_that_is_a_link_is_not_written_through(program):
    program.cache.mkdir(mode=0o755)
    (program.place / "precious").write_text("mine")
    program.draft.symlink_to(program.place / "precious")
    program(*WORDS)
    assert (program.place / "precious").read_text() == "mine"
    assert not program.file.exists()


def test_a_fifo_in_its_place_keeps_nobody_waiting(ready, usual):
    ready.file.unlink()
    os.mkfifo(ready.file)
    check_renewed(ready, usual)


def test_many_at_once_leave_one_that_is_whole(program):
    running = [program.begin(*WORDS) for _ in range(6)]
    said = {(each.communicate(timeout=60), each.returncode) for each in running}
    assert len(said) == 1
    assert program.going_on(*WORDS) is not None
    assert not program.draft.exists()


def test_what_somebody_else_is_writing_is_left_to_him(program):
    program.cache.mkdir(mode=0o755)
    program.draft.write_bytes(b"half")
    program(*WORDS)
    assert program.draft.read_bytes() == b"half"
    assert not program.file.exists()


def test_what_was_left_halfway_is_taken_away(program):
    program.cache.mkdir(mode=0o755)
    program.draft.write_bytes(b"half")
    os.utime(program.draft, (time.time() - 3600,) * 2)
    program(*WORDS)
    assert not program.draft.exists()
    assert program.going_on(*WORDS) is not None
