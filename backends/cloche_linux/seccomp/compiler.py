"""From decisions to instructions: architecture first, then the number, then the arguments.

Numbers are found by binary search over runs of calls that share a decision.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

from .assembler import Assembler, Label, Test
from .rules import ENOSYS, Alternative, Condition, Decision, Policy, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloche.spec import LinuxSeccomp

__all__ = ["compiled"]

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_MOST_INSTRUCTIONS = 4096
_X32 = 0x40000000
#: AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64.
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def compiled(seccomp: LinuxSeccomp, machine: str) -> bytes:
    """The program for ``seccomp``; both machines are little-endian, and so is it."""
    code = Assembler()
    _whole(code, resolve(seccomp, machine), machine)
    if len(code) > _MOST_INSTRUCTIONS:
        raise InvalidSpec(
            f"linux.seccomp: {len(code)} instructions, the kernel takes {_MOST_INSTRUCTIONS}",
            path="linux.seccomp",
        )
    return code.program()


def _whole(code: Assembler, policy: Policy, machine: str) -> Label:
    start = _search(code, _runs(policy))
    if policy.last_known is not None:
        start = code.choose(Test.GREATER, policy.last_known, code.result(ENOSYS), start)
    if machine == "x86_64":
        start = code.choose(Test.AT_LEAST, _X32, code.result(ENOSYS), start)
    start = code.load(_NUMBER, start)
    native = _ARCHITECTURES[machine]
    start = code.choose(Test.EQUAL, native, start, code.result(ENOSYS))
    return code.load(_ARCHITECTURE, start)


def _runs(policy: Policy) -> list[tuple[int, Decision]]:
    """The first number of each run of calls that share a decision; a run ends where one begins."""
    default = Decision((), policy.default)
    past_all = max(policy.decisions, default=-1) + 1
    decided = ((n, policy.decisions.get(n, default)) for n in range(past_all))
    runs = [(next(run)[0], same) for same, run in groupby(decided, key=lambda pair: pair[1])]
    return [*runs, (past_all, default)]


def _search(code: Assembler, runs: Sequence[tuple[int, Decision]]) -> Label:
    if len(runs) == 1:
        return _decision(code, runs[0][1])
    middle = len(runs) // 2
    upper = _search(code, runs[middle:])
    lower = _search(code, runs[:middle])
    return code.choose(Test.AT_LEAST, runs[middle][0], upper, lower)


def _decision(code: Assembler, decision: Decision) -> Label:
    label = code.result(decision.otherwise)
    for alternative in reversed(list(_joined(decision.alternatives))):
        met = code.result(alternative.result)
        for condition in reversed(alternative.conditions):
            met = _condition(code, condition, met, label)
        label = met
    return label


def _condition(code: Assembler, wanted: Condition, met: Label, unmet: Label) -> Label:
    if wanted.negated:
        met, unmet = unmet, met
    low = _ARGUMENTS + 8 * wanted.argument
    high = low + 4
    value_low, value_high = wanted.value & 0xFFFFFFFF, wanted.value >> 32
    if wanted.test is Test.EQUAL:
        if wanted.value & ~wanted.mask:
            return unmet
        met = _masked(code, low, wanted.mask & 0xFFFFFFFF, value_low, met, unmet)
        return _masked(code, high, wanted.mask >> 32, value_high, met, unmet)
    decided_low = code.load(low, code.choose(wanted.test, value_low, met, unmet))
    tied = code.choose(Test.EQUAL, value_high, decided_low, unmet)
    return code.load(high, code.choose(Test.GREATER, value_high, met, tied))


def _masked(code: Assembler, offset: int, mask: int, value: int, met: Label, unmet: Label) -> Label:
    """Compare one half of an argument; a half that is masked away is not even loaded."""
    if not mask:
        return met
    label = code.choose(Test.EQUAL, value, met, unmet)
    if mask != 0xFFFFFFFF:
        label = code.mask(mask, label)
    return code.load(offset, label)


def _joined(alternatives: Sequence[Alternative]) -> Iterator[Alternative]:
    """The same alternatives, those that ask for one bit each joined into a single comparison.

    "This bit is so, or that bit is so" is "not all of these bits are the other way round", which is
    how the default policy says that an argument is none of certain numbers.
    """
    for key, group in groupby(alternatives, key=_one_bit):
        same = list(group)
        bits = {alternative.conditions[0].mask for alternative in same}
        if key is None or len(bits) < len(same):
            yield from same
        else:
            argument, result = key
            mask = sum(bits)
            value = mask & ~sum(alternative.conditions[0].value for alternative in same)
            yield Alternative((Condition(argument, Test.EQUAL, value, mask, negated=True),), result)


def _one_bit(alternative: Alternative) -> tuple[int, int] | None:
    """Argument and result, if one bit of one argument is all that the alternative asks for."""
    if len(alternative.conditions) != 1:
        return None
    argument, test, value, mask, negated = alternative.conditions[0]
    single = test is Test.EQUAL and not negated and mask.bit_count() == 1 and value in (0, mask)
    return (argument, alternative.result) if single else None
