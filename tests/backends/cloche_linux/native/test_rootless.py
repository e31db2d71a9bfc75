"""Containers of a user without privileges, who has them all inside and none outside."""

from __future__ import annotations

import errno
import os
import stat
import subprocess

import pytest
from waiting import readable

from cloche_linux.kernel import Attribute, Namespace, Propagation
from cloche_linux.plan import Plan
from cloche_linux.spawn import StepFailed, open_root, probe, spawn
from cloche_linux.steps import Extra, Step

NOBODY = 65534
REST = Namespace.MOUNT | Namespace.UTS | Namespace.IPC | Namespace.NETWORK | Namespace.CGROUP
ALL = REST | Namespace.USER | Namespace.PID


def begin(root: str, *, by_parent: bool = False) -> Plan:
    """What a container of an ordinary user begins with."""
    plan = Plan()
    plan.unshare(Namespace.USER)
    if by_parent:
        plan.map_by_parent()
    else:
        plan.map_self(os.geteuid(), os.getegid())
    plan.unshare(REST)
    plan.fork(new_pid_namespace=True)
    plan.propagation(Propagation.SLAVE)
    plan.scratch(1 << 20)
    plan.root_overlay([root], scratch=True, options=[("userxattr", None)])
    plan.mount("proc", "/proc", "proc", attributes=Attribute.NOSUID | Attribute.NODEV)
    return plan


def finish(plan: Plan, *argv: str) -> bytes:
    plan.pivot()
    plan.ready()
    plan.init()
    plan.descriptors()
    plan.execute(argv, ["PATH=/bin"])
    return plan.encode()


@pytest.fixture
def as_user(fork, sandbox, code):
    """Runs a plan, made by a function, as an ordinary user; gives exit code and output."""

    def embed(make, *argv):
        plan = finish(make(sandbox.root), *argv)
        ended = sandbox.ended(plan, new_pid_namespace=False)
        return ended.code, ended.output

    return lambda make, *argv: fork(lambda: embed(make, *argv), NOBODY)


def test_the_user_is_root_inside(as_user):
    ended, output = as_user(
        begin, "sh", "-c", "id -u; id -g; grep CapEff /proc/self/status; exit 3"
    )
    assert output.split()[:2] == ["0", "0"]
    assert int(output.split()[3], 16) & 1 << 21
    assert ended == 3


def test_the_user_is_the_user_outside(as_user, shared):
    os.chmod(shared, 0o777)

    def make(root):
        plan = begin(root)
        plan.bind(str(shared), "/shared")
        return plan

    as_user(make, "touch", "/shared/file")
    assert os.stat(shared / "file").st_uid == NOBODY


def test_nobody_elses_files_can_be_read(as_user, shared):
    """The control: the file is there and its own user reads it."""
    (shared / "secret").write_text("secret")
    (shared / "secret").chmod(0o600)

    def make(root):
        plan = begin(root)
        plan.bind(str(shared), "/shared")
        return plan

    ended, output = as_user(make, "cat", "/shared/secret")
    assert (ended, "Permission denied" in output) == (1, True)
    os.chown(shared / "secret", NOBODY, NOBODY)
    assert as_user(make, "cat", "/shared/secret") == (0, "secret")


def test_only_init_and_the_workload_are_in_the_pid_namespace(as_user):
    assert as_user(begin, "sh", "-c", "echo /proc/[0-9]*")[1] == "/proc/1 /proc/2\n"


def test_everything_a_container_has_works(as_user):
    """Terminal files, queues, sysfs, network, names and sysctls, masks and read-only paths."""

    def make(root):
        plan = begin(root)
        plan.mount("tmpfs", "/dev", options=[("mode", "755")])
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            plan.bind(f"/dev/{name}", f"/dev/{name}")
        plan.mount("devpts", "/dev/pts", options=[("newinstance", None), ("ptmxmode", "0666")])
        plan.mount("mqueue", "/dev/mqueue")
        plan.mount("sysfs", "/sys", attributes=Attribute.RDONLY)
        plan.hostname("inside")
        plan.loopback()
        plan.sysctl("net/ipv4/ip_forward", "1")
        plan.mask("/proc/keys")
        plan.mask("/proc/acpi")
        plan.mask("/sys/firmware")
        plan.read_only("/proc/sys")
        return plan

    script = "hostname; cat /proc/sys/net/ipv4/ip_forward /proc/keys; ip link show lo | grep -c UP"
    assert as_user(make, "sh", "-c", script) == (0, "inside\n1\n1\n")


def test_a_device_cannot_be_made(as_user):
    def make(root):
        plan = begin(root)
        plan.mount("tmpfs", "/dev")
        plan.device("/dev/mem", stat.S_IFCHR | 0o600, os.makedev(1, 1))
        return plan

    with pytest.raises(AssertionError, match=r"device: Operation not permitted"):
        as_user(make, "true")


