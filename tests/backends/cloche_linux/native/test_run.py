"""A plan becomes a process: what it is given, what it gives back, how it fails."""

from __future__ import annotations

import errno
import os
import select

import pytest

from cloche_linux.plan import Plan
from cloche_linux.spawn import ExecFailed, StepFailed
from cloche_linux.steps import Step


@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_the_exit_code_is_the_workloads(sandbox, init):
    assert sandbox.run("sh", "-c", "exit 7", init=init).code == 7


def test_a_signal_shows_as_one(sandbox):
    assert sandbox.run("sh", "-c", "kill -KILL $$").code == -9


@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_streams_are_the_callers_own(sandbox, tmp_path, init):
    (tmp_path / "in").write_text("hello\n")
    with open(tmp_path / "in") as stdin:
        ended = sandbox.run("cat", stdin=stdin.fileno(), init=init)
    assert ended.output == "hello\n"


def test_a_stream_that_is_none_is_the_null_device(sandbox):
    assert sandbox.run("sh", "-c", "cat; readlink /proc/self/fd/0").output == "/dev/null\n"


def test_arguments_and_environment_arrive_unchanged(sandbox):
    ended = sandbox.run(
        "sh", "-c", 'printf "%s|" "$@"; env', "x", "a b", "", "\u00e9", env=("A=b c", "PATH=/bin")
    )
    arguments, _, environment = ended.output.rpartition("|")
    assert arguments == "a b||\u00e9"
    assert {"A=b c", "PATH=/bin"} <= set(environment.split("\n"))


def test_a_name_is_looked_for_in_the_containers_path(sandbox):
    assert sandbox.run("true", env=("PATH=/nowhere:/bin",)).code == 0


def test_without_a_path_the_usual_directories_are_searched(sandbox):
    assert sandbox.run("true", env=()).code == 0


def test_a_program_that_is_not_there_is_enoent_and_has_a_shell(sandbox):
    with pytest.raises(ExecFailed) as failed:
        sandbox.run("missing")
    assert (failed.value.errno, failed.value.has_shell) == (errno.ENOENT, True)
    assert failed.value.filename == "missing"


@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_a_program_that_may_not_be_executed_is_eacces(sandbox, init):
    """Also when it is found on the way through PATH."""
    plan = sandbox.begin()
    plan.file("/first/tool", b"#!/bin/sh\n", 0o644)
    with pytest.raises(ExecFailed) as failed:
        sandbox.run("tool", plan=plan, env=("PATH=/first:/bin",), init=init)
    assert failed.value.errno == errno.EACCES


def test_text_without_an_interpreter_is_enoexec(sandbox):
    plan = sandbox.begin()
    plan.file("/bin/text", b"echo\n", 0o755)
    with pytest.raises(ExecFailed) as failed:
        sandbox.run("/bin/text", plan=plan)
    assert failed.value.errno == errno.ENOEXEC


def test_a_root_without_a_shell_says_so(sandbox, tmp_path):
    plan = Plan()
    plan.unshare(0x20000)
    plan.root_bind(str(tmp_path))
    with pytest.raises(ExecFailed) as failed:
        sandbox.run("/bin/true", plan=plan)
    assert not failed.value.has_shell


def test_a_plan_that_ends_too_soon_is_refused(sandbox):
    plan = sandbox.begin()
    with pytest.raises(StepFailed) as failed:
        sandbox.spawn(plan.encode()).wait_ready(20)
    assert failed.value.errno == errno.EINVAL


def test_a_failure_names_step_path_and_the_kernels_words(sandbox):
    plan = sandbox.begin()
    plan.mount("tmpfs", "/tmp", options=[("size", "a lot")])
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.MOUNT, errno.EINVAL)
    assert failed.value.filename == "size"
    assert "Bad value for 'size'" in failed.value.detail


def test_a_container_that_is_ready_and_given_up_ends(sandbox, code):
    child = sandbox.spawn(sandbox.finish(sandbox.begin(), "true"))
    child.wait_ready(20)
    watched = os.dup(child.pidfd)
    child.close()
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    assert poll.poll(5000)
    os.close(watched)


def test_a_plan_may_go_on_without_a_word(sandbox, code):
    child = sandbox.spawn(sandbox.finish(sandbox.begin(), "sh", "-c", "exit 3", wait=False))
    assert code(child) == 3


def test_waiting_has_a_limit_and_can_go_on(sandbox):
    child = sandbox.spawn(sandbox.finish(sandbox.begin(), "true"))
    child.wait_ready(20)
    with pytest.raises(TimeoutError):
        child._next(0.01)
    child.start(20)


def test_the_status_is_kept(sandbox, code):
    child = sandbox.start(sandbox.finish(sandbox.begin(), "sh", "-c", "exit 5"))
    assert code(child) == 5
    child.close()
    assert child.exit_status() == 5 << 8


def test_a_status_asked_for_too_soon_is_not_waited_for(sandbox):
    child = sandbox.start(sandbox.finish(sandbox.begin(), "sleep", "100"))
    with pytest.raises(BlockingIOError):
        child.exit_status()
