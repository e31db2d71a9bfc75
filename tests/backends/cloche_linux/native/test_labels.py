"""Labels are written into the host's procfs, by the process they are for, and where it is one.

This kernel has no module that takes a label; other files of the same place show whose they are.
"""

from __future__ import annotations

import errno
import os

import pytest

from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Extra, Step

EXEC = "thread-self/attr/exec"


@pytest.fixture
def labelled(sandbox):
    """Begins a container and labels it after it has left the host's root; spawns what is made."""
    opened: list[int] = []

    def start(directory: str, file: str, label: str, *argv: str):
        opened.append(os.open(directory, os.O_PATH))
        plan = sandbox.begin()
        plan.pivot()
        plan.label(Extra(0), file, label)
        plan.ready()
        plan.init()
        plan.descriptors()
        plan.execute(argv, ["PATH=/bin"])
        return plan.encode(), [opened[-1]]

    yield start
    for descriptor in opened:
        os.close(descriptor)


def test_what_is_written_is_the_programs_too(sandbox, labelled):
    encoded, extras = labelled(
        "/proc", "thread-self/oom_score_adj", "1000", "cat", "/proc/self/oom_score_adj"
    )
    assert sandbox.ended(encoded, extras=extras).output == "1000\n"


def test_nobody_inside_finds_the_hosts_procfs(sandbox, labelled):
    encoded, extras = labelled("/proc", "thread-self/oom_score_adj", "1000", "true")
    child = sandbox.spawn(encoded, extras=extras)
    child.wait_ready(20)
    held = f"/proc/{child.pid}/fd"
    assert "/proc" not in {os.readlink(f"{held}/{each}") for each in os.listdir(held)}


@pytest.mark.parametrize(
    ("directory", "file", "error"),
    [
        ("/proc", EXEC, errno.EINVAL),
        ("/proc", "thread-self/attr/nosuch", errno.ENOENT),
        ("/tmp", EXEC, errno.EXDEV),
        ("/proc", "thread-self/root/dev/null", errno.ELOOP),
        ("/proc", "../proc/thread-self/attr/exec", errno.EXDEV),
        ("/proc/self", "task", errno.EISDIR),
    ],
    ids=["no module", "no file", "no procfs", "out by a link", "out", "a directory"],
)
def test_what_the_kernel_does_not_take_is_told_and_nothing_is_left(
    sandbox, labelled, directory, file, error
):
    encoded, extras = labelled(directory, file, "exec profile", "true")
    with pytest.raises(StepFailed) as failed:
        sandbox.spawn(encoded, extras=extras).wait_ready(20)
    assert (failed.value.step, failed.value.errno) == (Step.LABEL, error)
    assert failed.value.filename == file
