"""Files that a plan makes, and paths that it hides."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from cloche_linux.kernel import Attribute
from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Step

NULL = os.makedev(1, 3)


@pytest.fixture
def plan(sandbox):
    return sandbox.begin()


def test_a_file_has_content_mode_and_owner(sandbox, plan):
    plan.file("/new/sub/file", b"text\n", 0o4750, 12, 34)
    ended = sandbox.run(
        "sh", "-c", "cat /new/sub/file; stat -c '%a %u %g' /new/sub/file", plan=plan
    )
    assert ended.output == "text\n4750 12 34\n"


def test_a_file_may_be_large(sandbox):
    plan = sandbox.begin(size=32 << 20)
    plan.file("/big", bytes(8 << 20))
    assert sandbox.run("stat", "-c", "%s", "/big", plan=plan).output == f"{8 << 20}\n"


def test_a_file_takes_the_place_of_a_link_and_never_follows_it(sandbox, plan):
    plan.file("/target", b"untouched")
    plan.symlink("/link", "/target")
    plan.file("/link", b"new ")
    assert sandbox.run("cat", "/link", "/target", plan=plan).output == "new untouched"


def test_a_file_does_not_take_the_place_of_a_directory(sandbox, plan):
    plan.file("/etc", b"")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.FILE, errno.EISDIR)


@pytest.mark.parametrize("path", ["/etc/..", "/etc/.", "/etc/"])
def test_a_file_needs_a_name(sandbox, plan, path):
    plan.file(path, b"")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert failed.value.errno == errno.EINVAL


def test_a_directory_is_made_or_left_as_it_is(sandbox, plan):
    plan.directory("/a/b", 0o1777, 12, 34)
    plan.directory("/a/b", 0o700)
    ended = sandbox.run("stat", "-c", "%a %u %g", "/a", "/a/b", plan=plan)
    assert ended.output == "755 0 0\n1777 12 34\n"


def test_a_device_is_made(sandbox, plan):
    plan.device("/dev/null", stat.S_IFCHR | 0o666, NULL, 12, 34)
    ended = sandbox.run("stat", "-c", "%F %a %u %g %t:%T", "/dev/null", plan=plan)
    assert ended.output == "character special file 666 12 34 1:3\n"


def test_a_device_that_exists_is_adopted(sandbox, plan):
    plan.device("/dev/null", stat.S_IFCHR | 0o600, NULL)
    plan.device("/dev/null", stat.S_IFCHR | 0o666, NULL, 12)
    assert sandbox.run("stat", "-c", "%a %u", "/dev/null", plan=plan).output == "666 12\n"


def test_another_device_in_its_place_is_refused(sandbox, plan):
    plan.device("/dev/null", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    plan.device("/dev/null", stat.S_IFCHR | 0o666, NULL)
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.DEVICE, errno.EEXIST)


def test_a_link_that_exists_is_left_alone(sandbox, plan):
    plan.symlink("/link", "first")
    plan.symlink("/link", "second")
    assert sandbox.run("readlink", "/link", plan=plan).output == "first\n"


def with_null(plan):
    plan.mount("tmpfs", "/dev")
    plan.device("/dev/null", stat.S_IFCHR | 0o666, NULL)
    return plan


def test_masked_paths_are_empty(sandbox, plan):
    """The control: before, each has something in it."""
    plan.file("/m/one/file", b"secret")
    plan.file("/m/two/file", b"secret")
    plan.file("/m/file", b"secret")
    for path in ("/m/one", "/m/two", "/m/file", "/m/missing", "/m/file/below"):
        with_null(plan).mask(path) if path == "/m/one" else plan.mask(path)
    ended = sandbox.run("sh", "-c", "ls /m /m/one /m/two; cat /m/file; touch /m/one/x", plan=plan)
    assert "secret" not in ended.output
    assert ended.output.startswith("/m:\nfile\none\ntwo\n\n/m/one:\n\n/m/two:\n")
    assert "Read-only file system" in ended.output


def test_a_mask_needs_a_genuine_null_device(sandbox, plan):
    """An image may bring a file, or another device, by that name."""
    plan.file("/dev/null", b"not null")
    plan.mask("/bin/busybox")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.MASK, errno.ENODEV)


def test_a_mask_does_not_follow_the_null_device_elsewhere(sandbox, plan):
    plan.device("/else", stat.S_IFCHR | 0o666, NULL)
    plan.symlink("/dev/null", "/else")
    plan.mask("/bin/busybox")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert failed.value.errno == errno.ENODEV


def test_read_only_paths_keep_their_content(sandbox, plan):
    plan.mount("tmpfs", "/m")
    plan.mount("tmpfs", "/m/below", attributes=Attribute.NOSUID)
    plan.file("/m/file", b"text")
    plan.read_only("/m")
    plan.read_only("/missing")
    ended = sandbox.run("sh", "-c", "cat /m/file; touch /m/x; touch /m/below/x", plan=plan)
    assert ended.output.startswith("text")
    assert ended.output.count("Read-only file system") == 2
