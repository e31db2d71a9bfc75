"""Classic BPF as the kernel runs it, in Python: what a program answers is read off, not assumed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest

Answer = Callable[..., int]

_LOAD, _AND, _RETURN, _JUMP = 0x20, 0x54, 0x06, 0x05
_TESTS: dict[int, Callable[[int, int], bool]] = {
    0x15: int.__eq__,
    0x25: int.__gt__,
    0x35: int.__ge__,
}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def interpret(program: bytes, data: bytes) -> int:
    """Run a filter over a ``struct seccomp_data``; anything the kernel would refuse fails."""
    code = list(struct.iter_unpack("<HBBI", program))
    assert 0 < len(code) <= 4096
    accumulator, at = 0, 0
    while True:
        operation, true, false, constant = code[at]
        at += 1
        if operation == _RETURN:
            return int(constant)
        if operation == _LOAD:
            assert constant % 4 == 0
            (accumulator,) = struct.unpack_from("<I", data, constant)
        elif operation == _AND:
            accumulator &= constant
        elif operation == _JUMP:
            at += constant
        else:
            at += true if _TESTS[operation](accumulator, constant) else false


def _answer(
    program: bytes, machine: str, number: int, args: Sequence[int] = (), arch: int | None = None
) -> int:
    words = [*args, *[0] * (6 - len(args))]
    native = ARCHITECTURES[machine] if arch is None else arch
    return interpret(program, struct.pack("<IIQ6Q", number, native, 0x401000, *words))


@pytest.fixture(scope="session")
def answer() -> Answer:
    """What a program answers to one call: ``answer(program, machine, number, args, arch)``."""
    return _answer
