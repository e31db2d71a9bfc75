"""Plans that are cut, torn or made up are refused before anything is done; sanitizers look on."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from pathlib import Path

import pytest

from cloche_linux.plan import Plan
from cloche_linux.spawn import StepFailed, spawn
from cloche_linux.steps import Step

HEADER, RECORD = 32, 64
ROUNDS = 4000


@pytest.fixture(scope="session")
def decode(compiler, tmp_path_factory):
    """Runs a decoder over plans; the planted one has a bounds check too few."""
    out = tmp_path_factory.mktemp("sanitized")
    built: dict[tuple[str, ...], Path] = {}

    def decode(plans: list[bytes], *defines: str) -> subprocess.CompletedProcess[str]:
        if defines not in built:
            built[defines] = compiler.build_sanitized(out, "DECODE_ONLY", *defines)
        text = b"".join(struct.pack("<Q", len(plan)) + plan for plan in plans)
        done = subprocess.run([built[defines]], input=text, capture_output=True, check=False)
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return decode


@pytest.fixture
def plan() -> bytes:
    """One with every kind of field."""
    plan = Plan()
    plan.root_overlay(["/a", "/b"], "/upper", "/work", options=[("volatile", None), ("x", "y")])
    plan.mount("tmpfs", "/m", "source", options=[("size", "1k")])
    plan.bind("/source", "/target", identity=(1, 2))
    plan.file("/file", bytes(range(256)))
    plan.identity(1, 2, [3, 4])
    plan.capabilities(permitted=1)
    plan.seccomp(bytes(8))
    plan.execute(["a", "b"], ["c=d"])
    return plan.encode()


def refused(plan: bytes) -> StepFailed:
    with pytest.raises(StepFailed) as failed, spawn(plan) as child:
        child.wait_ready(20)
    assert (failed.value.step, failed.value.errno) == (Step.PLAN, 22)
    return failed.value


@pytest.mark.parametrize("keep", [0, 1, 31, 32, 33, 95, 96, 500, -2, -1])
def test_a_plan_that_was_cut_is_refused_by_the_helper(plan, keep):
    refused(plan[:keep])


def patched(plan: bytes, offset: int, format: str, value: int) -> bytes:
    changed = bytearray(plan)
    struct.pack_into(format, changed, offset, value)
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("offset", "format", "value", "reason"),
    [
        (0, "<I", 1, "not a plan of this version"),
        (4, "<H", 99, "not a plan of this version"),
        (6, "<H", 56, "not a plan of this version"),
        (8, "<I", 0, "counts"),
        (8, "<I", 1 << 20, "counts"),
        (8, "<I", 7, "truncated"),
        (12, "<I", 0, "counts"),
        (12, "<I", 0xFFFFFFFF, "truncated"),
        (16, "<H", 1000, "fault"),
        (24, "<i", -1, "fault"),
        (HEADER, "<H", 0, "no such step"),
        (HEADER, "<H", 9999, "no such step"),
        (HEADER + 32, "<I", 0xFFFFFFFF, "text out of bounds"),
        (HEADER + 36, "<I", 0xFFFFFFFF, "text out of bounds"),
        (HEADER + 8, "<Q", 5, ""),
        (HEADER + 44, "<I", 2, "a list without an end"),
        (HEADER + RECORD + 36, "<I", 1, "text out of bounds"),
    ],
)
def test_each_check_refuses_with_its_reason(plan, decode, offset, format, value, reason):
    """And the one harmless change is not refused."""
    changed = patched(plan, offset, format, value)
    assert decode([changed]).stdout == f"{reason}\n"
    if reason:
        assert refused(changed).filename == reason


def test_a_descriptor_that_is_not_there_is_refused():
    plan = Plan()
    plan.attach_cgroup(3)
    plan.idle()
    assert refused(plan.encode()).filename == "no such descriptor"


def mutant(plan: bytes, chance: random.Random) -> bytes:
    changed = bytearray(plan)
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(4)
        at = chance.randrange(len(changed))
        if kind == 0:
            changed[at] = chance.randrange(256)
        elif kind == 1:
            value = chance.choice(
                [0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(plan), chance.randrange(2**32)]
            )
            at -= at % 4
            changed[at : at + 4] = value.to_bytes(4, "little")
        elif kind == 2:
            del changed[at : at + chance.randint(1, 80)]
        else:
            changed[at:at] = chance.randbytes(chance.randint(1, 80))
        if not changed:
            return b""
    return bytes(changed)


@pytest.mark.slow
def test_no_mutant_makes_the_decoder_read_what_is_not_the_plan(plan, decode):
    """Under the address and undefined behaviour sanitizers. Some mutants are still plans."""
    chance = random.Random(int(os.environ.get("CLOCHE_FUZZ_SEED", "1")))
    done = decode([mutant(plan, chance) for _ in range(ROUNDS)])
    assert (done.returncode, done.stderr) == (0, "")
    answers = done.stdout.splitlines()
    assert len(answers) == ROUNDS
    assert {"", "truncated", "text out of bounds", "no such step"} <= set(answers)


@pytest.mark.slow
def test_the_sanitizers_would_see_it(plan, decode):
    """The control: with the check on bounds loosened by a few bytes, they find it."""
    chance = random.Random(1)
    done = decode([mutant(plan, chance) for _ in range(ROUNDS)], "PLANTED_BUG")
    assert done.returncode != 0
    assert "AddressSanitizer" in done.stderr


ENTER = """
import os, socket, sys
helper, plan = sys.argv[1:]
ours, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
lifetime, held = os.pipe()
places = [control.fileno(), os.open(plan, os.O_RDONLY), lifetime, os.open(helper, os.O_RDONLY)]
if (pid := os.fork()) == 0:
    high = [os.dup2(fd, 20 + place) for place, fd in enumerate(places)]
    for place, fd in enumerate(high):
        os.dup2(fd, 3 + place)
    os.execv(helper, ["cloche-init", "0"])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.slow
def test_the_whole_helper_runs_under_the_sanitizers(compiler, sandbox, tmp_path):
    """A container made by the sanitized helper: nothing that its steps do is undefined.

    By hand, since the spawner spawns the other helper.
    """
    helper = compiler.build_sanitized(tmp_path)
    script = "echo through; exit 3"
    (tmp_path / "plan").write_bytes(sandbox.finish(sandbox.begin(), "sh", "-c", script, wait=False))
    command = ["unshare", "--pid", "--fork", "python3", "-c", ENTER, helper, tmp_path / "plan"]
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (3, "through\n")
    assert "ERROR: AddressSanitizer" not in done.stderr
    assert "runtime error" not in done.stderr
