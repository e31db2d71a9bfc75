"""Containers of different users: nobody sees, enters or ends those of another."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from .person import Person, told

HOLD = """
    with engine.start(rootfs=ROOTFS, idle=True, name="private") as box:
        box.write_text("/secret", "secret")
        tell(box.inspect().pid)
        sys.stdin.readline()
"""


@pytest.fixture
def held(tenant: Person) -> Iterator[int]:
    """The init of a container of the tenant's, by its number on this machine."""
    with tenant.begin(HOLD) as holder:
        yield told(holder)
        holder.communicate("\n", timeout=20)
        assert holder.returncode == 0


def test_another_user_does_not_find_it(held: int, stranger: Person) -> None:
    code = "tell([refusal(lambda: engine.get('private'))[:2], len(engine.list(all=True))])"
    assert stranger.tells(code) == [["NotFound", "no container private"], 0]


def test_another_user_cannot_use_the_owners_directories(
    held: int, tenant: Person, stranger: Person
) -> None:
    code = "tell(refusal(lambda: cloche.Engine(root=os.environ['OTHERS'])))"
    assert stranger.tells(code, OTHERS=str(tenant.home)) == [
        "Unavailable",
        f"{tenant.home}/run: another user can exchange {tenant.home}",
        "name a directory of your own by CLOCHE_ROOT",
    ]


#: What a process of anybody's may try with the number of an init; the errno of each, 0 if it works.
TRY = """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    pid = int(os.environ["PID"])

    def attempt(call, *words):
        try:
            result = call(*words)
        except OSError as error:
            return error.errno
        return ctypes.get_errno() if result == -1 else 0

    pidfd = os.pidfd_open(pid)
    tell([
        attempt(os.kill, pid, 0),
        attempt(signal.pidfd_send_signal, pidfd, 0),
        attempt(libc.setns, pidfd, 0x10000000),
        attempt(os.stat, f"/proc/{pid}/root/root"),
        attempt(os.readlink, f"/proc/{pid}/ns/mnt"),
        attempt(libc.ptrace, 0x4206, pid, 0, 0),
    ])
"""


def test_another_user_cannot_signal_enter_or_look_inside(
    held: int, tenant: Person, stranger: Person
) -> None:
    denied = [errno.EPERM, errno.EPERM, errno.EPERM, errno.EACCES, errno.EACCES, errno.EPERM]
    assert stranger.tells(TRY, PID=str(held)) == denied


def test_the_owner_can_signal_and_enter(held: int, tenant: Person) -> None:
    """The control: what is denied above is possible, but for looking at a process that hides."""
    signalled, by_pidfd, entered, *_ = tenant.tells(TRY, PID=str(held))
    assert (signalled, by_pidfd, entered) == (0, 0, 0)
