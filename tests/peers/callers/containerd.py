"""Debian's containerd with a root, a state and a socket of its own, and `ctr` to talk to it."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tarballs.images import layout

from callers.daemon import daemon, until
from callers.runtime import runtime

#: containerd's namespace, which is also the directory of its control groups.
NAMESPACE = "cloche"
#: What no test needs, and what would look around on the machine or write outside of our place.
DISABLED = (
    "io.containerd.grpc.v1.cri",
    "io.containerd.internal.v1.opt",
    *(f"io.containerd.snapshotter.v1.{kind}" for kind in ("aufs", "btrfs", "devmapper", "zfs")),
)


@dataclass(frozen=True)
class Containerd:
    """A running daemon, and the image ``box`` in it."""

    place: Path

    def words(self, *words: str) -> list[str]:
        """`ctr` with these words, for who starts it in his own way."""
        return ["ctr", "--address", str(self.place / "socket"), "--namespace", NAMESPACE, *words]

    def ctr(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `ctr` to its end."""
        return subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60)

    def run(self, *words: str) -> list[str]:
        """The words of `ctr run`, with our program as the runtime."""
        program, root = str(self.place / "cloche-oci"), str(self.place / "runtime")
        own = ("--fifo-dir", str(self.place / "fifo"), "--runc-root", root)
        return ["run", "--runc-binary", program, *own, *words]


@contextmanager
def containerd(place: Path, root: Path) -> Iterator[Containerd]:
    """Start it below ``place``; the image is made of ``root``."""
    runtime(place)
    config, log = place / "config.toml", place / "log"
    config.write_text(_config(place))
    started = Containerd(place)
    with daemon(["containerd", "--config", str(config)], log):
        until(lambda: started.ctr("version").returncode == 0, log)
        imported = started.ctr("image", "import", "--index-name", "box", str(_archive(place, root)))
        assert imported.returncode == 0, imported.stderr
        yield started


def _config(place: Path) -> str:
    disabled = ", ".join(f'"{each}"' for each in DISABLED)
    lines = (
        "version = 2",
        f'root = "{place / "root"}"',
        f'state = "{place / "state"}"',
        f"disabled_plugins = [{disabled}]",
        "[grpc]",
        f'address = "{place / "socket"}"',
    )
    return "\n".join(lines) + "\n"


def _archive(place: Path, root: Path) -> Path:
    """An OCI archive of one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(root, ".")
    image = layout(place / "image", layer.getvalue())
    with tarfile.open(place / "image.tar", "w") as tar:
        tar.add(image, ".")
    return place / "image.tar"
