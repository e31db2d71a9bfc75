"""Mount namespaces to run a program in, which go when nobody holds them any more."""

from __future__ import annotations

import subprocess

#: As this machine is.
PLAIN = ":"
#: Without the hierarchy of version 2 beside that of version 1, where crun runs nothing.
WITHOUT_UNIFIED = "if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi"
#: The hierarchy of version 2 alone, with the controllers that version 1 has left to it.
UNIFIED_ALONE = "mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup"


class Room:
    """A mount namespace, whose mounts nobody else sees."""

    def __init__(self, script: str = PLAIN) -> None:
        # Ends with its input, so that it outlives no test run, however that ends.
        words = ["sh", "-ec", f"{script}\necho\nexec cat > /dev/null"]
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.read(1) == b"\n", "the room could not be made"

    @property
    def path(self) -> str:
        """The file of its namespace."""
        return f"/proc/{self._holder.pid}/ns/mnt"

    @property
    def way_in(self) -> list[str]:
        """What to put before a command that is to run in it."""
        return ["nsenter", f"--mount={self.path}", "--"]

    def close(self) -> None:
        self._holder.communicate()
