"""System calls that Python lacks, under their own names."""

from __future__ import annotations

import os

from cloche_linux._native import ffi, lib


def check(result: int, path: str | None = None) -> int:
    """Return what a call returned. Raises OSError, with the path, for a negative errno."""
    if result < 0:
        raise OSError(-result, os.strerror(-result), path)
    return result


def openat2(directory: int, path: str | bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open a path as ``openat2(2)`` does; O_CLOEXEC is added. Raises OSError with the path."""
    raw = os.fsencode(path)
    result = lib.cloche_openat2(directory, raw, flags | os.O_CLOEXEC, mode, resolve)
    return check(result, os.fsdecode(raw))


def detach(path: str) -> None:
    """Take a mount away, even if something uses it or whoever serves it has died.

    Raises OSError: EINVAL for what is no mount.
    """
    check(lib.cloche_detach(os.fsencode(path)), path)


def syncfs(file: int) -> None:
    """Flush the file system that an open file is on. Raises OSError."""
    check(lib.cloche_syncfs(file))


def load_device_program(instructions: bytes) -> int:
    """Load eBPF instructions of type BPF_PROG_TYPE_CGROUP_DEVICE; returns a descriptor.

    Raises OSError: EINVAL or EACCES if the kernel does not verify them.
    """
    text = ffi.from_buffer("unsigned char[]", instructions)
    return check(lib.cloche_bpf_load_device(text, len(instructions)))


def attach_device_program(cgroup: int, program: int) -> None:
    """Attach a device program to a cgroup2 directory, beside those there. Raises OSError."""
    check(lib.cloche_bpf_attach_device(cgroup, program))


def detach_device_program(cgroup: int, program: int) -> None:
    """Detach a device program from a cgroup2 directory. Raises OSError."""
    check(lib.cloche_bpf_detach_device(cgroup, program))
