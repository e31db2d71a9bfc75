"""A compiled policy answers every call as its rules, read one by one, would."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloche.errors import InvalidSpec, NotSupported
from cloche.spec import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall
from cloche_linux.seccomp import MACHINES, filter_flags, program
from cloche_linux.seccomp.compiler import compiled
from cloche_linux.seccomp.tables import numbers

Answer = Callable[..., int]

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
ACTIONS = {
    "SCMP_ACT_ALLOW": 0x7FFF0000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_NOTIFY": 0x7FC00000,
}
HOLDS: dict[str, Callable[[int, int, int], bool]] = {
    "SCMP_CMP_EQ": lambda x, a, _: x == a,
    "SCMP_CMP_NE": lambda x, a, _: x != a,
    "SCMP_CMP_LT": lambda x, a, _: x < a,
    "SCMP_CMP_LE": lambda x, a, _: x <= a,
    "SCMP_CMP_GT": lambda x, a, _: x > a,
    "SCMP_CMP_GE": lambda x, a, _: x >= a,
    "SCMP_CMP_MASKED_EQ": lambda x, a, b: x & a == b,
}

interesting = st.sampled_from([0, 1, 2, 0xFFFFFFFF, 1 << 32, (1 << 32) + 1, 1 << 31, 2**64 - 1])
words = interesting | st.integers(0, 2**64 - 1) | st.integers(0, 15)
bits = st.integers(0, 63).map(lambda n: 1 << n)
conditions = st.builds(
    LinuxSeccompArg,
    index=st.integers(0, 5),
    value=words | bits,
    value_two=st.none() | words | bits,
    op=st.sampled_from(sorted(HOLDS)),
)
single_bits = st.builds(
    lambda bit, value: LinuxSeccompArg(
        index=1, value=bit, value_two=value & bit, op="SCMP_CMP_MASKED_EQ"
    ),
    bits,
    words,
)
names = st.sampled_from(sorted({*numbers("x86_64"), *numbers("aarch64"), "s390_runtime_instr"}))
few_names = st.sampled_from(["read", "write", "ioctl", "clone", "socket", "file_setattr"])
#: Defaults for calls that the policy's author could not know, too.
LENIENT = ("ALLOW", "LOG", "TRACE", "NOTIFY")
rules = st.builds(
    LinuxSyscall,
    names=st.lists(names | few_names, min_size=1, max_size=6).map(tuple),
    action=st.sampled_from(sorted(ACTIONS)),
    errno_ret=st.none() | st.integers(0, 4095),
    args=st.none() | st.lists(conditions | single_bits, max_size=3).map(tuple),
)
policies = st.builds(
    LinuxSeccomp,
    default_action=st.sampled_from(sorted(ACTIONS)),
    default_errno_ret=st.none() | st.integers(0, 4095),
    syscalls=st.none() | st.lists(rules, max_size=30).map(tuple),
)
machines = st.sampled_from(MACHINES)


def result_of(action: str, errno: int | None) -> int:
    number = (
        (1 if errno is None else errno) if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") else 0
    )
    return ACTIONS[action] + number


def judged(policy: LinuxSeccomp, machine: str, number: int, args: tuple[int, ...]) -> int:
    """The answer by reading the rules from the first to the last."""
    default = result_of(policy.default_action, policy.default_errno_ret)
    table, listed = numbers(machine), policy.syscalls or ()
    if machine == "x86_64" and number >= 0x40000000:
        return ENOSYS
    known = [table[name] for rule in listed for name in rule.names if name in table]
    strict = policy.default_action.removeprefix("SCMP_ACT_") not in LENIENT
    if strict and policy.default_errno_ret is None and known and number > max(known):
        return ENOSYS
    about = [rule for rule in listed if number in map(table.get, rule.names)]
    meant = [(rule, result_of(rule.action, rule.errno_ret)) for rule in about]
    telling = [(rule, result) for rule, result in meant if result != default]
    unconditional = [result for rule, result in telling if not rule.args]
    applying = [result for rule, result in telling if applies(rule, args)]
    return (unconditional or applying or [default])[0]


def applies(rule: LinuxSyscall, args: tuple[int, ...]) -> bool:
    asked = rule.args or ()
    held = (HOLDS[arg.op](args[arg.index], arg.value, arg.value_two or 0) for arg in asked)
    return all(held) if len({arg.index for arg in asked}) == len(asked) else any(held)


@settings(max_examples=300, deadline=None)
@given(policy=policies, machine=machines, data=st.data())
def test_any_policy_is_compiled_to_what_its_rules_say(
    answer: Answer, policy: LinuxSeccomp, machine: str, data: st.DataObject
) -> None:
    filter_ = compiled(policy, machine)
    table = numbers(machine)
    said = [
        n for rule in policy.syscalls or () for n in map(table.get, rule.names) if n is not None
    ]
    mentioned = [arg.value for rule in policy.syscalls or () for arg in rule.args or ()]
    near = words | st.sampled_from([0, *mentioned]).map(lambda v: min(v + 1, 2**64 - 1))
    near |= st.sampled_from([0, *mentioned])
    numbers_ = st.sampled_from([0, *said]) | st.integers(0, 500) | st.just(0x40000001)
    for _ in range(20):
        number = data.draw(numbers_)
        args = tuple(data.draw(st.tuples(*[near] * 6)))
        assert answer(filter_, machine, number, args) == judged(policy, machine, number, args)


@settings(max_examples=100, deadline=None)
@given(policy=policies, machine=machines, number=st.integers(0, 500))
def test_no_policy_lets_another_architecture_through(
    answer: Answer, policy: LinuxSeccomp, machine: str, number: int
) -> None:
    i386, arm = 0x40000003, 0x40000028
    for foreign in (i386, arm, 0xC00000B7 if machine == "x86_64" else 0xC000003E):
        assert answer(compiled(policy, machine), machine, number, arch=foreign) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_jumps_further_than_an_instruction_can_say_still_arrive(
    answer: Answer, machine: str
) -> None:
    """Two hundred conditions on one call push every shared ending out of an 8-bit jump's reach."""
    rules = tuple(
        LinuxSyscall(
            names=(name,),
            action="SCMP_ACT_ERRNO",
            errno_ret=2 + value % 50,
            args=(LinuxSeccompArg(index=0, value=value << 31, op="SCMP_CMP_EQ"),),
        )
        for name in ("read", "ioctl")
        for value in range(200)
    )
    policy = LinuxSeccomp(default_action="SCMP_ACT_ALLOW", syscalls=rules)
    filter_ = compiled(policy, machine)
    assert len(filter_) > 8 * 1000
    for name in ("read", "ioctl"):
        number = numbers(machine)[name]
        for value in range(200):
            assert answer(filter_, machine, number, (value << 31,)) == 0x50002 + value % 50
        assert answer(filter_, machine, number, (201 << 31,)) == ALLOW


