"""Records that are damaged, cut or made up: what the launcher shows of one, Python shows, too.

Under the address and undefined behaviour sanitizers.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
from launched.programs import HANDED_OVER, beside

from cloche_cli.oci.program import run

ROUNDS = 300
RECORD = {
    "supervisor": None,
    "info": {
        "init": {"pid": 77, "start": 1234, "boot": "another"},
        "apart": 1845624832,
        "maps": {"uids": [[0, 100000, 65536]], "gids": [[0, 100000, 65536]], "single": False},
        "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["a", "b"]}]},
        "groups": [0, 5],
        "detached": True,
    },
    "id": "box",
    "bundle": "/bundle",
    "rootfs": 'root "quoted" \\ \n é \U0001f600',
    "version": "1.0.2",
    "created": "2026-01-02T03:04:05.000000006Z",
    "annotations": {"a": "b", "é": '"', "": ""},
    "runtime": "linux",
    "terminal": False,
    "owner": 0,
}
GROUP = {
    "id": "box",
    "nodes": [
        {"version": 1, "controllers": ["freezer"], "path": "/nowhere/freezer", "inode": None},
        {"version": 2, "controllers": [], "path": "/nowhere", "inode": 12, "found": True},
    ],
    "scope": None,
    "unit": None,
}
#: What mutations put in: the letters of JSON, numbers at borders, and what is no ASCII.
PIECES = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0", b"\xff", b"\xc3\xa9"),
    *(b"null", b"true", b"-1", b"0", b"00", b"1e5", b"0.5", b"NaN", b"9" * 18, b"9" * 30, b"{}"),
    *(
        b"[]",
        b'""',
        b'"a"',
        b"\\u00e9",
        b"\\u0041",
        b"\\ud83d",
        b"\\u000a",
        b"\\/",
        b"\\x",
        b"[" * 99,
    ),
]


def written(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def mutant(text: bytes, chance: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                del changed[at : at + chance.randint(1, 40)]
            case 1:
                changed[at:at] = chance.choice(PIECES)
            case 2:
                changed[at : at + 1] = chance.choice(PIECES)
            case 3:  # a part of itself, elsewhere
                start = chance.randrange(len(text))
                changed[at:at] = text[start : start + chance.randint(1, 60)]
    return bytes(changed)


class Shown(NamedTuple):
    """What `state` says."""

    code: int
    out: str


class Room:
    """A directory with one container, which has ended before the machine was booted."""

    def __init__(self, place: Path, program: Path) -> None:
        self.root, self.program = place / "state", program
        (self.root / "box").mkdir(parents=True)
        self.write("state.json", written(RECORD))
        self.write("cgroup.json", written(GROUP))

    def write(self, name: str, text: bytes) -> None:
        (self.root / "box" / name).write_bytes(text)

    def launcher(self) -> Shown:
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        command = [self.program, "--root", self.root, "state", "box"]
        done = subprocess.run(command, capture_output=True, env=environment, timeout=60)
        assert done.stderr == b"", done.stderr.decode()
        return Shown(done.returncode, done.stdout.decode())

    def python(self) -> Shown:
        with redirect_stdout(io.StringIO()) as out:
            code = run(["--root", str(self.root), "state", "box"])
        return Shown(code, out.getvalue())


@pytest.fixture
def room(sanitized, tmp_path) -> Room:
    return Room(tmp_path, beside(tmp_path / "program", sanitized, f"exit {HANDED_OVER}"))


def test_a_record_of_every_kind_of_value_is_shown(room):
    assert room.launcher() == room.python()
    assert room.launcher().code == 0


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{}", b"[]", b"null", b"[" * 100_000, b"{" * 100, b'{"a":' * 100, b'"', b'{"id"',
        b'{"id":', b'{"id":"box"', b'{"id":"box",', b'{"id":"box",}', b"{,}", b"[1,]", b"\0",
        b'{"id":"\\', b'{"id":"\\u', b'{"id":"\\u12', b'{"id":"\xff"}', written(RECORD) + b" ",
        written(RECORD)[:-1], written(RECORD) * 2, b" " + written(RECORD), b"1" * (1 << 21),
        b'"' + b"a" * (1 << 21),
    ],
    ids=range(26),
)  # fmt: skip
@pytest.mark.parametrize("name", ["state.json", "cgroup.json"])
def test_what_is_no_record_is_handed_over(name, text, room):
    room.write(name, text)
    assert room.launcher() == (HANDED_OVER, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["state.json", "cgroup.json"])
def test_no_mutant_is_shown_otherwise_than_by_python(name, room, capsys):
    chance = random.Random(int(os.environ.get("CLOCHE_FUZZ_SEED", "1")))
    whole, shown = written(RECORD if name == "state.json" else GROUP), 0
    for _ in range(ROUNDS):
        text = mutant(whole, chance)
        room.write(name, text)
        said = room.launcher()
        if said.code != HANDED_OVER:
            assert said == room.python(), text
            shown += 1
    assert 0 < shown < ROUNDS, "some mutants are records, and some are none"


def test_the_largest_numbers_and_longest_texts(room):
    init = {"pid": 2**31 - 1, "start": 10**18 - 1, "boot": "x" * 5000}
    info = {**RECORD["info"], "init": init}
    told = {str(i): "v" * 1000 for i in range(400)}
    room.write("state.json", written({**RECORD, "info": info, "annotations": told}))
    assert room.launcher() == room.python()
    assert room.launcher().code == 0
