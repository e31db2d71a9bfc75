"""A terminal of the container's own."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import struct
import termios

import pytest
from waiting import readable

from cloche_linux.kernel import Attribute, Namespace
from cloche_linux.plan import Plan
from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Extra, Step


def with_devices(sandbox) -> Plan:
    plan = sandbox.begin()
    plan.mount("tmpfs", "/dev", options=[("mode", "755")])
    plan.device("/dev/null", 0o20666, os.makedev(1, 3))
    plan.device("/dev/tty", 0o20666, os.makedev(5, 0))
    options = [("newinstance", None), ("ptmxmode", "0666"), ("mode", "0620")]
    plan.mount("devpts", "/dev/pts", options=options, attributes=Attribute.NOSUID)
    return plan


def run(sandbox, plan, *argv, typed=b"", init=True):
    """Start with a terminal; returns all that it shows, lines ended as terminals end them."""
    plan = sandbox.finish(plan, *argv, init=init, process=lambda plan: plan.controlling_terminal())
    child = sandbox.spawn(plan)
    master = child.wait_ready(20)
    assert master is not None
    child.start(20)
    os.write(master, typed)
    shown = b""
    while piece := read(master):
        shown += piece
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def read(master: int) -> bytes:
    """What is shown next; nothing once nobody has the terminal any more, which is EIO."""
    assert readable(master, 20)
    try:
        return os.read(master, 1000)
    except OSError:
        return b""


@pytest.fixture
def plan(sandbox):
    plan = with_devices(sandbox)
    plan.terminal(40, 120)
    return plan


@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_it_is_the_workloads_controlling_terminal(sandbox, plan, init):
    shown = run(sandbox, plan, "sh", "-c", "tty; echo through > /dev/tty", init=init)
    assert shown == "/dev/pts/0\nthrough\n"


def test_it_has_the_size_that_was_asked_for(sandbox, plan):
    assert run(sandbox, plan, "stty", "size") == "40 120\n"


def started(sandbox, plan, script: str):
    """A shell on a terminal, and the terminal's master as a file."""
    plan = sandbox.finish(plan, "sh", "-c", script, process=lambda p: p.controlling_terminal())
    child = sandbox.spawn(plan)
    master = child.wait_ready(20)
    child.start(20)
    return child, open(master, "r+b", buffering=0)


def test_what_is_typed_arrives_and_control_c_interrupts(sandbox, plan, code):
    child, master = started(sandbox, plan, "stty -echo; echo set; read x; echo got $x; sleep 100")
    with master:
        assert master.read(100) == b"set\r\n"
        master.write(b"word\n")
        assert master.read(100) == b"got word\r\n"
        master.write(b"\x03")
        assert code(child) == -signal.SIGINT


def test_a_new_size_is_announced(sandbox, plan):
    script = "trap 'stty size; exit' WINCH; echo set; while :; do sleep 0.01; done"
    _, master = started(sandbox, plan, script)
    with master:
        assert master.read(100) == b"set\r\n"
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 34, 0, 0))
        assert master.read(100) == b"12 34\r\n"


def test_it_belongs_to_the_user(sandbox):
    plan = with_devices(sandbox)
    plan.terminal(1, 1, uid=12)
    assert run(sandbox, plan, "stat", "-c", "%u", "/dev/pts/0") == "12\n"


def test_it_can_be_the_console_too(sandbox):
    plan = with_devices(sandbox)
    plan.terminal(1, 1, console=True)
    shown = run(
        sandbox, plan, "sh", "-c", "echo through > /dev/console; stat -c %t:%T /dev/console"
    )
    assert shown == "through\n88:0\n"


@pytest.mark.parametrize("kind", ["fifo", "null", "link"])
def test_something_else_in_its_place_is_refused(sandbox, kind):
    """An image may put anything there; a FIFO must not even make the helper wait."""
    plan = sandbox.begin()
    if kind == "link":
        plan.symlink("/dev/pts/ptmx", "/etc")
    else:
        mode = 0o10666 if kind == "fifo" else 0o20666
        plan.device("/dev/pts/ptmx", mode, 0 if kind == "fifo" else os.makedev(1, 3))
    plan.terminal(1, 1)
    with pytest.raises(StepFailed) as failed:
        sandbox.spawn(sandbox.finish(plan, "true")).wait_ready(5)
    assert failed.value.step == Step.TERMINAL
    assert failed.value.errno == (errno.ELOOP if kind == "link" else errno.ENODEV)


def test_a_process_in_a_container_that_runs_can_have_one(sandbox):
    plan = with_devices(sandbox)
    plan.pivot()
    plan.ready()
    plan.idle()
    container = sandbox.start(plan.encode())
    inside = Plan()
    inside.join_process(Extra(0), Namespace.MOUNT | Namespace.PID)
    inside.fork(new_pid_namespace=False)
    inside.terminal(10, 20)
    inside.ready()
    inside.descriptors()
    inside.controlling_terminal()
    inside.execute(["sh", "-c", "stty size; tty"], ["PATH=/bin"])
    child = sandbox.spawn(inside.encode(), extras=[container.pidfd], new_pid_namespace=False)
    master = child.wait_ready(20)
    child.start(20)
    shown = b""
    while len(shown) < 19:
        shown += os.read(master, 100)
    os.close(master)
    assert shown == b"10 20\r\n/dev/pts/0\r\n"
