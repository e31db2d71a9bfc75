"""What a policy asks for that this kernel lacks is said by its place, before anything is made."""

from __future__ import annotations

import pytest

from cloche.errors import InvalidSpec, Unavailable
from cloche.spec import LinuxSeccomp, LinuxSyscall
from cloche_linux.seccomp import FLAGS, asks, filter_flags
from cloche_linux.seccomp.checks import check_policy, knows_flag, knows_notification

#: Bits that no kernel of this time has a meaning for.
FUTURE = 1 << 30
ASKING = LinuxSyscall(names=("mkdir",), action="SCMP_ACT_NOTIFY")


def policy(*flags: str, default: str = "SCMP_ACT_ALLOW", rules=(), **more) -> LinuxSeccomp:
    names = tuple(f"SECCOMP_FILTER_FLAG_{flag}" for flag in flags)
    return LinuxSeccomp(default_action=default, flags=names, syscalls=rules, **more)


def test_the_kernel_is_asked_for_its_flags() -> None:
    assert all(map(knows_flag, FLAGS.values()))
    assert knows_notification()
    assert not knows_flag(FUTURE)


def test_a_flag_that_the_kernel_lacks_is_refused_by_its_place(monkeypatch) -> None:
    monkeypatch.setitem(FLAGS, "SECCOMP_FILTER_FLAG_LOG", FUTURE)
    with pytest.raises(Unavailable) as caught:
        check_policy(policy("TSYNC", "LOG"))
    assert str(caught.value) == (
        "linux.seccomp.flags[1]: this kernel has no SECCOMP_FILTER_FLAG_LOG (Linux 4.14)"
    )


def test_an_unknown_flag_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidSpec) as caught:
        filter_flags(policy("LOG", "SLOWLY"))
    assert caught.value.path == "linux.seccomp.flags[1]"


def test_flags_without_a_meaning_are_left_out() -> None:
    flags = ("TSYNC", "LOG", "WAIT_KILLABLE_RECV")
    assert filter_flags(policy(*flags)) == 1 << 0 | 1 << 1
    assert filter_flags(policy(*flags, rules=(ASKING,))) == 1 << 1 | 1 << 5


def test_a_policy_asks_by_a_rule_or_by_default() -> None:
    assert not asks(policy())
    assert asks(policy(rules=(ASKING,)))
    assert asks(policy(default="SCMP_ACT_NOTIFY"))
