"""Device rules as a BPF program, for cgroup v2 has no files for them.

The kernel runs the program at each ``open`` and ``mknod`` of a device, with a context of three
32-bit words: access and type, major, minor (``struct bpf_cgroup_dev_ctx`` of linux/bpf.h); it
returns 1 to allow. Source of the encoding: the kernel's bpf/standardization/instruction-set.rst.
"""

from __future__ import annotations

import struct

from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_linux.cgroups.devices import Access, Device

__all__ = ["Programs", "program"]


class Programs(Value, kw_only=True):
    """The system calls that take a program to its group (bpf(2)); OSError as the kernel says."""

    #: Load instructions as a BPF_PROG_TYPE_CGROUP_DEVICE; returns a descriptor.
    load: Callable[[bytes], int]
    #: Attach to the group of the first descriptor the program of the second (BPF_CGROUP_DEVICE).
    attach: Callable[[int, int], None]


_ACCESS = {"m": 1, "r": 2, "w": 4}
_TYPE = {"b": 1, "c": 2}
_EVERY = 7

# Registers: the context comes in 1, the answer goes out in 0.
_ANSWER, _CONTEXT, _KIND, _WANTED, _MAJOR, _MINOR = range(6)
_SCRATCH = _CONTEXT

_LOAD, _COPY, _SET, _AND, _SHIFT = 0x61, 0xBC, 0xB7, 0x54, 0x74
_IF_EQUAL, _IF_DIFFERENT, _EXIT = 0x15, 0x55, 0x95


def program(access: Access) -> bytes:
    """Assemble the program that decides as ``access`` says."""
    start = (
        _step(_LOAD, _KIND, _CONTEXT, offset=0)
        + _step(_COPY, _WANTED, _KIND)
        + _step(_AND, _KIND, value=0xFFFF)
        + _step(_SHIFT, _WANTED, value=16)
        + _step(_LOAD, _MAJOR, _CONTEXT, offset=4)
        + _step(_LOAD, _MINOR, _CONTEXT, offset=8)
    )
    exceptions = (
        _exception(device, sum(_ACCESS[letter] for letter in letters), not access.allowed)
        for device, letters in access.exceptions.items()
    )
    return start + b"".join(exceptions) + _answer(access.allowed)


def _exception(device: Device, letters: int, allow: bool) -> bytes:
    """Decide for one device, or go on behind these steps.

    What is allowed must cover all that is wanted; what is denied need only touch it.
    """
    body = _step(_COPY, _SCRATCH, _WANTED) + _step(
        _AND, _SCRATCH, value=_EVERY & ~letters if allow else letters
    )
    body += _leave(_IF_DIFFERENT if allow else _IF_EQUAL, _SCRATCH, 0, _answer(allow))
    kind, major, minor = device
    for register, number in ((_MINOR, minor), (_MAJOR, major), (_KIND, _TYPE[kind])):
        if number is not None:
            body = _leave(_IF_DIFFERENT, register, number, body)
    return body


def _leave(condition: int, register: int, value: int, body: bytes) -> bytes:
    return _step(condition, register, offset=len(body) // 8, value=value) + body


def _answer(allow: bool) -> bytes:
    return _step(_SET, _ANSWER, value=int(allow)) + _step(_EXIT)


def _step(code: int, to: int = 0, source: int = 0, *, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("=BBhi", code, source << 4 | to, offset, value)
