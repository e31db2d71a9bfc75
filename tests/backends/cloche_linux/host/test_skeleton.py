"""What the root over this machine's system is made of."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloche_linux.host.allowed import EMPTY_DIRECTORIES
from cloche_linux.host.skeleton import skeleton


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A machine's root with listed and unlisted things in it."""
    root = tmp_path / "system"
    (root / "usr/bin").mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    etc = root / "etc"
    (etc / "ssl/certs").mkdir(parents=True)
    (etc / "ssl/private").mkdir()
    (etc / "ssh").mkdir()
    (etc / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (etc / "shadow").write_text("root:secret\n")
    (etc / "ssh/ssh_host_key").write_text("secret\n")
    (etc / "ssl/private/key.pem").write_text("secret\n")
    (etc / "ssl/certs/ca.pem").write_text("certificate\n")
    (etc / "ssl/certs/stray.key").write_text("secret\n")
    (etc / "ssl/certs/stray.key").chmod(0o640)
    (etc / "krb5.keytab").write_text("secret\n")
    (etc / "os-release").symlink_to("../usr/lib/os-release")
    return root


def files(place: Path) -> set[str]:
    return {str(p.relative_to(place)) for p in place.rglob("*") if not p.is_dir() or p.is_symlink()}


def test_only_listed_files_that_everyone_may_read_are_in_it(tmp_path: Path, system: Path) -> None:
    place = Path(skeleton(str(tmp_path / "home"), str(system)))
    assert files(place) == {
        "bin",
        "etc/passwd",
        "etc/ssl/certs/ca.pem",
        "etc/os-release",
        "etc/mtab",
    }
    assert all(b"secret" not in p.read_bytes() for p in place.rglob("*") if p.is_file())


def test_links_stay_links(tmp_path: Path, system: Path) -> None:
    place = skeleton(str(tmp_path / "home"), str(system))
    assert os.readlink(f"{place}/bin") == "usr/bin"
    assert os.readlink(f"{place}/etc/os-release") == "../usr/lib/os-release"


def test_directories_that_programs_expect_are_there_with_their_modes(
    tmp_path: Path, system: Path
) -> None:
    place = skeleton(str(tmp_path / "home"), str(system))
    modes = {n: stat.S_IMODE(os.stat(f"{place}/{n}").st_mode) for n, _ in EMPTY_DIRECTORIES}
    assert modes == dict(EMPTY_DIRECTORIES)


def test_it_is_made_once_and_again_when_a_source_changes(tmp_path: Path, system: Path) -> None:
    home = str(tmp_path / "home")
    first = skeleton(home, str(system))
    assert skeleton(home, str(system)) == first
    (system / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nann:x:1:1::/:/bin/sh\n")
    second = skeleton(home, str(system))
    assert second != first
    assert "ann" in Path(second, "etc/passwd").read_text()


def test_many_may_make_it_at_once(tmp_path: Path, system: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: skeleton(str(home), str(system)), range(8)))
    assert len(places) == 1
    assert [p.name for p in home.iterdir()] == [Path(places.pop()).name]
