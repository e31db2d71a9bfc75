"""This machine, by the words that ``uname`` has for it."""

from __future__ import annotations

import os
import sys

from cloche.errors import Unavailable

__all__ = ["architecture", "kernel", "machine", "name", "system"]

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

if sys.platform == "win32":
    _MACHINES = {"AMD64": "x86_64", "ARM64": "aarch64"}

    def machine() -> str:
        """Name the processor's kind: ``x86_64``, ``aarch64``."""
        own = os.environ.get("PROCESSOR_ARCHITECTURE", "AMD64")
        return _MACHINES.get(os.environ.get("PROCESSOR_ARCHITEW6432", own).upper(), own.lower())

    def name() -> str:
        """Say what the machine is called."""
        return os.environ.get("COMPUTERNAME", "")

    def kernel() -> str:
        """Say the version of the system: ``10.0.20348``.

        ``GetVersionEx``, and with it ``sys.getwindowsversion``, tells a program what its manifest
        knows of; RtlGetVersion tells the truth.
        """
        import ctypes

        # RTL_OSVERSIONINFOW: its size, four numbers of which the last is the platform, 128 letters.
        info = (ctypes.c_uint32 * 69)(69 * 4)
        if ctypes.WinDLL("ntdll").RtlGetVersion(ctypes.byref(info)):
            raise Unavailable("this Windows does not tell its version")
        return ".".join(map(str, info[1:4]))

    def system() -> str:
        """Name the system as images do."""
        return "windows"

else:

    def machine() -> str:
        """Name the processor's kind: ``x86_64``, ``aarch64``."""
        return os.uname().machine

    def name() -> str:
        """Say what the machine is called."""
        return os.uname().nodename

    def kernel() -> str:
        """Say the version of the kernel: ``6.1.0-18-amd64``."""
        return os.uname().release

    def system() -> str:
        """Name the system as images do."""
        return "linux"


def architecture() -> str:
    """Name the processor's kind as images do: ``amd64``, ``arm64``."""
    return _ARCHITECTURES.get(machine(), machine())
