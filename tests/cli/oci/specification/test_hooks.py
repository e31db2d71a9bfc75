"""Hooks: each kind at its moment, in its namespaces, in order, with the state as its input."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.cli.oci.test_lifecycle import has_ended

from .changes import Change, bound, every, mounted

#: In the order of a container's life.
KINDS = (
    *("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"),
)
OF_THE_RUNTIME = ("prestart", "createRuntime", "poststart", "poststop")
#: Where the notes are for programs of the container.
NOTES = "/tmp/notes"


class Notes(NamedTuple):
    """What hooks wrote down."""

    place: Path

    def hook(self, kind: str, *more: str, number: int = 1) -> dict[str, Any]:
        """A hook that notes its moment, its input and what else the lines of ``more`` say."""
        at = NOTES if kind == "startContainer" else str(self.place)
        name = f"{kind}-{number}"
        lines = (f"echo {name} >> {at}/order", f"cat > {at}/{name}", *more)
        script = "\n".join(line.replace("NOTE", f"{at}/{name}") for line in lines)
        shell = "/bin/sh" if kind == "startContainer" else "/bin/busybox"
        args = ["sh", "-ec", script]
        return {"path": shell, "args": args, "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}

    def order(self) -> list[str]:
        return (self.place / "order").read_text().split()

    def state(self, kind: str, number: int = 1) -> dict[str, Any]:
        return json.loads(self.read(kind, number=number))

    def read(self, kind: str, end: str = "", number: int = 1) -> str:
        return (self.place / f"{kind}-{number}{end}").read_text().strip()


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    (tmp_path / "notes").mkdir()
    return Notes(tmp_path / "notes")


def hooked(notes: Notes, *more: str, count: int = 1, kinds: tuple[str, ...] = KINDS) -> Change:
    """Have hooks of some kinds, which can write their notes wherever they run."""
    hooks = {
        kind: [notes.hook(kind, *more, number=number + 1) for number in range(count)]
        for kind in kinds
    }

    def change(config: dict[str, Any]) -> None:
        config["hooks"] = hooks

    return every(mounted(bound(notes.place, NOTES, "rbind")), change)


def live(runtime, change: Change) -> int:
    """Lead a container from its making to its end."""
    pid = runtime.create("sleep", "600", change=change)
    for words in (("start", "box"), ("kill", "box", "KILL")):
        assert runtime(*words).code == 0
    runtime.until("stopped")
    assert runtime("delete", "box").code == 0
    return pid


def test_every_kind_of_hook_is_called_in_the_order_of_a_life(runtime, notes) -> None:
    live(runtime, hooked(notes, count=2))
    assert notes.order() == [f"{kind}-{number}" for kind in KINDS for number in (1, 2)]


def test_each_operation_calls_its_hooks_before_it_returns(runtime, notes) -> None:
    runtime.create("sleep", "600", change=hooked(notes))
    assert notes.order() == ["prestart-1", "createRuntime-1", "createContainer-1"]
    assert runtime("start", "box").code == 0
    assert notes.order()[3:] == ["startContainer-1", "poststart-1"]
    assert runtime("kill", "box", "KILL").code == 0
    runtime.until("stopped")
    assert notes.order()[5:] == []
    assert runtime("delete", "box").code == 0
    assert notes.order()[5:] == ["poststop-1"]


def test_each_hook_is_told_the_state(runtime, notes) -> None:
    pid = live(runtime, hooked(notes))
    states = {kind: notes.state(kind) for kind in KINDS}
    assert {each["id"] for each in states.values()} == {"box"}
    assert {each["bundle"] for each in states.values()} == {str(runtime.place / "bundle-0")}
    assert all(type(each["ociVersion"]) is str for each in states.values())
    assert [states[kind]["pid"] for kind in ("prestart", "createRuntime", "poststart")] == [pid] * 3
    assert [states[kind]["pid"] for kind in ("createContainer", "startContainer")] == [1, 1]
    assert states["createRuntime"]["status"] == "creating"
    assert states["poststart"]["status"] == "running"
    assert states["poststop"]["status"] == "stopped"


def test_hooks_run_in_the_namespaces_that_are_theirs(runtime, notes) -> None:
    kinds = ("mnt", "pid", "net", "uts", "ipc")
    look = "for each in " + " ".join(kinds) + "; do readlink /proc/self/ns/$each; done > NOTE.ns"
    pid = runtime.create("sleep", "600", change=hooked(notes, look))
    own = [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds]
    assert runtime("start", "box").code == 0
    assert runtime("kill", "box", "KILL").code == 0
    runtime.until("stopped")
    assert runtime("delete", "box").code == 0
    host = runtime.aside("readlink", *(f"/proc/self/ns/{kind}" for kind in kinds)).split()
    found = {kind: notes.read(kind, ".ns").split() for kind in KINDS}
    for kind in KINDS:
        assert found[kind] == (host if kind in OF_THE_RUNTIME else own), kind


def test_programs_of_hooks_are_found_where_they_run(runtime, notes) -> None:
    """All but startContainer's are the machine's, and its is the container's."""
    only_here = runtime.place / "only-here"
    only_here.symlink_to("/bin/busybox")

    def change(config: dict[str, Any]) -> None:
        for kind in ("prestart", "createRuntime", "createContainer", "poststart", "poststop"):
            config["hooks"][kind][0]["path"] = str(only_here)
        config["hooks"]["startContainer"][0]["path"] = "/bin/only-there"

    only_there = runtime.busybox / "bin/only-there"
    if not only_there.is_symlink():
        only_there.symlink_to("busybox")
    live(runtime, every(hooked(notes), change))
    assert notes.order() == [f"{kind}-1" for kind in KINDS]


