"""Whether what is mounted on one side shows on the other: of the root, and of single mounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.oci.conftest import Runtime, mount

from .conftest import Place, shown

MARKS = {"private": frozenset(), "slave": {"master"}, "shared": {"shared"}}
MARKS |= {"unbindable": {"unbindable"}}


@pytest.fixture
def source(tmp_path: Path, place: Place) -> Path:
    """A shared mount with another one in it."""
    source = tmp_path / "source"
    source.mkdir()
    place.do("mount", "-t", "tmpfs", "top", source)
    place.do("mount", "--make-shared", source)
    for name in ("sub", "later"):
        place.do("mkdir", source / name)
    place.do("mount", "-t", "tmpfs", "sub", source / "sub")
    return source


def showing(source: Path, *options: str, root: str | None = None):
    def change(config) -> None:
        config["mounts"].append({**mount("/tmp", "bind", *options), "source": str(source)})
        if root is not None:
            config["linux"]["rootfsPropagation"] = root

    return change


@pytest.mark.parametrize("recursive", ["", "r"], ids=["topmost", "all"])
@pytest.mark.parametrize("kind", MARKS)
def test_a_mount_has_the_propagation_that_is_asked_for(
    oci: Runtime, place, source, kind: str, recursive: str
) -> None:
    said = oci.run("cat", "/proc/self/mountinfo",
                   change=showing(source, "rbind", f"{recursive}{kind}"))  # fmt: skip
    found = {each.point: each.propagation for each in shown(said.out)}
    # What the root makes of all: deaf, unless a mount is to be told of changes.
    usual = {"master"} if kind in {"slave", "shared"} else frozenset[str]()
    wanted = usual | MARKS[kind] if kind in {"slave", "shared"} else MARKS[kind]
    assert found["/tmp"] == wanted, said.err
    assert found["/tmp/sub"] == (wanted if recursive else usual)


@pytest.mark.parametrize(
    ("option", "told"), [("rprivate", False), ("rslave", True), ("rshared", True)]
)
def test_what_the_host_mounts_later_shows_in_what_is_told(
    oci: Runtime, place: Place, source, option: str, told: bool
) -> None:
    oci.create("sleep", "600", change=showing(source, "rbind", option))
    oci("start", "box")
    place.do("mount", "-t", "tmpfs", "later", source / "later")
    said = oci("exec", "box", "cat", "/proc/self/mountinfo")
    assert ("/tmp/later" in {each.point for each in shown(said.out)}) is told


@pytest.mark.parametrize("root", [None, "rslave", "rshared"])
@pytest.mark.parametrize("option", ["rslave", "rshared"])
def test_what_is_mounted_inside_shows_on_the_host_only_if_both_are_shared(
    oci: Runtime, place: Place, source, option: str, root: str | None
) -> None:
    may = {name: ["CAP_SYS_ADMIN"] for name in ("bounding", "effective", "permitted")}

    def change(config) -> None:
        showing(source, "rbind", option, root=root)(config)
        config["process"]["capabilities"] = may

    oci.create("sh", "-c", "mount -t tmpfs inside /tmp/later && sleep 600", change=change)
    before = {each.point for each in place.mounts(source)}
    oci("start", "box")
    oci("exec", "box", "sh", "-c", "until grep /tmp/later /proc/mounts; do sleep 0.05; done")
    told = (option, root) == ("rshared", "rshared")
    assert {each.point for each in place.mounts(source)} - before == ({"/later"} if told else set())


@pytest.mark.parametrize(
    ("wanted", "mark"),
    [(name, mark) for kind, mark in MARKS.items() for name in (kind, f"r{kind}")],
)
def test_the_root_propagates_as_it_is_to(oci: Runtime, wanted: str, mark) -> None:
    def change(config) -> None:
        config["linux"]["rootfsPropagation"] = wanted

    said = oci.run("cat", "/proc/self/mountinfo", change=change)
    (root,) = (each for each in shown(said.out) if each.point == "/")
    assert root.propagation - {"master"} == frozenset(mark) - {"master"}


def test_a_root_that_is_told_shows_what_is_mounted_in_it_later(
    oci: Runtime, place: Place, tmp_path: Path, busybox: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    place.do("mount", "-t", "tmpfs", "root", root)
    place.do("mount", "--make-shared", root)
    place.do("cp", "-a", f"{busybox}/.", root)

    def change(config) -> None:
        config["root"]["path"] = str(root)
        config["linux"]["rootfsPropagation"] = "rslave"

    oci.create("sleep", "600", change=change)
    oci("start", "box")
    place.do("mount", "-t", "tmpfs", "later", root / "tmp")
    said = oci("exec", "box", "cat", "/proc/self/mountinfo")
    assert "/tmp" in {each.point for each in shown(said.out)}
