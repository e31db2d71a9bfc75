"""Bundles and the OCI command line, for tests in the guest and for what they run as a user.

The command line is called in this process: on a machine this slow a new one each time takes longer
than all else.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from cloche_cli.oci import program

BUSYBOX = "/bin/busybox"
KINDS = ("pid", "ipc", "uts", "mount", "cgroup", "network")


def root_directory(place: str) -> str:
    """A root file system of one program."""
    root = Path(place, "rootfs")
    for name in ("bin", "dev", "proc", "sys/fs/cgroup", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    target = root / "bin/busybox"
    if not target.exists():
        target.write_bytes(Path(BUSYBOX).read_bytes())
        target.chmod(0o755)
    return str(root)


def document(place: str, *script: str, **linux: object) -> dict[str, object]:
    """A configuration that runs a script, with further parts of its Linux section."""
    user = os.geteuid()
    spaces = [{"type": kind} for kind in (*KINDS, *(["user"] if user else []))]
    maps = [{"containerID": 0, "hostID": user, "size": 1}]
    config: dict[str, object] = {
        "ociVersion": "1.0.2",
        "process": {
            "args": [BUSYBOX, "sh", "-c", *(script or ("sleep 1000",))],
            "cwd": "/",
            "user": {"uid": 0, "gid": 0},
        },
        "root": {"path": root_directory(place)},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"},
        ],
        "linux": {
            "namespaces": spaces,
            **({"uidMappings": maps, "gidMappings": maps} if user else {}),
            **linux,
        },
    }
    return config


def restrict(config: dict[str, Any]) -> None:
    """Let its processes gain no privileges."""
    config["process"]["noNewPrivileges"] = True


def map_users(config: dict[str, Any]) -> None:
    """Give it a user namespace, in which everybody is who they are outside."""
    maps = [{"containerID": 0, "hostID": 0, "size": 65536}]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"] |= {"uidMappings": maps, "gidMappings": maps}


def bundle(place: str, config: dict[str, object]) -> str:
    """Write a bundle in a directory of its own."""
    directory = tempfile.mkdtemp(dir=place)
    Path(directory, "config.json").write_text(json.dumps(config))
    return directory


def oci(place: str, *words: str, manager: str = "systemd") -> str:
    """Run a line, with systemd as the manager of groups; what it wrote, or its error."""
    told, failed = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(failed):
        code = program.run(["--root", f"{place}/state", "--cgroup-manager", manager, *words])
    if code:
        return failed.getvalue().splitlines()[0].removeprefix("cloche: ")
    sys.stderr.write(failed.getvalue())
    return told.getvalue()


def create(
    place: str, config: dict[str, object], id: str = "one", *, manager: str = "systemd"
) -> int:
    """Make a container that waits; its pid."""
    pid_file, made = f"{place}/pid", bundle(place, config)
    words = ("create", "--bundle", made, "--pid-file", pid_file, id)
    said = oci(place, *words, manager=manager)
    assert said == "", said
    return int(Path(pid_file).read_text())
