"""Over this machine's own root a container sees the listed system, and nothing else."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloche

UNLISTED = [
    "/root",
    "/home",
    "/etc/ssh",
    "/etc/sudoers.d",
    "/etc/cron.d",
    "/etc/ssl/private",
    "/etc/security",
    "/etc/apt/auth.conf.d",
    "/etc/docker",
    "/etc",
    "/var/lib",
    "/var/log",
    "/var/spool/cron",
    "/var/backups",
    "/var/tmp",
    "/opt",
    "/srv",
    "/mnt",
    "/boot",
    "/run",
    "/tmp",
    "/",
]
SECRETS = ["/etc/shadow", "/etc/gshadow", "/etc/machine-id", "/etc/fstab"]


@pytest.fixture
def canaries() -> Iterator[list[str]]:
    """Files that everyone may read, in places that no container is meant to see."""
    name = f"cloche-canary-{uuid.uuid4().hex}"
    made: list[Path] = []
    files = [Path(place, name) for place in UNLISTED]
    try:
        for file in files:
            for parent in reversed([p for p in file.parents if not p.exists()]):
                parent.mkdir()
                made.append(parent)
            file.write_text("canary")
            file.chmod(0o644)
            made.append(file)
        yield [str(file) for file in files]
    finally:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()


def read_all(paths: list[str]) -> list[str]:
    return ["/bin/sh", "-c", 'for f; do cat "$f" >/dev/null; done', "sh", *paths]


@pytest.mark.parametrize("user", ["0", "1000"])
def test_canaries_in_unlisted_places_are_not_there(
    engine: cloche.Engine, canaries: list[str], user: str
) -> None:
    paths = canaries + SECRETS
    done = engine.run(read_all(paths), capture_output=True, text=True, user=user)
    assert done.stderr is not None
    lines = done.stderr.splitlines()
    assert len(lines) == len(paths)
    hidden = dict.fromkeys(paths, "No such file or directory")
    if user != "0":
        hidden[canaries[0]] = "Permission denied"  # the container's own, empty /root
    assert dict(line.removeprefix("cat: ").rsplit(": ", 1) for line in lines) == hidden
    control = subprocess.run(read_all(canaries + SECRETS[:2]), capture_output=True, text=True)
    assert control.stderr == ""


def test_the_system_is_there(engine: cloche.Engine) -> None:
    script = "ls /usr/bin/env /bin/sh /etc/passwd /etc/os-release /lib && date"
    done = engine.run(["sh", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_written_is_gone_afterwards(engine: cloche.Engine) -> None:
    name = f"cloche-{uuid.uuid4().hex}"
    places = ["/usr", "/etc", "/tmp", "/root", "/usr/local/bin", "/var/lib"]
    script = "; ".join(f"echo x > {place}/{name} || exit 1" for place in places)
    assert engine.run(["sh", "-c", script]).returncode == 0
    assert [p for p in places if os.path.exists(f"{p}/{name}")] == []
    again = engine.run(["sh", "-c", f"ls -d */{name} */*/{name}"], workdir="/", capture_output=True)
    assert again.stdout == b""


def test_changing_a_file_of_the_system_does_not_change_it(engine: cloche.Engine) -> None:
    mode = os.stat("/usr/bin/env").st_mode
    script = "echo evil >> /etc/passwd && chmod 777 /usr/bin/env && rm /usr/bin/perl"
    assert engine.run(["sh", "-c", script]).returncode == 0
    # Other tests make users meanwhile, so that the file is not as it was.
    assert "evil" not in Path("/etc/passwd").read_text().splitlines()
    assert os.stat("/usr/bin/env").st_mode == mode
    assert os.path.exists("/usr/bin/perl")


def test_what_the_user_names_is_there_too(engine: cloche.Engine, tmp_path: Path) -> None:
    (tmp_path / "named").write_text("named")
    mount = cloche.Mount.bind(str(tmp_path), "/data", read_only=True)
    done = engine.run(["cat", "/data/named"], mounts=[mount], capture_output=True)
    assert done.stdout == b"named"
    denied = engine.run(
        ["sh", "-c", "echo > /data/named"], mounts=[mount], capture_output=True, text=True
    )
    assert denied.stderr is not None
    assert "Read-only file system" in denied.stderr
    free = engine.run(
        ["sh", "-c", "echo > /data/named"], mounts=[cloche.Mount.bind(str(tmp_path), "/data")]
    )
    assert free.returncode == 0


def test_changes_may_be_limited(engine: cloche.Engine) -> None:
    fill = ["dd", "if=/dev/zero", "of=/usr/full", "bs=1M", "count=8"]
    done = engine.run(fill, storage_size="4M", capture_output=True, text=True)
    assert done.stderr is not None
    assert "No space left on device" in done.stderr
    assert engine.run(fill, storage_size="16M", capture_output=True).returncode == 0
