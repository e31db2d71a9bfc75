"""The kernel takes the programs and answers as they say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from cloche.defaults import DEFAULT_PROFILE
from cloche.spec import LinuxSeccomp, LinuxSyscall
from cloche_linux.seccomp import MACHINES, program
from cloche_linux.seccomp.tables import numbers

MACHINE = os.uname().machine
pytestmark = pytest.mark.skipif(MACHINE not in MACHINES, reason="no programs for this machine")

TIOCSTI, TIOCLINUX, TCGETS = 0x5412, 0x541C, 0x5401

#: Runs in a process of its own, because a filter stays for life.
CALLER = """
import ctypes, json, mmap, sys
calls = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
filter_ = bytes.fromhex(sys.argv[2])
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
# push rbx; mov eax, 20 (getpid of i386); int 0x80; pop rbx; ret
code.write(bytes.fromhex("53b814000000cd805bc3"))
foreign = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
if filter_:
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
    program = Program(len(filter_) // 8, filter_)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(program)) == 0, ctypes.get_errno()
answers = []
for number, *args in calls:
    if number == "i386":
        answers.append(min(foreign(), 0))
        continue
    words = [ctypes.c_ulong(word) for word in (args + [0] * 6)[:6]]
    ctypes.set_errno(0)
    value = libc.syscall(ctypes.c_long(number), *words)
    answers.append(ctypes.get_errno() if value == -1 else 0)
print(json.dumps(answers))
"""


def call(filter_: bytes, *calls: list[int | str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-c", CALLER, json.dumps(calls), filter_.hex()]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


def errnos(filter_: bytes, *calls: list[int | str]) -> list[int]:
    """What each call answers; 0 is success."""
    done = call(filter_, *calls)
    assert done.returncode == 0, done.stderr
    answers: list[int] = json.loads(done.stdout)
    return answers


BAD = 2**64 - 1
EPERM, ENOSYS = 1, 38


@pytest.mark.parametrize(
    ("name", "args", "denied"),
    [
        ("getppid", [], None),
        ("ioctl", [BAD, TCGETS], None),
        ("ioctl", [BAD, TIOCSTI], EPERM),
        ("ioctl", [BAD, 1 << 32 | TIOCLINUX], EPERM),
        ("unshare", [0], EPERM),
        ("setns", [BAD, 0], EPERM),
        ("mount", [0, 0, 0, 0, 0], EPERM),
        ("clone", [0x10000000 | 0x00010000], EPERM),
        ("clone3", [0, 0], ENOSYS),
        ("personality", [0xFFFFFFFF], None),
        ("keyctl", [BAD], EPERM),
        ("bpf", [BAD, 0, 0], EPERM),
        ("io_uring_setup", [0, 0], EPERM),
        ("socket", [1 << 32 | 1, 1, 0], EPERM),
        ("add_key", [0, 0, 0, 0, 0], EPERM),
        ("pivot_root", [0, 0], EPERM),
    ],
)
def test_the_default_profile_denies_with_its_errno(
    name: str, args: list[int], denied: int | None
) -> None:
    """The arguments do no harm; what differs from the call without filter is the filter's doing."""
    wanted: list[int | str] = [numbers(MACHINE)[name], *args]
    (free,) = errnos(b"", wanted)
    (filtered,) = errnos(program(DEFAULT_PROFILE, MACHINE), wanted)
    if denied is None:
        assert filtered == free
    else:
        assert free != denied, "proves nothing: the kernel says so by itself"
        assert filtered == denied


@pytest.mark.skipif(MACHINE != "x86_64", reason="i386 calls are made on x86-64")
def test_the_32_bit_entry_is_no_way_around() -> None:
    """getpid by ``int 0x80`` works where the kernel emulates i386, and never under a filter."""
    (free,) = errnos(b"", ["i386"])
    assert free in (0, -ENOSYS)
    allow_all = LinuxSeccomp(default_action="SCMP_ACT_ALLOW")
    for policy in (DEFAULT_PROFILE, allow_all):
        assert errnos(program(policy, MACHINE), ["i386"]) == [-ENOSYS]


def on_getppid(action: str, errno: int | None = None) -> bytes:
    rule = LinuxSyscall(names=("getppid",), action=action, errno_ret=errno)
    return program(LinuxSeccomp(default_action="SCMP_ACT_ALLOW", syscalls=(rule,)), MACHINE)


@pytest.mark.parametrize(
    ("action", "errno", "answer"),
    [
        ("SCMP_ACT_ERRNO", None, EPERM),
        ("SCMP_ACT_ERRNO", 42, 42),
        ("SCMP_ACT_ERRNO", 0, 0),
        ("SCMP_ACT_LOG", None, 0),
        ("SCMP_ACT_TRACE", None, ENOSYS),
        ("SCMP_ACT_NOTIFY", None, ENOSYS),
    ],
)
def test_an_action_that_goes_on_answers_as_it_should(
    action: str, errno: int | None, answer: int
) -> None:
    """Nobody traces and nobody listens here, for which the kernel's answer is ENOSYS."""
    table = numbers(MACHINE)
    answers = errnos(on_getppid(action, errno), [table["getppid"]], [table["getuid"]])
    assert answers == [answer, 0]


@pytest.mark.parametrize(
    "action",
    ["SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"],
)
def test_an_action_that_ends_ends_with_sigsys(action: str) -> None:
    assert errnos(on_getppid(action), [numbers(MACHINE)["getuid"]]) == [0]
    assert call(on_getppid(action), [numbers(MACHINE)["getppid"]]).returncode == -signal.SIGSYS
