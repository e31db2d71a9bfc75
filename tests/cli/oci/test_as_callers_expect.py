"""What bundles and callers of other runtimes take for granted, though no specification says it."""

from __future__ import annotations

import json
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import PATIENCE, copy_root, mount


def own_root(oci, config) -> Path:
    """Give a bundle a root of its own, which can be changed."""
    root = Path(oci.place, "root")
    copy_root(oci.busybox, root)
    config["root"]["path"] = str(root)
    return root


@pytest.mark.parametrize(("name", "type"), [("proc", "proc"), ("sys", "sysfs")])
def test_where_proc_and_sys_are_mounted_is_no_link(oci, name, type) -> None:
    """What is hidden in them would be hidden where the link leads."""

    def change(config) -> None:
        root = own_root(oci, config)
        (root / name).rmdir()
        (root / name).symlink_to("/tmp")
        config["mounts"].append(mount("/sys", "sysfs"))

    said = oci.run("true", change=change)
    assert said.code == 1
    assert f"mount /{name}: " in said.err
    assert "must be mounted on ordinary directory" in said.err


def test_a_root_without_proc_gets_it(oci) -> None:
    def change(config) -> None:
        (own_root(oci, config) / "proc").rmdir()

    assert oci.run("test", "-e", "/proc/self", change=change).code == 0


def test_memory_that_is_read_only_is_filled_first(oci) -> None:
    def change(config) -> None:
        config["mounts"][1]["options"].append("ro")
        config["mounts"] += [mount("/etc", "tmpfs", "ro"), mount("/etc/deep", "tmpfs", "size=64k")]

    script = "grep -E ' /(dev|etc) tmpfs ro' /proc/mounts; test -c /dev/null; touch /etc/deep/x"
    said = oci.run("sh", "-ec", f"{script}; ! touch /etc/x; ! touch /dev/x", change=change)
    assert said.code == 0, said.err
    assert len(said.out.splitlines()) == 2


def test_a_device_that_every_container_has_may_be_listed(oci) -> None:
    def change(config) -> None:
        ptmx = {"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2}
        tty = {"path": "/dev/tty", "type": "c", "major": 5, "minor": 0}
        config["linux"]["devices"] = [ptmx, tty]

    assert oci.run("readlink", "/dev/ptmx", change=change).out == "pts/ptmx\n"


def test_without_pivot_root_nobody_can_mount_a_whole_proc(oci) -> None:
    """The host's, which would allow that, are beneath the root and have to go."""
    every = ["CAP_SYS_ADMIN", "CAP_SETFCAP", "CAP_SYS_CHROOT"]

    def change(config) -> None:
        sets = ("bounding", "effective", "permitted")
        config["process"]["capabilities"] = dict.fromkeys(sets, every)
        config["linux"]["maskedPaths"] = ["/proc/keys"]

    words = ("unshare", "-mrpf", "mount", "-t", "proc", "none", "/proc")
    bundle = oci.bundle(*words, change=change)
    said = oci("run", "--no-pivot", "--bundle", bundle, "box")
    assert said.code == 1
    assert "permission denied" in said.err
    assert Path("/proc/self").exists()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody may look into."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        yield Path(place)


def test_what_its_root_could_not_look_for_is_shown_to_a_user_namespace(oci, open_place) -> None:
    """The caller may; and from where it is to the container nothing else is to be seen."""
    secret = Path(oci.place, "owners-alone")
    Path(secret, "shown").mkdir(parents=True)
    Path(secret, "shown/file").write_text("shown\n")
    secret.chmod(0o700)

    def change(config) -> None:
        copy_root(oci.busybox, open_place / "root")
        config["root"]["path"] = str(open_place / "root")
        ids = [{"containerID": 0, "hostID": 100000, "size": 65534}]
        config["linux"].update(uidMappings=ids, gidMappings=ids)
        config["linux"]["namespaces"].append({"type": "user"})
        shown = {"destination": "/tmp", "source": str(secret / "shown"), "options": ["bind", "ro"]}
        config["mounts"].append(shown)

    said = oci.run("cat", "/tmp/file", change=change)
    assert (said.code, said.out) == (0, "shown\n"), said.err


def test_signal_0_asks_whether_it_lives(oci) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    assert oci("kill", "box", "0").code == 0
    assert oci("kill", "box", "KILL").code == 0
    oci.until("stopped")
    said = oci("kill", "box", "0")
    assert said.code == 1
    assert "container not running" in said.err
    assert oci("kill", "--all", "box", "0").code == 0


def test_what_has_stopped_has_no_processes(oci) -> None:
    oci.create("true")
    oci("start", "box")
    oci.until("stopped")
    assert json.loads(oci("ps", "--format", "json", "box").out) == []
    assert "PID" in oci("ps", "box").out


def test_what_outlives_the_first_process_can_be_killed(oci) -> None:
    def change(config) -> None:
        kinds = config["linux"]["namespaces"]
        config["linux"]["namespaces"] = [each for each in kinds if each["type"] != "pid"]

    init = oci.create("sleep", "600", change=change)
    oci("start", "box")
    assert oci("exec", "--detach", "box", "sleep", "601").code == 0
    oci("kill", "box", str(int(signal.SIGHUP)))
    oci.until("stopped")
    left = json.loads(oci("ps", "--format", "json", "box").out)
    assert len(left) == 1
    assert left != [init]
    assert oci("kill", "box", "KILL").code == 0
    deadline = time.monotonic() + PATIENCE
    while _lives(left[0]):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_lists_and_events_are_written_without_spaces(oci) -> None:
    oci.create("sleep", "600")
    assert oci("list", "--format", "json").out.startswith('[{"ociVersion":"1.0.2","id":"box",')
    assert oci("events", "--stats", "box").out.startswith('{"type":"stats","id":"box","data":{')


def test_control_groups_of_version_1_are_in_no_namespace_of_the_template(oci, tmp_path) -> None:
    """There a namespace would hide from callers in which group a container is."""
    oci("spec", "--bundle", str(tmp_path))
    told = json.loads((tmp_path / "config.json").read_text())["linux"]["namespaces"]
    only_v2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    assert ({"type": "cgroup"} in told) == only_v2


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["A=1", "B=2", "A=3"], ["A=3", "B=2", "HOME=/root"]),
        (["A=1", "A="], ["A=", "HOME=/root"]),
        (["HOME="], ["HOME=/root"]),
        (["HOME=/x", "HOME="], ["HOME=/root"]),
        (["HOME=", "HOME=/x"], ["HOME=/x"]),
    ],
)
def test_each_variable_is_there_once_and_so_is_a_home(oci, asked, given) -> None:
    path = "PATH=/bin"
    said = oci.run("env", change=lambda config: config["process"].update(env=[path, *asked]))
    assert sorted(said.out.split()) == sorted([path, *given])


