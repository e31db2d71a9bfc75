"""What a container of a normal user's sees."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from .person import Person

UNLISTED = ("/etc", "/home", "/mnt", "/opt", "/srv", "/tmp", "/var/lib", "/var/tmp", "/run", "/")


def test_a_directory_is_the_root_and_stays_as_it_is(person: Person, busybox: str) -> None:
    before = sorted(os.listdir(busybox))
    told = person.tells('tell(run("id -u; touch /new; ls -d /new; rm -r /etc; cat /proc/1/comm"))')
    assert told == "0\n/new\ncloche-init\n"
    assert sorted(os.listdir(busybox)) == before


@pytest.fixture
def canaries(person: Person) -> Iterator[list[str]]:
    """Files that the user can read, where no container is meant to see them."""
    name = f"cloche-canary-{uuid.uuid4().hex}"
    files = [Path(place, name) for place in (*UNLISTED, str(person.home))]
    made = [file for file in files if not file.parent.exists()]
    try:
        for file in files:
            file.parent.mkdir(exist_ok=True)
            file.write_text("canary")
            file.chmod(0o644)
        yield [str(file) for file in files]
    finally:
        for file in files:
            file.unlink()
        for file in made:
            file.parent.rmdir()


def test_of_this_machine_it_sees_the_listed_system_only(
    person: Person, canaries: list[str]
) -> None:
    read = ["/bin/sh", "-c", 'for f; do cat "$f" > /dev/null; done', "sh", *canaries, "/etc/shadow"]
    err = person.tells(
        """
        done = engine.run(json.loads(os.environ["READ"]), capture_output=True, text=True)
        tell(done.stderr)
        """,
        READ=json.dumps(read),
    )
    missing = {line.removeprefix("cat: ").partition(":")[0] for line in err.splitlines()}
    assert missing == {*canaries, "/etc/shadow"}
    assert err.count(": No such file or directory\n") == len(missing)
    control = subprocess.run(
        read[:-1], user=person.uid, group=person.gid, extra_groups=[], capture_output=True
    )
    assert control.stderr == b""


def test_the_system_of_this_machine_works_and_can_be_changed_for_the_while(
    person: Person,
) -> None:
    script = "date > /usr/new && echo x >> /etc/passwd && ls /usr/new /bin/sh"
    assert person.tells(f"tell(run({script!r}, rootfs=None))") == "/bin/sh\n/usr/new\n"
    assert not os.path.exists("/usr/new")


def test_directories_of_others_stay_as_they_are_even_for_the_while(person: Person) -> None:
    """Those of this machine's root: its number is not one of the container's."""
    told = person.tells('tell(run("rm /usr/bin/env 2>&1 || true", rootfs=None))')
    assert told == "rm: cannot remove '/usr/bin/env': Permission denied\n"


def test_devices_are_the_usual_ones_and_no_others(person: Person) -> None:
    names = person.tells('tell(" ".join(run("ls /dev").split()))')
    usual = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert names == (f"core {usual}" if os.path.exists("/proc/kcore") else usual)
    script = (
        "stat -c %t:%T /dev/null /dev/full /dev/tty; echo > /dev/null; head -c2 /dev/zero | wc -c"
    )
    assert person.tells(f"tell(run({script!r}))") == "1:3\n1:7\n5:0\n2\n"


def test_a_device_cannot_be_made_with_any_capability(person: Person) -> None:
    script = "mknod /null c 1 3 2>&1; mknod /fifo p && ls /fifo"
    told = person.tells(f'tell(run({script!r}, cap_add=["ALL"]))')
    assert told == "mknod: /null: Operation not permitted\n/fifo\n"


def test_proc_is_its_own_and_its_switches_cannot_be_written(person: Person) -> None:
    script = "set -- /proc/[0-9]*; echo $#; echo 0 2>&1 > /proc/sys/kernel/panic || true"
    told = person.tells(f"tell(run({script!r}))")
    assert told.splitlines()[0] == "2"  # init, and the shell
    masked = 'tell(run("cat /proc/timer_list /proc/interrupts | wc -c"))'
    assert person.tells(masked) == "0\n"


def test_every_namespace_is_its_own(person: Person) -> None:
    kinds = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
    script = f"for kind in {' '.join(kinds)}; do readlink /proc/self/ns/$kind; done"
    theirs = person.tells(f"tell(run({script!r}).split())")
    ours = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    assert len(theirs) == len(ours)
    assert not {*ours} & {*theirs}


def test_the_network_is_off_or_this_machines(person: Person) -> None:
    show = "ls /sys/class/net | sort; ls /sys/fs/cgroup | wc -l"
    assert person.tells(f"tell(run({show!r}))").split()[0] == "lo"
    shown = person.tells(f'tell(run({show!r}, network="host"))').split()
    assert shown == [*sorted(os.listdir("/sys/class/net")), "0"]


def test_the_network_of_this_machine_is_not_to_be_changed(person: Person) -> None:
    down = "ip link set lo down 2>&1"
    told = person.tells(f'tell(run("{down} || true", network="host", cap_add=["NET_ADMIN"]))')
    assert "Operation not permitted" in told
    assert person.tells(f'tell(run("{down}", cap_add=["NET_ADMIN"]))') == ""


def test_a_terminal_is_the_processes_own(person: Person) -> None:
    told = person.tells(
        """
        with engine.start(["sh", "-c", "tty; stty size; echo > /dev/tty"], rootfs=ROOTFS,
                          tty=(90, 30)) as container:
            lines = [container.stdout.readline().decode() for line in range(3)]
            assert container.wait(5) == 0
            tell("".join(lines))
        """
    )
    assert told == "/dev/pts/0\r\n30 90\r\n\r\n"


def test_changes_may_be_limited(person: Person) -> None:
    fill = "dd if=/dev/zero of=/big bs=1M count=4 2>&1 || true"
    assert "No space left on device" in person.tells(f'tell(run({fill!r}, storage_size="1M"))')
    assert "No space left" not in person.tells(f"tell(run({fill!r}))")


def test_a_home_of_somebody_else_is_no_obstacle(person: Person) -> None:
    """As ``setpriv`` and ``sudo`` may leave it: nothing there can even be looked for."""
    place = person.home / "elsewhere"
    told = person.tells("tell(run('echo fine'))", HOME="/root", CLOCHE_ROOT=str(place))
    assert told == "fine\n"
