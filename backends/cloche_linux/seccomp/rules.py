"""A policy as decisions by system call number, with everything named turned into numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from cloche.errors import InvalidSpec

from .assembler import Test
from .tables import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.spec import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

__all__ = ["ENOSYS", "Alternative", "Condition", "Decision", "Policy", "resolve"]

_EPERM, _ENOSYS, _MAX_ERRNO = 1, 38, 4095
_ALL_BITS = 2**64 - 1


class Result(IntEnum):
    """What seccomp(2) lets a filter answer; the low half carries the errno or message."""

    KILL_PROCESS = 0x80000000
    KILL_THREAD = 0x00000000
    TRAP = 0x00030000
    ERRNO = 0x00050000
    NOTIFY = 0x7FC00000
    TRACE = 0x7FF00000
    LOG = 0x7FFC0000
    ALLOW = 0x7FFF0000


ENOSYS = Result.ERRNO | _ENOSYS

_RESULTS = {f"SCMP_ACT_{result.name}": result for result in Result}
_RESULTS["SCMP_ACT_KILL"] = Result.KILL_THREAD
_WITH_NUMBER = (Result.ERRNO, Result.TRACE)
_PERMISSIVE = (Result.ALLOW, Result.LOG, Result.TRACE, Result.NOTIFY)

#: Comparison, and whether its opposite is meant.
_OPERATORS = {
    "SCMP_CMP_EQ": (Test.EQUAL, False),
    "SCMP_CMP_NE": (Test.EQUAL, True),
    "SCMP_CMP_GT": (Test.GREATER, False),
    "SCMP_CMP_LE": (Test.GREATER, True),
    "SCMP_CMP_GE": (Test.AT_LEAST, False),
    "SCMP_CMP_LT": (Test.AT_LEAST, True),
}


class Condition(NamedTuple):
    """``(argument & mask) <test> value``, or with ``negated`` the opposite of that."""

    argument: int
    test: Test
    value: int
    mask: int = _ALL_BITS
    negated: bool = False


class Alternative(NamedTuple):
    """The result where all conditions hold."""

    conditions: tuple[Condition, ...]
    result: int


class Decision(NamedTuple):
    """The result of the first alternative that applies, or of none."""

    alternatives: tuple[Alternative, ...]
    otherwise: int


class Policy(NamedTuple):
    """Decisions by number; the default for all other calls; and the last number that is known."""

    decisions: Mapping[int, Decision]
    default: int
    last_known: int | None


def resolve(seccomp: LinuxSeccomp, machine: str) -> Policy:
    """The policy in numbers.

    A rule without conditions decides about its calls, whatever other rules say of them; of several
    rules that apply the first one counts. A rule that repeats the default action says nothing.
    These are libseccomp's answers to what the runtime-spec leaves open. Conditions of a rule must
    hold together, but if it asks twice about one argument, any of them is enough: so runc and crun
    read it, and policies are written for them.
    """
    default = _result(seccomp.default_action, seccomp.default_errno_ret, "defaultAction")
    table, always = numbers(machine), dict[int, int]()
    sometimes: dict[int, list[Alternative]] = {}
    named: set[int] = set()
    for position, rule in enumerate(seccomp.syscalls or ()):
        result, alternatives = _rule(rule, f"syscalls[{position}]")
        calls = [table[name] for name in rule.names if name in table]
        named.update(calls)
        for call in calls if result != default else ():
            if alternatives:
                sometimes.setdefault(call, []).extend(alternatives)
            else:
                always.setdefault(call, result)
    decisions = {call: Decision((), result) for call, result in always.items()}
    for call, known in sometimes.items():
        decisions.setdefault(call, Decision(tuple(known), default))
    return Policy(decisions, default, _last_known(seccomp, default, named))


def _last_known(seccomp: LinuxSeccomp, default: int, named: set[int]) -> int | None:
    """The youngest call that the policy knows of; None where younger ones get the default.

    This is runc's rule: who wrote down no errno did not mean EPERM for calls that did not exist
    yet, and a C library that is told ENOSYS does without them.
    """
    if seccomp.default_errno_ret is not None or default & ~0xFFFF in _PERMISSIVE:
        return None
    return max(named, default=None)


def _rule(rule: LinuxSyscall, path: str) -> tuple[int, list[Alternative]]:
    result = _result(rule.action, rule.errno_ret, f"{path}.action")
    arguments = enumerate(rule.args or ())
    conditions = tuple(_condition(arg, f"{path}.args[{n}]") for n, arg in arguments)
    if len({each.argument for each in conditions}) < len(conditions):
        return result, [Alternative((each,), result) for each in conditions]
    return result, [Alternative(conditions, result)] if conditions else []


def _result(action: str, number: int | None, path: str) -> int:
    result = _RESULTS.get(action)
    if result is None:
        raise _invalid(path, f"no such action: {action}")
    if result not in _WITH_NUMBER:
        return int(result)
    if number is not None and number > _MAX_ERRNO:
        raise _invalid(path, f"no such errno: {number}")
    return result | (_EPERM if number is None else number)


def _condition(argument: LinuxSeccompArg, path: str) -> Condition:
    if argument.index > 5:
        raise _invalid(f"{path}.index", "a system call has six arguments, counted from 0")
    if argument.op == "SCMP_CMP_MASKED_EQ":
        wanted = argument.value_two or 0
        return Condition(argument.index, Test.EQUAL, wanted, argument.value)
    if argument.op not in _OPERATORS:
        raise _invalid(f"{path}.op", f"no such comparison: {argument.op}")
    test, negated = _OPERATORS[argument.op]
    return Condition(argument.index, test, argument.value, negated=negated)


def _invalid(where: str, what: str) -> InvalidSpec:
    path = f"linux.seccomp.{where}"
    return InvalidSpec(f"{path}: {what}", path=path)
