"""What a tmpfs takes over from the directory that it hides."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Step


@pytest.fixture
def plan(sandbox):
    return sandbox.begin()


def test_a_tmpfs_takes_over_what_it_hides(sandbox, plan):
    plan.directory("/d", 0o710, 5, 6)
    plan.directory("/d/sub", 0o701, 7, 8)
    plan.file("/d/sub/text", b"content", 0o4755, 9, 10)
    plan.symlink("/d/link", "sub/text")
    plan.device("/d/pipe", stat.S_IFIFO | 0o604, 0)
    plan.device("/d/null", stat.S_IFCHR | 0o602, os.makedev(1, 3))
    plan.mount("tmpfs", "/d", copy_mode=True, copy_up=True)
    script = (
        "grep -c ' /d tmpfs ' /proc/mounts; cat /d/link; echo; ls -ln /d | awk '{print $1, $3, $4}'"
        "; stat -c '%a %u %g' /d /d/sub /d/sub/text"
    )
    said = sandbox.run("sh", "-c", script, plan=plan).output.splitlines()
    assert said[:2] == ["1", "content"]
    assert set(said[3:7]) == {
        "drwx-----x 7 8",
        "lrwxrwxrwx 0 0",
        "prw----r-- 0 0",
        "crw-----w- 0 0",
    }
    assert said[7:] == ["710 0 0", "701 7 8", "4755 9 10"]


def test_what_is_too_deep_is_not_copied(sandbox, plan):
    plan.directory("/d" + "/x" * 140)
    plan.mount("tmpfs", "/d", copy_up=True)
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.MOUNT, errno.ELOOP)
