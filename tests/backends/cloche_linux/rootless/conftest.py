"""Normal users to run containers as: one with subordinate ids, one without."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from callers.tenant import accounts

from .interpreter import environment, lend
from .person import Person

APPLETS = [
    "cat", "chmod", "chown", "cut", "date", "dd", "df", "echo", "env", "false", "grep",
    "head", "hostname", "id", "ip", "kill", "ln", "ls", "mkdir", "mknod", "mount", "mv",
    "ping", "readlink", "rm", "sed", "seq", "sh", "sleep", "sort", "stat", "stty", "touch",
    "tr", "true", "tty", "umount", "unshare", "wc",
]  # fmt: skip


@pytest.fixture(scope="session")
def lent() -> Iterator[Path]:
    """A directory that everyone may read, as pytest's own are not."""
    place = Path(tempfile.mkdtemp(prefix="cloche-lent-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def busybox(lent: Path) -> str:
    """A root that belongs to nobody's container."""
    root = lent / "root"
    for directory in ("bin", "etc", "root", "tmp"):
        (root / directory).mkdir(parents=True)
    shutil.copyfile("/bin/busybox", root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    for name in APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nann:x:1000:\nstaff:x:50:ann\n")
    return str(root)


@pytest.fixture(scope="session")
def command(lent: Path) -> list[str]:
    return lend(lent / "lib")


def settle(person: Person) -> Person:
    """Give somebody a home."""
    for directory in (person.home, person.home / "run"):
        directory.mkdir(mode=0o700)
        os.chown(directory, person.uid, person.gid)
    return person


@pytest.fixture(scope="session")
def surroundings(lent: Path, busybox: str) -> dict[str, str]:
    return {**environment(lent / "lib"), "ROOTFS": busybox}


@pytest.fixture(scope="session")
def stranger(lent: Path, command: list[str], surroundings: dict[str, str]) -> Person:
    """A number that no file of this machine knows: only itself can be mapped."""
    uid = 2_000_000 + os.getpid()
    return settle(Person(uid, uid, str(uid), lent / str(uid), command, surroundings))


@pytest.fixture(scope="session")
def tenant(lent: Path, command: list[str], surroundings: dict[str, str]) -> Iterator[Person]:
    """A user of this machine, with subordinate ids that newuidmap maps."""
    name, uid = f"cloche{os.getpid()}", 12_000_000 + os.getpid()
    first, count = 100_000_000 + os.getpid() % 50_000 * 65_536, 65_536
    span = f"{first}-{first + count - 1}"
    none = [word for kind in ("UID", "GID") for word in ("-K", f"SUB_{kind}_COUNT=0")]
    accounts("useradd", "--no-create-home", "--user-group", "--uid", str(uid), *none, name)
    try:
        accounts("usermod", "--add-subuids", span, "--add-subgids", span, name)
        gid = pwd.getpwnam(name).pw_gid
        yield settle(Person(uid, gid, name, lent / name, command, surroundings, (first, count)))
    finally:
        accounts("userdel", name)


@pytest.fixture(params=["single map", "ranges"])
def person(request: pytest.FixtureRequest) -> Person:
    """Either of them."""
    found = request.getfixturevalue("stranger" if request.param == "single map" else "tenant")
    assert isinstance(found, Person)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Processes, records, layers, stray files: when a test ends there are none."""
    names = {"person", "stranger", "tenant"} & {*request.fixturenames}
    people = [request.getfixturevalue(name) for name in sorted(names)]
    yield
    assert {person.name: left for person in people if (left := person.leaves())} == {}
