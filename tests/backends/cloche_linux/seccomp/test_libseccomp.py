"""libseccomp, where it is installed, answers as our programs do and knows the same numbers."""

from __future__ import annotations

import ctypes
import ctypes.util
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloche.defaults import DEFAULT_PROFILE
from cloche.spec import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall
from cloche_linux.seccomp import MACHINES
from cloche_linux.seccomp.compiler import compiled
from cloche_linux.seccomp.tables import numbers

Answer = Callable[..., int]

_FILE = ctypes.util.find_library("seccomp")
pytestmark = pytest.mark.skipif(_FILE is None, reason="libseccomp is not installed")

TOKENS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OPERATORS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]
ALLOW, ENOSYS = 0x7FFF0000, 0x00050026
#: The youngest call that libseccomp 2.5.4, the oldest we compare with, has heard of.
YOUNGEST = 448


class Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    ]


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    loaded = ctypes.CDLL(_FILE)
    loaded.seccomp_init.restype = ctypes.c_void_p
    return loaded


@contextmanager
def context(library: ctypes.CDLL, default: int) -> Iterator[ctypes.c_void_p]:
    made = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(default)))
    try:
        yield made
    finally:
        library.seccomp_release(made)


def theirs(library: ctypes.CDLL, policy: LinuxSeccomp, machine: str) -> bytes:
    """The program that libseccomp makes of a policy of ALLOW rules over an ERRNO default."""
    bad_architecture = 2
    with context(library, 0x50000 + (policy.default_errno_ret or 1)) as made:
        native = TOKENS["x86_64"]
        if machine != "x86_64":
            assert library.seccomp_arch_add(made, TOKENS[machine]) == 0
            assert library.seccomp_arch_remove(made, native) == 0
        assert library.seccomp_attr_set(made, bad_architecture, ctypes.c_uint32(ENOSYS)) == 0
        for rule in policy.syscalls or ():
            add(library, made, rule)
        with tempfile.TemporaryFile() as file:
            assert library.seccomp_export_bpf(made, file.fileno()) == 0
            file.seek(0)
            return file.read()


def add(library: ctypes.CDLL, made: ctypes.c_void_p, rule: LinuxSyscall) -> None:
    result = ALLOW if rule.action == "SCMP_ACT_ALLOW" else 0x50000 + (rule.errno_ret or 1)
    arguments = rule.args or ()
    comparisons = (Comparison * len(arguments))(*map(comparison, arguments))
    for name in rule.names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            code = library.seccomp_rule_add_array(
                made, ctypes.c_uint32(result), number, len(arguments), comparisons
            )
            assert code in (0, -17), (name, code)  # EEXIST: said before


def comparison(argument: LinuxSeccompArg) -> Comparison:
    operator = OPERATORS.index(argument.op.removeprefix("SCMP_CMP_")) + 1
    return Comparison(argument.index, operator, argument.value, argument.value_two or 0)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_of_all_calls_are_the_same(library: ctypes.CDLL, machine: str) -> None:
    resolve = library.seccomp_syscall_resolve_name_arch
    # Two are younger than their numbers.
    younger = {"uretprobe", "uprobe"}
    ours = {name: n for name, n in numbers(machine).items() if n <= YOUNGEST}
    different = {
        name: (number, found)
        for name, number in ours.items()
        if name not in younger and (found := resolve(TOKENS[machine], name.encode())) != number
    }
    assert different == {}


words = st.sampled_from([0, 1, 7, 0xFFFFFFFF, 1 << 32, (1 << 32) + 7]) | st.integers(0, 2**64 - 1)
arguments = st.builds(
    LinuxSeccompArg,
    index=st.integers(0, 5),
    value=words,
    value_two=st.just(0),
    op=st.sampled_from([f"SCMP_CMP_{name}" for name in OPERATORS]),
)
conditional = st.builds(
    LinuxSyscall,
    names=st.sampled_from(["ioctl", "socket", "prctl", "read"]).map(lambda name: (name,)),
    action=st.just("SCMP_ACT_ALLOW"),
    args=st.lists(arguments, max_size=3, unique_by=lambda arg: arg.index).map(tuple),
)
policies = st.builds(
    LinuxSeccomp,
    default_action=st.just("SCMP_ACT_ERRNO"),
    default_errno_ret=st.just(13),
    syscalls=st.lists(conditional, max_size=5).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(policy=policies, data=st.data())
def test_conditions_hold_for_the_same_arguments(
    answer: Answer, library: ctypes.CDLL, policy: LinuxSeccomp, data: st.DataObject
) -> None:
    ours, other = compiled(policy, "x86_64"), theirs(library, policy, "x86_64")
    said = [arg.value for rule in policy.syscalls or () for arg in rule.args or ()]
    near = words | st.sampled_from([0, *said]) | st.sampled_from([1, *said]).map(lambda v: v - 1)
    values = near.map(lambda value: value % 2**64)
    for name in ("ioctl", "socket", "prctl", "read", "write"):
        args = data.draw(st.tuples(*[values] * 6))
        number = numbers("x86_64")[name]
        assert answer(ours, "x86_64", number, args) == answer(other, "x86_64", number, args)


def test_the_default_profile_means_the_same_to_libseccomp(
    answer: Answer, library: ctypes.CDLL
) -> None:
    """Every call, with arguments around every value that the profile names."""
    explicit = DEFAULT_PROFILE.replace(default_errno_ret=1)
    ours, other = compiled(explicit, "x86_64"), theirs(library, explicit, "x86_64")
    said = {arg.value for rule in explicit.syscalls or () for arg in rule.args or ()}
    said |= {arg.value_two or 0 for rule in explicit.syscalls or () for arg in rule.args or ()}
    values = {v for x in [*said, 0x5412, 0x541C, 40] for v in (x, x + 1, x | 1 << 32)} | {0}
    for number in {*range(YOUNGEST)} - {numbers("x86_64")["uretprobe"]}:
        for value in values:
            args = (value, value)
            assert answer(ours, "x86_64", number, args) == answer(other, "x86_64", number, args)