def test_a_further_capability_is_ambient_where_any_is_inheritable(oci) -> None:
    def change(config) -> None:
        sets = ("bounding", "effective", "permitted", "inheritable")
        config["process"]["capabilities"] = {each: ["CAP_KILL"] for each in sets}
        config["process"]["capabilities"]["inheritable"].append("CAP_CHOWN")
        config["process"]["capabilities"]["bounding"].append("CAP_CHOWN")

    oci.create("sleep", "600", change=change)
    oci("start", "box")
    said = oci("exec", "--cap", "CAP_CHOWN", "box", "grep", "^Cap", "/proc/self/status")
    sets = dict(line.split() for line in said.out.splitlines())
    assert sets == {
        "CapInh:": "0000000000000021",
        "CapPrm:": "0000000000000021",
        "CapEff:": "0000000000000021",
        "CapBnd:": "0000000000000021",
        "CapAmb:": "0000000000000001",
    }


def test_ambient_capabilities_that_the_kernel_does_not_grant_are_warned_of(oci) -> None:
    def change(config) -> None:
        config["process"]["capabilities"] = {
            "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SYSLOG"],
            "permitted": ["CAP_CHOWN", "CAP_KILL"],
            "inheritable": ["CAP_KILL", "CAP_SYSLOG"],
            "ambient": ["CAP_KILL", "CAP_CHOWN", "CAP_SYSLOG"],
        }

    said = oci.run("grep", "^CapAmb", "/proc/self/status", change=change)
    assert (said.code, said.out) == (0, "CapAmb:\t0000000000000020\n")
    assert said.err.splitlines() == [
        f"cloche: warning: can't raise ambient capability {name}: it is not {which}"
        for name, which in (("CAP_CHOWN", "inheritable"), ("CAP_SYSLOG", "permitted"))
    ]


def test_lines_of_a_terminal_end_as_the_program_ends_them_for_what_is_none(oci) -> None:
    said = oci.run("echo", "one", change=lambda config: config["process"].update(terminal=True))
    assert said.out == "one\n"
    assert "\r" not in Path(oci.place, "out").read_bytes().decode()
