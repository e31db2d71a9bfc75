"""Another process in a container that runs, and its files from outside."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from cloche_linux.kernel import Namespace
from cloche_linux.plan import Plan
from cloche_linux.spawn import ExecFailed, StepFailed, open_root
from cloche_linux.steps import Extra, Step

ALL = Namespace.MOUNT | Namespace.UTS | Namespace.IPC | Namespace.NETWORK | Namespace.PID
PIDFD = Extra(0)


@pytest.fixture
def container(sandbox):
    """An idle container with a name and a file of its own."""
    plan = sandbox.begin()
    plan.hostname("inside")
    plan.file("/etc/own", b"own\n")
    plan.pivot()
    plan.ready()
    plan.idle()
    return sandbox.start(plan.encode())


def exec_plan(*argv: str, preserve: int = 0, namespaces: int = ALL) -> bytes:
    plan = Plan()
    plan.join_process(PIDFD, namespaces)
    plan.fork(new_pid_namespace=False)
    plan.ready()
    plan.descriptors(preserve)
    plan.working_directory("/")
    plan.identity(12, 34)
    plan.capabilities()
    plan.parent_death()
    plan.execute(argv, ["PATH=/bin"])
    return plan.encode()


def test_it_sees_what_the_container_sees(sandbox, container):
    plan = exec_plan("sh", "-c", "cat /etc/own; hostname; cat /proc/1/comm; id -u; id -g")
    ended = sandbox.ended(plan, extras=[container.pidfd], new_pid_namespace=False)
    assert ended.output == "own\ninside\ncloche-init\n12\n34\n"


def test_it_is_a_child_of_the_embedding_process_and_in_the_containers_pid_namespace(
    sandbox, container
):
    child = sandbox.start(
        exec_plan("sleep", "100"), extras=[container.pidfd], new_pid_namespace=False
    )
    with open(f"/proc/{child.pid}/status") as file:
        status = file.read()
    assert f"PPid:\t{os.getpid()}" in status
    namespaces = [os.stat(f"/proc/{pid}/ns/pid").st_ino for pid in (child.pid, container.pid)]
    assert namespaces[0] == namespaces[1]


def test_its_exit_code_is_its_own(sandbox, container, code):
    child = sandbox.start(
        exec_plan("sh", "-c", "exit 5"), extras=[container.pidfd], new_pid_namespace=False
    )
    assert code(child) == 5
    with pytest.raises(BlockingIOError):
        container.exit_status()


def test_it_ends_with_the_container(sandbox, container, code):
    child = sandbox.start(
        exec_plan("sleep", "100"), extras=[container.pidfd], new_pid_namespace=False
    )
    container.kill(signal.SIGTERM)
    assert code(child) == -signal.SIGKILL


def test_what_nobody_waits_for_does_not_keep_a_container_from_ending(sandbox, container, code):
    """The kernel keeps a pid namespace until all in it are reaped, and only we can reap these."""
    plan = exec_plan("sleep", "100")
    kept, closed = (
        sandbox.start(plan, extras=[container.pidfd], new_pid_namespace=False) for _ in range(2)
    )
    closed.close()
    container.kill(signal.SIGTERM)
    assert code(container) == -signal.SIGTERM
    assert code(kept) == -signal.SIGKILL


def test_a_program_that_is_missing_fails_as_in_a_run(sandbox, container):
    with pytest.raises(ExecFailed) as failed:
        sandbox.ended(exec_plan("missing"), extras=[container.pidfd], new_pid_namespace=False)
    assert (failed.value.errno, failed.value.has_shell) == (errno.ENOENT, True)


def test_a_container_that_has_ended_cannot_be_joined(sandbox, container, code):
    container.kill(signal.SIGTERM)
    code(container)
    with pytest.raises(StepFailed) as failed:
        sandbox.ended(exec_plan("true"), extras=[container.pidfd], new_pid_namespace=False)
    assert (failed.value.step, failed.value.errno) == (Step.JOIN_PROCESS, errno.ESRCH)


def test_descriptors_can_be_preserved(sandbox, container):
    """The first extra is one that stays, so the pidfd comes after it."""
    reading, writing = os.pipe()
    os.write(writing, b"through\n")
    os.close(writing)
    plan = Plan()
    plan.join_process(Extra(1), ALL)
    plan.fork(new_pid_namespace=False)
    plan.ready()
    plan.descriptors(1)
    plan.execute(["cat", "/proc/self/fd/3"], ["PATH=/bin"])
    ended = sandbox.ended(plan.encode(), extras=[reading, container.pidfd], new_pid_namespace=False)
    os.close(reading)
    assert ended.output == "through\n"


def test_a_namespace_can_be_joined_by_descriptor(sandbox, container):
    descriptor = os.open(f"/proc/{container.pid}/ns/uts", os.O_RDONLY)
    plan = Plan()
    plan.join(Extra(0), Namespace.UTS)
    plan.unshare(Namespace.MOUNT)
    plan.root_bind(sandbox.root)
    ended = sandbox.run("hostname", plan=plan, extras=[descriptor])
    os.close(descriptor)
    assert ended.output == "inside\n"


def test_the_wrong_kind_of_namespace_is_einval(sandbox, container):
    descriptor = os.open(f"/proc/{container.pid}/ns/uts", os.O_RDONLY)
    plan = Plan()
    plan.join(Extra(0), Namespace.NETWORK)
    with pytest.raises(StepFailed) as failed:
        sandbox.spawn(plan.encode(), extras=[descriptor]).wait_ready(20)
    os.close(descriptor)
    assert (failed.value.step, failed.value.errno) == (Step.JOIN, errno.EINVAL)


def test_the_containers_files_can_be_reached_by_a_descriptor(container):
    root = open_root(container.pidfd, Namespace.MOUNT)
    try:
        file = os.open("etc/own", os.O_RDONLY, dir_fd=root)
        assert os.read(file, 100) == b"own\n"
        os.close(file)
    finally:
        os.close(root)


def test_no_descriptor_is_left_by_execs_and_looks(sandbox, container, no_more_descriptors, code):
    from cloche_linux.spawn import spawn

    plan = exec_plan("true")
    with no_more_descriptors():
        for _ in range(10):
            with spawn(plan, extras=[container.pidfd], new_pid_namespace=False) as child:
                child.wait_ready(20)
                child.start(20)
                code(child)
            os.close(open_root(container.pidfd, Namespace.MOUNT))