@pytest.mark.parametrize("kind", ["prestart", "createRuntime"])
def test_hooks_of_the_creation_find_namespaces_and_no_changed_root(runtime, notes, kind) -> None:
    """What the process has for its root is still the machine's when they run."""
    pid = "$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' NOTE | tr -dc 0-9)"
    look = f"readlink /proc/{pid}/ns/net > NOTE.ns; test ! -e /proc/{pid}/root/bin/plain"
    made = runtime.create("true", change=hooked(notes, look, kinds=(kind,)))
    assert notes.read(kind, ".ns") == os.readlink(f"/proc/{made}/ns/net")


def test_hooks_in_the_container_find_its_mounts_and_no_changed_root(runtime, notes) -> None:
    look = ("cat /proc/self/mountinfo > NOTE.mounts", "test ! -e /bin/plain")
    runtime.create("true", change=hooked(notes, *look, kinds=("createContainer",)))
    points = [line.split()[4] for line in notes.read("createContainer", ".mounts").splitlines()]
    assert any(point.endswith(NOTES) and point != NOTES for point in points), points


def test_a_hook_of_the_start_runs_before_the_program_does(runtime, notes) -> None:
    change = hooked(notes, "cat /proc/1/cmdline > NOTE.first", kinds=("startContainer",))
    runtime.create("sleep", "600", change=change)
    assert runtime("start", "box").code == 0
    assert notes.read("startContainer", ".first").split("\0")[0] != "sleep"


def test_a_hook_after_the_start_runs_after_the_program_has_begun(runtime, notes) -> None:
    look = "for n in 1 2 3 4 5 6 7 8 9; do test -e PLACE/ran && break; sleep 0.2; done"
    look += "; test -e PLACE/ran; touch NOTE.seen"
    change = hooked(notes, look.replace("PLACE", str(notes.place)), kinds=("poststart",))
    runtime.create("sh", "-c", f"touch {NOTES}/ran; sleep 600", change=change)
    assert runtime("start", "box").code == 0
    assert (notes.place / "poststart-1.seen").exists()


def test_a_hook_after_the_end_finds_the_container_gone(runtime, notes) -> None:
    look = f"ls -d /sys/fs/cgroup/*{runtime.group()} > NOTE.left || :"
    pid = live(runtime, hooked(notes, look, kinds=("poststop",)))
    assert notes.read("poststop", ".left") == ""
    assert has_ended(pid)
