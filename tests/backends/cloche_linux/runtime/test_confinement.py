"""What a container can't do, by exact errno, each with a control run in which it can."""

from __future__ import annotations

import errno
from typing import Any

import pytest

import cloche


def attempt(engine: cloche.Engine, call: str, **options: Any) -> int:
    """Try a system call over this machine's root; its errno, 0 if it worked. Perl is Debian's."""
    words = 'my ($a, $b, $c, $d) = ("none", "/tmp", "tmpfs", "user");'
    script = f"{words} my $r = syscall({call}); print $r == -1 ? $!+0 : 0;"
    done = engine.run(["/usr/bin/perl", "-e", script], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    assert done.stdout is not None
    return int(done.stdout)


MOUNT, UNSHARE, MKNOD, IOCTL, PTRACE = 165, 272, 133, 16, 101
SETHOSTNAME, REBOOT, KEXEC, BPF, ADD_KEY = 170, 169, 246, 321, 248


@pytest.mark.parametrize(
    ("call", "denied", "control"),
    [
        (f"{SETHOSTNAME}, $a, 1", errno.EPERM, {"cap_add": ["SYS_ADMIN"]}),
        (
            f"{MOUNT}, $a, $b, $c, 0, 0",
            errno.EPERM,
            {"cap_add": ["SYS_ADMIN"]},
        ),
        (f"{UNSHARE}, 0x10000000", errno.EPERM, {"cap_add": ["SYS_ADMIN"]}),
        (f"{MKNOD}, $c, 0020666, 0x103", errno.EPERM, {"cap_add": ["MKNOD"]}),
        (
            f"{ADD_KEY}, $d, $a, $b, 1, -3",
            errno.EPERM,
            {"security_opt": ["seccomp=unconfined"]},
        ),
    ],
    ids=["sethostname", "mount", "unshare-user", "mknod", "add_key"],
)
def test_a_call_is_denied_and_allowed_without_the_protection(
    engine: cloche.Engine, call: str, denied: int, control: dict[str, Any]
) -> None:
    assert attempt(engine, call) == denied
    assert attempt(engine, call, **control) == 0


@pytest.mark.parametrize("number", [0x5412, 0x541C], ids=["TIOCSTI", "TIOCLINUX"])
def test_input_cannot_be_pushed_into_a_terminal(engine: cloche.Engine, number: int) -> None:
    call = f"{IOCTL}, 0, {number}, $a"
    assert attempt(engine, call) == errno.EPERM
    assert attempt(engine, call, security_opt=["seccomp=unconfined"]) == errno.ENOTTY


def test_the_filter_is_on_and_privileges_are_not_to_be_gained(
    engine: cloche.Engine, busybox: str
) -> None:
    status = _status(engine, busybox)
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    free = _status(engine, busybox, security_opt=["seccomp=unconfined", "no-new-privileges:false"])
    assert (free["Seccomp"], free["NoNewPrivs"]) == ("0", "0")


def test_capabilities_are_the_default_ones(engine: cloche.Engine, busybox: str) -> None:
    from cloche.capabilities import DEFAULT
    from cloche_linux.capabilities import mask

    status = _status(engine, busybox)
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert int(status[name], 16) == mask(DEFAULT)
    assert (status["CapInh"], status["CapAmb"]) == ("0" * 16, "0" * 16)


def test_another_user_has_no_capabilities_at_all(engine: cloche.Engine, busybox: str) -> None:
    status = _status(engine, busybox, user="ann")
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["Uid"].split() == ["1000"] * 4
    assert status["Groups"].split() == ["50"]


def test_no_signal_is_blocked_or_ignored(engine: cloche.Engine, busybox: str) -> None:
    status = _status(engine, busybox)
    assert int(status["SigBlk"], 16) == int(status["SigIgn"], 16) == 0


def _status(engine: cloche.Engine, busybox: str, **options: Any) -> dict[str, str]:
    done = engine.run(
        ["cat", "/proc/self/status"], rootfs=busybox, capture_output=True, text=True, **options
    )
    assert done.stdout is not None
    return {key: value.strip() for key, _, value in map(_split, done.stdout.splitlines())}


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def test_every_namespace_is_its_own(engine: cloche.Engine, busybox: str) -> None:
    import os

    script = "for n in cgroup ipc mnt net pid uts; do readlink /proc/self/ns/$n; done"
    done = engine.run(["sh", "-c", script], rootfs=busybox, capture_output=True, text=True)
    assert done.stdout is not None
    ours = {os.readlink(f"/proc/self/ns/{n}") for n in os.listdir("/proc/self/ns")}
    theirs = done.stdout.split()
    assert len(theirs) == 6
    assert not ours & set(theirs)


@pytest.mark.parametrize("path", ["/proc/sys/kernel/panic", "/proc/sys/vm/swappiness"])
def test_the_kernels_switches_cannot_be_written(
    engine: cloche.Engine, busybox: str, path: str
) -> None:
    done = engine.run(
        ["sh", "-c", f"echo 0 > {path}"], rootfs=busybox, capture_output=True, text=True
    )
    assert done.stderr is not None
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("path", ["/proc/interrupts", "/proc/timer_list"])
def test_what_would_tell_of_the_host_is_empty(
    engine: cloche.Engine, busybox: str, path: str
) -> None:
    with open(path, "rb") as file:
        assert file.read(16)
    done = engine.run(["head", "-c", "16", path], rootfs=busybox, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"")
