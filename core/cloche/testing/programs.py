"""The few programs that the suites run, in the words of the container under test."""

from __future__ import annotations

__all__ = ["Args", "Programs"]

Args = tuple[str, ...]


class Programs:
    """Commands of a POSIX shell; override what your containers say otherwise."""

    def writes(self, out: str, err: str = "") -> Args:
        """Write to stdout and stderr, and end with 0."""
        return self._shell('printf %s "$1"; printf %s "$2" >&2', out, err)

    def exits(self, code: int) -> Args:
        """End with ``code``."""
        return self._shell(f"exit {code}")

    def sleeps(self) -> Args:
        """Say ``ready``, then do nothing until a signal ends it."""
        return self._shell("echo ready; exec sleep 600")

    def refuses(self) -> Args:
        """Ignore SIGTERM, say ``ready``, then do nothing until a signal ends it."""
        return self._shell("trap '' TERM; echo ready; while :; do sleep 600; done")

    def copies(self) -> Args:
        """Copy stdin to stdout until its end."""
        return ("cat",)

    def counts(self) -> Args:
        """Write a line of one character about every 10 ms, for ever."""
        return self._shell("while :; do echo x; sleep 0.01; done")

    def floods(self, size: int) -> Args:
        """Write ``size`` bytes (a multiple of 1024) to stdout, and end with 0."""
        return ("dd", "if=/dev/zero", "bs=1024", f"count={size // 1024}")

    def tells_size(self) -> Args:
        """Write the terminal's height and width with a blank between them, for each line read."""
        return self._shell("stty -echo; while stty size && read line; do :; done")

    def missing(self) -> Args:
        """Name a program that does not exist."""
        return ("there-is-no-such-program",)

    def unrunnable(self) -> Args:
        """Name a file that exists and can't be run."""
        return ("/etc/passwd",)

    @staticmethod
    def _shell(script: str, *arguments: str) -> Args:
        return ("sh", "-c", script, "sh", *arguments)
