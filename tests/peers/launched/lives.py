"""Containers in every state that a command may find them in; each function makes `box`."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

Changed = Callable[[dict[str, Any]], None]


def created(oci, change: Changed | None = None, *words: str) -> None:
    oci.create(*(words or ("sleep", "1000")), change=change)


def running(oci, change: Changed | None = None) -> None:
    created(oci, change)
    assert oci("start", "box").code == 0


def paused(oci) -> None:
    running(oci)
    assert oci("pause", "box").code == 0


def stopped(oci, change: Changed | None = None) -> None:
    running(oci, change)
    assert oci("kill", "box", "KILL").code == 0
    oci.until("stopped")


def missing(oci) -> None:
    oci.state.mkdir(mode=0o700)


def annotated(oci) -> None:
    told = {"plain": "x", "quotes": '"\\/', "control": "\n\t\x01\x7f", "far": "é \U0001f600"}
    running(oci, lambda config: config.update(annotations=told))


def with_later_hooks(oci) -> None:
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "cat > /dev/null"]}
    stopped(oci, lambda config: config.update(hooks={"poststart": [hook], "poststop": [hook]}))


def waiting_for_hooks(oci) -> None:
    hook = {"path": "/bin/true"}
    created(oci, lambda config: config.update(hooks={"poststart": [hook]}))


def with_a_hook_that_fails(oci) -> None:
    hook = {"path": "/bin/false"}
    created(oci, lambda config: config.update(hooks={"startContainer": [hook]}))


def without_a_program(oci) -> None:
    """What was there at the creation is not any more."""
    bundle = Path(oci.place, f"root-{len(list(oci.place.glob('root-*')))}")
    bundle.mkdir()
    for name in ("bin", "dev", "proc"):
        (bundle / name).mkdir()
    os.link(oci.busybox / "bin/busybox", bundle / "bin/gone")
    created(oci, lambda config: config["root"].update(path=str(bundle)), "/bin/gone")
    (bundle / "bin/gone").unlink()


def sharing_pids(oci) -> None:
    def change(config: dict[str, Any]) -> None:
        kept = [each for each in config["linux"]["namespaces"] if each["type"] != "pid"]
        config["linux"]["namespaces"] = kept

    running(oci, change)


def _record(oci) -> Path:
    return oci.state / "box/state.json"


def _rewritten(oci, change: Changed, name: str = "state.json") -> None:
    path = oci.state / "box" / name
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found, separators=(",", ":")))


def of_another_boot(oci) -> None:
    stopped(oci)
    _rewritten(oci, lambda found: found["info"]["init"].update(boot="another"))


def of_a_pid_that_is_anothers(oci) -> None:
    """The test's own process, by its pid alone."""
    stopped(oci)
    _rewritten(oci, lambda found: found["info"]["init"].update(pid=os.getpid()))


def of_a_stranger(oci) -> None:
    """Of a user who has no name."""
    stopped(oci)
    _rewritten(oci, lambda found: found.update(owner=123456))


def of_another_runtime(oci) -> None:
    stopped(oci)
    _rewritten(oci, lambda found: found.update(runtime="no-such"))


def of_a_later_version(oci) -> None:
    stopped(oci)
    _rewritten(oci, lambda found: found.update(colour="red"))


def with_a_name_twice(oci) -> None:
    stopped(oci)
    text = _record(oci).read_text()
    _record(oci).write_text(text.replace("{", '{"version":"0.1",', 1))


def written_by_hand(oci) -> None:
    stopped(oci)
    _record(oci).write_text(json.dumps(json.loads(_record(oci).read_text()), indent=1))


def under_another_name(oci) -> None:
    stopped(oci)
    _rewritten(oci, lambda found: found.update(id="else"))


def half_made(oci) -> None:
    stopped(oci)
    _rewritten(oci, lambda found: found.update(info=None))


def damaged(oci) -> None:
    stopped(oci)
    _record(oci).write_text('{"id":"box"')


def emptied(oci) -> None:
    stopped(oci)
    _record(oci).write_text("")


def without_a_record(oci) -> None:
    stopped(oci)
    _record(oci).unlink()


def with_a_damaged_group(oci) -> None:
    stopped(oci)
    (oci.state / "box/cgroup.json").write_text('{"id":"box"}')


def without_a_group(oci) -> None:
    running(oci)
    (oci.state / "box/cgroup.json").unlink()


def with_groups_of_its_own(oci) -> None:
    """Made inside it, as deep as programs like; nobody is in them."""
    stopped(oci)
    for node in json.loads((oci.state / "box/cgroup.json").read_text())["nodes"]:
        if Path(node["path"]).is_dir():
            Path(node["path"], "a/b/c").mkdir(parents=True)


def with_groups_of_others(oci) -> None:
    """That were there before; they stay."""
    stopped(oci)

    def change(found: dict[str, Any]) -> None:
        for node in found["nodes"]:
            node["inode"] = 1

    _rewritten(oci, change, "cgroup.json")


def with_more_files(oci) -> None:
    stopped(oci)
    (oci.state / "box/state.json.123").write_text("a draft")


def with_a_directory(oci) -> None:
    stopped(oci)
    (oci.state / "box/more/below").mkdir(parents=True)


def with_an_old_gate(oci) -> None:
    """A socket that nobody listens at."""
    running(oci)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gate:
        gate.bind(str(oci.state / "box/start"))


def by_a_link(oci) -> None:
    stopped(oci)
    (oci.state / "box").rename(oci.place / "elsewhere")
    (oci.state / "box").symlink_to(oci.place / "elsewhere")


def supervised(oci) -> None:
    stopped(oci)
    _rewritten(oci, lambda found: found.update(supervisor="/nowhere"))


def ended_and_not_reaped(oci) -> None:
    """Its parent, who is the test, has not asked how it ended."""
    running(oci)
    pid = json.loads(_record(oci).read_text())["info"]["init"]["pid"]
    os.kill(pid, signal.SIGKILL)
    oci.until("stopped")


#: Each with the commands that find something of their own in it; `force` ends all of them.
ALL: dict[Callable[..., None], str] = {
    created: "start ask kill delete force",
    running: "start ask kill delete force",
    paused: "ask kill delete force",
    stopped: "start ask delete force",
    missing: "start delete force",
    annotated: "delete",
    with_later_hooks: "delete",
    waiting_for_hooks: "start",
    with_a_hook_that_fails: "start",
    without_a_program: "start",
    sharing_pids: "kill force",
    of_another_boot: "ask force",
    of_a_pid_that_is_anothers: "kill force",
    of_a_stranger: "force",
    of_another_runtime: "force",
    of_a_later_version: "ask force",
    with_a_name_twice: "force",
    written_by_hand: "force",
    under_another_name: "force",
    half_made: "start force",
    damaged: "ask force",
    emptied: "force",
    without_a_record: "delete force",
    with_a_damaged_group: "force",
    without_a_group: "kill force",
    with_groups_of_its_own: "force",
    with_groups_of_others: "force",
    with_more_files: "delete",
    with_a_directory: "delete",
    with_an_old_gate: "start force",
    by_a_link: "force",
    supervised: "delete",
    ended_and_not_reaped: "delete",
}
