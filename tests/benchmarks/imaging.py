"""Images: how long until one is unpacked, from an archive and from a registry, and what it costs
a container to be made of one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from contenders import Contender, race
from figures import Table, Verdict, row, verdict
from material import NAME, make_image
from running import embedded

import cloche

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["image", "pull", "unpack"]

sys.path.append(str(Path(__file__).parents[1] / "peers"))

#: Seconds each: a hundred rounds would take an hour.
_ROUNDS = 10
_ALIKE = "300 MB in five layers of gzip; goals are for a file system in memory: --folder /dev/shm"


def unpack(setting: Setting) -> Table:
    """From an OCI archive to layers that containers can be made of."""
    folder = setting.place.folder
    layout, archive = make_image(folder, tiny=setting.tiny)
    params = {"state": str(setting.place.state), "archive": str(archive)}
    ours = Contender(name="Images.load", setup="imaged:loads", params=params, confined=False)
    peers = [_podman(folder, "podman load", "load", "--input", str(archive))]
    peers += [_umoci(folder, layout)] if shutil.which("umoci") else []
    times = race([ours, *peers], _fewer(setting))
    return Table(
        title="unpack: an image of an archive, unpacked, digests compared",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, ours.name, "podman load", 0.45),
            *verdict(times, ours.name, "umoci unpack", 0.65),
        ],
        notes=[
            _ALIKE,
            "we compare both digests of each layer, podman and umoci, too",
            "umoci reads the layout, and copies no blobs: this favours it",
        ],
    )


def pull(setting: Setting) -> Table:
    """From a registry on loopback to layers that containers can be made of."""
    from registries.server import DockerRegistry

    folder = setting.place.folder
    layout, _ = make_image(folder, tiny=setting.tiny)
    with DockerRegistry(folder / "registry") as registry:
        reference = f"{registry.host}/bench:1"
        target = ["--dest-tls-verify=false", f"docker://{reference}"]
        source = f"oci:{layout}:{NAME}"
        subprocess.run(["skopeo", "copy", source, *target], check=True, capture_output=True)
        params = {"state": str(setting.place.state), "reference": reference}
        ours = Contender(name="Images.pull", setup="imaged:pulls", params=params, confined=False)
        theirs = _podman(folder, "podman pull", "pull", "--tls-verify=false", reference)
        times = race([ours, theirs], _fewer(setting))
    return Table(
        title="pull: an image of a registry on loopback, unpacked",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=verdict(times, ours.name, theirs.name, 0.5),
        notes=[_ALIKE],
    )


def image(setting: Setting) -> Table:
    """``true`` in a container of an image that is here, and of a directory with the same files."""
    with cloche.Engine(root=setting.place.state) as engine:
        engine.images.import_(setting.place.rootfs, "bench")
    named = {"image": "bench", "pull": "never"}
    ours = embedded(setting, "of an image", options=named)
    other = embedded(setting, "of a directory")
    times = race([ours, other], setting)
    turns = zip(times[ours.name]["total"].values, times[other.name]["total"].values, strict=True)
    added = median(one - another for one, another in turns)
    return Table(
        title="image: `true` in a container of an image that is here",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[Verdict(name="the image adds", value=added * 1000, bound=2, unit="ms")],
    )


def _fewer(setting: Setting) -> Setting:
    return replace(setting, rounds=min(setting.rounds, _ROUNDS))


def _podman(folder: Path, name: str, *words: str) -> Contender:
    """Podman with a store of its own; all that it keeps is taken away before each turn."""
    home = folder / "podman"
    places = {"root": home / "s", "runroot": home / "r", "tmpdir": home / "t"}
    (home / "files").mkdir(parents=True, exist_ok=True)
    (home / "containers.conf").write_text('[engine]\nlock_type = "file"\n')
    own = [f"--{option}={place}" for option, place in places.items()]
    command = ["podman", *own, "--storage-driver=overlay"]
    environment = {
        "CONTAINERS_CONF": str(home / "containers.conf"),
        "TMPDIR": str(home / "files"),
        "XDG_RUNTIME_DIR": str(home),
    }
    params = {
        "command": [*command, *words],
        "before": [*command, "rmi", "--all", "--force"],
        "environment": environment,
    }
    return Contender(name=name, setup="imaged:commands", params=params, confined=False)


def _umoci(folder: Path, layout: Path) -> Contender:
    bundle = str(folder / "bundle")
    params = {
        "command": ["umoci", "unpack", "--image", f"{layout}:{NAME}", bundle],
        "before": ["rm", "-rf", bundle],
        "environment": {},
    }
    return Contender(name="umoci unpack", setup="imaged:commands", params=params, confined=False)
