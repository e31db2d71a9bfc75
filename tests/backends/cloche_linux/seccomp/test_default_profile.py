"""The default profile: shipped as compiled, and right about what it refuses."""

from __future__ import annotations

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
