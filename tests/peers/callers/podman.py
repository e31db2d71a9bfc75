"""Debian's podman with a storage of its own, root's or a normal user's, and ours as its runtime."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callers.runtime import runtime
from callers.tenant import interpreter

#: Limits that any machine's root may give; no log of events, and no locks that outlive the place.
_SETTINGS = """
[containers]
default_ulimits = ["nofile=1000:2000", "nproc=5000:5000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime_supports_json = ["cloche-oci"]
runtime_supports_nocgroup = ["cloche-oci"]
[network]
network_config_dir = "{place}/networks"
"""


@dataclass(frozen=True)
class Podman:
    """Whose it is, and where: ``podman("run", …)`` runs it to its end."""

    place: Path
    program: str
    #: A normal user's id; None is root.
    user: int | None = None
    before: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def words(self, *words: str) -> list[str]:
        """`podman` with these words, for who starts it in his own way."""
        places = {"root": "root", "runroot": "run", "tmpdir": "tmp"}
        own = [f"--{option}={self.place / name}" for option, name in places.items()]
        fixed = ("--storage-driver=vfs", f"--runtime={self.program}")
        return [*self.before, *self._as_user(), "podman", *own, *fixed, *words]

    def _as_user(self) -> list[str]:
        if self.user is None:
            return []
        group = pwd.getpwuid(self.user).pw_gid
        return ["setpriv", f"--reuid={self.user}", f"--regid={group}", "--clear-groups"]

    def __call__(self, *words: str, input: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(*words),
            input=input, capture_output=True, text=True, timeout=120,
            cwd="/", env=self.environment,
        )  # fmt: skip

    def run(self, *words: str, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run a container of ``box``, or another image, that is taken away, without a network."""
        return self("run", "--rm", "--network=none", *words, input=input)

    def background(self, *words: str) -> str:
        """Run a container of ``box`` in the background; its name."""
        started = self("run", "--detach", "--network=none", *words)
        assert started.returncode == 0, started.stderr
        return started.stdout.strip()

    def inspect(self, name: str, what: str) -> str:
        """One thing that is known of a container."""
        return self("inspect", "--format", f"{{{{.{what}}}}}", name).stdout.strip()


def podman(
    place: Path, image: Path, *, user: int | None = None, before: Sequence[str] = ()
) -> Podman:
    """Set it up below ``place``, with ``image`` as ``box``; ``before`` are words that start it."""
    environment = {**os.environ, "CONTAINERS_CONF": str(place / "containers.conf")}
    if user is not None:
        environment |= {"HOME": str(place / "home"), "XDG_RUNTIME_DIR": str(place / "xdg")}
    (place / "containers.conf").write_text(_SETTINGS.format(place=place))
    for name in ("home", "xdg"):
        (place / name).mkdir(mode=0o700)
    archive = shutil.make_archive(str(place / "image"), "tar", image)
    python = sys.executable if user is None else interpreter()
    assert python is not None, "there is no Python that normal users can run (Debian: python3)"
    made = Podman(place, str(runtime(place, python)), user, before, environment)
    if user is not None:
        for each in (place, *place.iterdir()):
            os.chown(each, user, -1)
    imported = made("import", archive, "box")
    assert imported.returncode == 0, imported.stderr
    return made


def remove(made: Podman) -> None:
    """Take away all that it has made, and the process that keeps a user's namespace."""
    made("pod", "rm", "--all", "--force", "--time=0")
    made("rm", "--all", "--force", "--time=0")
    made("rmi", "--all", "--force")
    if made.user is not None:
        # What its containers' users own is theirs, and goes only by the hand of its root.
        made("unshare", "rm", "-rf", str(made.place / "root"))
        made("system", "migrate")
