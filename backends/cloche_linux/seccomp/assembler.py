"""Classic BPF, assembled from the end: every jump is forward, so its distance is always known."""

from __future__ import annotations

import struct
from enum import IntEnum

__all__ = ["Assembler", "Label", "Test"]

#: The place of an instruction, counted from the end of the program.
Label = int

_LOAD, _AND, _RETURN, _JUMP = 0x20, 0x54, 0x06, 0x05
_REACH = 255


class Test(IntEnum):
    """Comparisons of the accumulator with a constant, unsigned."""

    __test__ = False

    EQUAL = 0x15
    GREATER = 0x25
    AT_LEAST = 0x35


class Assembler:
    """A program that grows towards its beginning.

    Every method places instructions before those already there and gives the label of the first;
    the last label that was given is where the program begins.
    """

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int]] = []
        self._returns: dict[int, Label] = {}

    def __len__(self) -> int:
        return len(self._code)

    def result(self, value: int) -> Label:
        """End with ``value``."""
        if value not in self._returns:
            self._returns[value] = self._place(_RETURN, value)
        return self._returns[value]

    def load(self, offset: int, then: Label) -> Label:
        """Load a word of ``struct seccomp_data`` and go on at ``then``."""
        self._before(then)
        return self._place(_LOAD, offset)

    def mask(self, bits: int, then: Label) -> Label:
        """Keep only some bits of the accumulator and go on at ``then``."""
        self._before(then)
        return self._place(_AND, bits)

    def choose(self, test: Test, constant: int, then: Label, otherwise: Label) -> Label:
        """Go on at ``then`` where the comparison holds, and at ``otherwise`` where it does not."""
        if then == otherwise:
            return then
        then, otherwise = self._near(then), self._near(otherwise)
        here = len(self._code)
        return self._place(test, constant, here - then - 1, here - otherwise - 1)

    def program(self) -> bytes:
        """The finished array of ``struct sock_filter``."""
        layout = struct.Struct("<HBBI")
        return b"".join(
            layout.pack(code, true, false, constant)
            for code, constant, true, false in reversed(self._code)
        )

    def _place(self, code: int, constant: int, true: int = 0, false: int = 0) -> Label:
        self._code.append((code, constant, true, false))
        return len(self._code) - 1

    def _before(self, then: Label) -> None:
        """Make what is placed next run into ``then``."""
        if then != len(self._code) - 1:
            self._hop(then)

    def _near(self, target: Label) -> Label:
        """``target``, or where it is out of reach, something close by that leads there.

        Two are left to spare, for the hop of a jump's other side and the jump itself.
        """
        return target if len(self._code) - target + 1 <= _REACH else self._hop(target)

    def _hop(self, target: Label) -> Label:
        code, constant, _, _ = self._code[target]
        if code == _RETURN:
            self._returns[constant] = self._place(_RETURN, constant)
            return self._returns[constant]
        return self._place(_JUMP, len(self._code) - target - 1)