def test_the_parent_can_write_the_maps(fork, sandbox, code):
    """As newuidmap would: by somebody with privileges, while the helper waits."""

    def embed():
        plan = begin(sandbox.root, by_parent=True)
        script = "id -u; touch /x; chown 5:6 /x; stat -c '%u %g' /x; cat /proc/self/setgroups"
        encoded = finish(plan, "sh", "-c", script)
        reading, writing = os.pipe()
        child = spawn(encoded, (None, writing, writing), new_pid_namespace=False)
        os.close(writing)
        pid = child.wait_maps(20)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{pid}/{name}", "w") as file:
                file.write("0 100000 65536")
        child.maps_done()
        child.wait_ready(20)
        child.start(20)
        with open(reading) as output:
            text = output.read()
        return code(child), text

    assert embed() == (0, "0\n5 6\nallow\n")


@pytest.mark.skipif(not os.path.exists("/usr/bin/newuidmap"), reason="newuidmap is not installed")
def test_newuidmap_accepts_the_waiting_helper(fork, sandbox):
    """It refuses processes that are not dumpable."""

    def embed():
        plan = begin(sandbox.root, by_parent=True)
        child = spawn(finish(plan, "true"), new_pid_namespace=False)
        pid = child.wait_maps(20)
        command = ["newuidmap", str(pid), "0", str(NOBODY), "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        with open(f"/proc/{pid}/uid_map") as file:
            return done.returncode, done.stderr, file.read().split()

    assert fork(embed, NOBODY) == (0, "", ["0", str(NOBODY), "1"])


def test_without_the_parents_word_the_helper_ends(fork, sandbox):
    def embed():
        child = spawn(finish(begin(sandbox.root, by_parent=True), "true"), new_pid_namespace=False)
        pidfd = os.pidfd_open(child.wait_maps(20))
        child.close()
        return readable(pidfd, 10)

    assert fork(embed, NOBODY)


def test_the_owner_can_execute_in_it_and_reach_its_files(fork, sandbox, code):
    """Though init is not dumpable: its memory belongs to the owner's user namespace."""

    def embed():
        plan = begin(sandbox.root)
        plan.file("/own", b"own\n")
        plan.pivot()
        plan.ready()
        plan.idle()
        child = sandbox.start(plan.encode(), new_pid_namespace=False)
        inside = Plan()
        inside.join_process(Extra(0), ALL)
        inside.fork(new_pid_namespace=False)
        inside.ready()
        inside.descriptors()
        inside.identity(0, 0, keep_groups=True)
        inside.execute(["sh", "-c", "cat /own; id -u"], ["PATH=/bin"])
        ended = sandbox.ended(inside.encode(), extras=[child.pidfd], new_pid_namespace=False)
        root = open_root(child.pidfd, Namespace.USER | Namespace.MOUNT)
        file = os.open("own", os.O_RDONLY, dir_fd=root)
        text = os.read(file, 100)
        sandbox.close()
        return ended.output, text

    assert fork(embed, NOBODY) == ("own\n0\n", b"own\n")


def test_another_user_cannot(fork, sandbox):
    plan = Plan()
    plan.join_process(Extra(0), Namespace.USER | Namespace.MOUNT)
    plan.send_root()
    container = sandbox.begin()
    container.pivot()
    container.ready()
    container.idle()
    child = sandbox.start(container.encode())

    def embed():
        try:
            list(spawn(plan.encode(), extras=[child.pidfd], new_pid_namespace=False).packets())
        except StepFailed as failed:
            return failed.step, failed.errno
        return None

    assert fork(embed, NOBODY) == (Step.JOIN_PROCESS, errno.EPERM)


@pytest.mark.parametrize("capable", [True, False], ids=["control", "without-ptrace"])
def test_the_inside_cannot_look_into_init(sandbox, fork, capable):
    """Its memory is that of the container's user namespace, so it takes CAP_SYS_PTRACE there."""

    def embed():
        plan = begin(sandbox.root)
        plan.pivot()
        plan.ready()
        plan.init()
        plan.descriptors()
        if not capable:
            plan.bounding(0)
            plan.capabilities()
        plan.execute(["head", "-c", "1", "/proc/1/maps"], ["PATH=/bin"])
        return sandbox.ended(plan.encode(), new_pid_namespace=False).output

    output = fork(embed, NOBODY)
    assert output.isalnum() if capable else "Permission denied" in output


def test_every_ability_is_there_without_privileges(fork):
    """This machine allows user namespaces; what it forbids to make is named."""
    assert set(fork(lambda: probe(user_namespace=True), NOBODY).values()) == {0}
    assert set(probe(user_namespace=False).values()) == {0}


def test_what_is_forbidden_shows_in_the_probe(fork):
    """Without privileges, and without a user namespace, there is no pid namespace to be had."""
    assert fork(lambda: probe(user_namespace=False), NOBODY) == {
        "clone3 (pid namespace)": errno.EPERM
    }