def test_a_policy_too_large_for_the_kernel_is_refused() -> None:
    condition = [LinuxSeccompArg(index=0, value=v, op="SCMP_CMP_EQ") for v in range(1100)]
    rules = tuple(
        LinuxSyscall(names=("read",), action="SCMP_ACT_ALLOW", args=(arg,)) for arg in condition
    )
    with pytest.raises(InvalidSpec, match="4096") as caught:
        compiled(LinuxSeccomp(default_action="SCMP_ACT_ERRNO", syscalls=rules), "x86_64")
    assert caught.value.path == "linux.seccomp"


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        (LinuxSeccomp(default_action="SCMP_ACT_NONE"), "linux.seccomp.defaultAction"),
        (
            LinuxSeccomp(
                default_action="SCMP_ACT_ALLOW",
                syscalls=(LinuxSyscall(names=("read",), action="ERRNO"),),
            ),
            "linux.seccomp.syscalls[0].action",
        ),
        (
            LinuxSeccomp(
                default_action="SCMP_ACT_ALLOW",
                syscalls=(
                    LinuxSyscall(
                        names=("read",),
                        action="SCMP_ACT_ERRNO",
                        args=(LinuxSeccompArg(index=0, value=0, op="=="),),
                    ),
                ),
            ),
            "linux.seccomp.syscalls[0].args[0].op",
        ),
        (
            LinuxSeccomp(
                default_action="SCMP_ACT_ALLOW",
                syscalls=(
                    LinuxSyscall(
                        names=("read",),
                        action="SCMP_ACT_ERRNO",
                        args=(LinuxSeccompArg(index=6, value=0, op="SCMP_CMP_EQ"),),
                    ),
                ),
            ),
            "linux.seccomp.syscalls[0].args[0].index",
        ),
        (
            LinuxSeccomp(default_action="SCMP_ACT_ERRNO", default_errno_ret=5000),
            "linux.seccomp.defaultAction",
        ),
    ],
)
def test_what_no_program_can_express_is_refused_by_its_path(
    policy: LinuxSeccomp, path: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        program(policy, "x86_64")
    assert caught.value.path == path


def test_a_machine_without_a_table_is_not_supported() -> None:
    with pytest.raises(NotSupported, match="riscv64"):
        program(LinuxSeccomp(default_action="SCMP_ACT_ALLOW"), "riscv64")


def test_flags_are_the_kernels_numbers() -> None:
    policy = LinuxSeccomp(
        default_action="SCMP_ACT_ALLOW",
        flags=("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
    )
    assert filter_flags(policy) == 0b110
    with pytest.raises(InvalidSpec) as caught:
        filter_flags(policy.replace(flags=("SECCOMP_FILTER_FLAG_LOG", "FAST")))
    assert caught.value.path == "linux.seccomp.flags[1]"
