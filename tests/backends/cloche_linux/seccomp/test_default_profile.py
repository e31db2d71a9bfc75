"""The default profile: shipped as compiled, right about what it refuses, and real to the kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cloche import documents
from cloche.capabilities import ALL, DEFAULT, altered
from cloche.defaults import DEFAULT_PROFILE, seccomp_profile
from cloche.spec import LinuxSeccomp
from cloche_linux.seccomp import MACHINES, program, shipped_file
from cloche_linux.seccomp.compiler import compiled
from cloche_linux.seccomp.tables import numbers

Answer = Callable[..., int]

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
TIOCSTI, TIOCLINUX, TCGETS = 0x5412, 0x541C, 0x5401


@pytest.mark.parametrize("machine", MACHINES)
def test_the_shipped_program_is_what_compiling_the_profile_gives(machine: str) -> None:
    assert Path(shipped_file(machine)).read_bytes() == compiled(DEFAULT_PROFILE, machine)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_shipped_program_is_found_by_identity_and_by_value(machine: str) -> None:
    again = documents.read(LinuxSeccomp, documents.write(DEFAULT_PROFILE))
    assert again is not DEFAULT_PROFILE
    assert program(again, machine) is program(DEFAULT_PROFILE, machine)


def test_the_default_capabilities_have_the_default_profile() -> None:
    assert seccomp_profile(DEFAULT) is DEFAULT_PROFILE


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("call", "args", "expected"),
    [
        ("openat", (), ALLOW),
        ("ptrace", (), ALLOW),
        ("chroot", (), ALLOW),
        ("ioctl", (0, TCGETS), ALLOW),
        ("ioctl", (0, TIOCSTI), EPERM),
        ("ioctl", (0, TIOCLINUX), EPERM),
        ("ioctl", (0, 1 << 32 | TIOCSTI), EPERM),
        ("ioctl", (0, 0xFFFFFFFF00000000 | TIOCLINUX), EPERM),
        ("ioctl", (0, TIOCSTI + 1), ALLOW),
        ("ioctl", (0, TIOCLINUX - 1), ALLOW),
        ("ioctl", (0, 0x5418), ALLOW),
        ("ioctl", (0, 0x80045430), ALLOW),
        ("ioctl", (0, 0xFFFFFFFF80045430), ALLOW),
        ("socket", (1,), ALLOW),
        ("socket", (16,), ALLOW),
        ("socket", (38,), EPERM),
        ("socket", (40,), EPERM),
        ("socket", (1 << 32 | 40,), EPERM),
        ("socket", (44,), ALLOW),
        ("personality", (0,), ALLOW),
        ("personality", (0xFFFFFFFF,), ALLOW),
        ("personality", (0x0400000,), EPERM),
        ("clone", (0x01200011,), ALLOW),
        ("clone", (0x10000000,), EPERM),
        ("clone", (0x7E020000,), EPERM),
        ("clone3", (), ENOSYS),
        ("unshare", (), EPERM),
        ("mount", (), EPERM),
        ("bpf", (), EPERM),
        ("keyctl", (), EPERM),
        ("io_uring_setup", (), EPERM),
        ("userfaultfd", (), EPERM),
        ("file_setattr", (), ENOSYS),
    ],
)
def test_what_the_default_profile_answers(
    answer: Answer, machine: str, call: str, args: tuple[int, ...], expected: int
) -> None:
    filter_ = program(DEFAULT_PROFILE, machine)
    assert answer(filter_, machine, numbers(machine)[call], args) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_no_ioctl_but_the_two_is_refused(answer: Answer, machine: str) -> None:
    filter_, ioctl = program(DEFAULT_PROFILE, machine), numbers(machine)["ioctl"]
    requests = {*range(0x5300, 0x5500), *(1 << bit for bit in range(32))}
    requests |= {base ^ 1 << bit for base in (TIOCSTI, TIOCLINUX) for bit in range(32)}
    refused = {r for r in requests if answer(filter_, machine, ioctl, (0, r)) != ALLOW}
    assert refused == {TIOCSTI, TIOCLINUX}


@pytest.mark.parametrize(
    ("capability", "call"),
    [
        ("CAP_SYS_ADMIN", "mount"),
        ("CAP_SYS_ADMIN", "unshare"),
        ("CAP_SYS_ADMIN", "clone3"),
        ("CAP_SYS_ADMIN", "bpf"),
        ("CAP_BPF", "bpf"),
        ("CAP_PERFMON", "perf_event_open"),
        ("CAP_SYSLOG", "syslog"),
        ("CAP_SYS_TIME", "clock_settime"),
        ("CAP_SYS_BOOT", "reboot"),
        ("CAP_SYS_MODULE", "init_module"),
        ("CAP_SYS_NICE", "mbind"),
        ("CAP_SYS_PTRACE", "pidfd_getfd"),
        ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    ],
)
def test_a_capability_opens_the_calls_that_go_with_it(
    answer: Answer, capability: str, call: str
) -> None:
    number = numbers("x86_64")[call]
    without = program(DEFAULT_PROFILE, "x86_64")
    with_it = program(seccomp_profile(altered(add=[capability])), "x86_64")
    assert answer(without, "x86_64", number) in (EPERM, ENOSYS)
    assert answer(with_it, "x86_64", number) == ALLOW


def test_not_even_all_capabilities_open_everything(answer: Answer) -> None:
    filter_ = program(seccomp_profile(ALL), "x86_64")
    for call in ("keyctl", "kexec_load", "io_uring_setup", "userfaultfd", "swapon"):
        assert answer(filter_, "x86_64", numbers("x86_64")[call]) == EPERM
    assert answer(filter_, "x86_64", numbers("x86_64")["ioctl"], (0, TIOCSTI)) == EPERM


#: Runs in a process of its own, because a filter stays for life.
CALLER = """
import ctypes, json, sys
calls = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
filter_ = bytes.fromhex(sys.argv[2])
if filter_:
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
    program = Program(len(filter_) // 8, filter_)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(program)) == 0, ctypes.get_errno()
answers = []
for number, *args in calls:
    words = [ctypes.c_ulong(word) for word in (args + [0] * 6)[:6]]
    ctypes.set_errno(0)
    value = libc.syscall(ctypes.c_long(number), *words)
    answers.append(ctypes.get_errno() if value == -1 else 0)
print(json.dumps(answers))
"""

BAD = 2**64 - 1
#: Call, arguments that do no harm, and what the kernel and then the filter says of it.
REAL: list[tuple[str, list[int], int, int]] = [
    ("getppid", [], 0, 0),
    ("ioctl", [BAD, TCGETS], 9, 9),
    ("ioctl", [BAD, TIOCSTI], 9, 1),
    ("ioctl", [BAD, 1 << 32 | TIOCLINUX], 9, 1),
    ("unshare", [0], 0, 1),
    ("setns", [BAD, 0], 9, 1),
    ("mount", [0, 0, 0, 0, 0], 14, 1),
    ("clone3", [0, 0], 22, 38),
    ("personality", [0xFFFFFFFF], 0, 0),
    ("keyctl", [BAD], 95, 1),
    ("bpf", [BAD, 0, 0], 22, 1),
    ("io_uring_setup", [0, 0], 14, 1),
    ("socket", [1 << 32 | 1, 1, 0], 0, 1),
    ("file_getattr", [BAD, 0, 0, 0, 0], 22, 38),
]


@pytest.mark.skipif(os.uname().machine not in MACHINES, reason="no programs for this machine")
def test_the_kernel_answers_denied_calls_with_the_errno_of_the_profile() -> None:
    """Each call is first made without the filter: only what then differs is the filter's doing."""
    table = numbers(os.uname().machine)
    calls = json.dumps([[table[name], *args] for name, args, _, _ in REAL])
    filter_ = program(DEFAULT_PROFILE, os.uname().machine).hex()

    def run(program: str) -> list[int]:
        argv = [sys.executable, "-I", "-c", CALLER, calls, program]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
        answers: list[int] = json.loads(done.stdout)
        return answers

    free, filtered = run(""), run(filter_)
    for (name, args, _, denied), without, with_filter in zip(REAL, free, filtered, strict=True):
        assert with_filter == denied, (name, args, without)
        if denied in (1, 38):
            assert without != denied, (name, args, "proves nothing: the kernel says so by itself")
