"""Mounts in the root: what they show, what they forbid, and that no link leads them out of it."""

from __future__ import annotations

import errno
import os

import pytest

from cloche_linux.kernel import Attribute, Propagation
from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Step


@pytest.fixture
def plan(sandbox):
    return sandbox.begin()


def options_of(output: str, target: str) -> set[str]:
    """The options that /proc/self/mounts shows for a target, from the output of cat."""
    (line,) = [line for line in output.splitlines() if line.split()[1] == target]
    return set(line.split()[3].split(","))


def test_a_mount_has_its_options_and_attributes(sandbox, plan):
    attributes = Attribute.NOSUID | Attribute.NOEXEC | Attribute.RDONLY
    plan.mount("tmpfs", "/a/b/c", "name", options=[("size", "64k")], attributes=attributes)
    output = sandbox.run("cat", "/proc/self/mounts", plan=plan).output
    assert {"ro", "nosuid", "noexec", "size=64k"} <= options_of(output, "/a/b/c")


@pytest.mark.parametrize("attribute", [Attribute.NOATIME, Attribute.STRICTATIME])
def test_access_times_are_as_asked_for(sandbox, plan, attribute):
    plan.mount("tmpfs", "/m", attributes=attribute)
    plan.bind(sandbox.root, "/b", attributes=attribute)
    output = sandbox.run("cat", "/proc/self/mounts", plan=plan).output
    for target in ("/m", "/b"):
        shown = options_of(output, target)
        assert "relatime" not in shown
        assert ("noatime" in shown) == (attribute == Attribute.NOATIME)


def test_a_file_and_a_directory_can_be_bound_to_places_that_do_not_exist(sandbox, plan, tmp_path):
    (tmp_path / "file").write_text("text")
    plan.bind(str(tmp_path), "/new/directory")
    plan.bind(str(tmp_path / "file"), "/other/file")
    ended = sandbox.run("cat", "/new/directory/file", "/other/file", plan=plan)
    assert ended.output == "texttext"


def test_a_read_only_bind_cannot_be_written(sandbox, plan, tmp_path):
    """The control: without the attribute it can."""
    plan.bind(str(tmp_path), "/ro", attributes=Attribute.RDONLY)
    plan.bind(str(tmp_path), "/rw")
    ended = sandbox.run("sh", "-c", "touch /rw/ok; touch /ro/no", plan=plan)
    assert "/ro/no: Read-only file system" in ended.output
    assert os.listdir(tmp_path) == ["ok"]


@pytest.mark.parametrize("recursive", [False, True], ids=["topmost", "all"])
def test_attributes_are_of_the_topmost_mount_or_of_all(sandbox, plan, recursive):
    """/sys/fs/cgroup, with mounts in it, is on every such machine."""
    plan.bind("/sys/fs/cgroup", "/cg", attributes=Attribute.RDONLY, recursive_attributes=recursive)
    output = sandbox.run("cat", "/proc/self/mounts", plan=plan).output
    below = [line for line in output.splitlines() if line.split()[1].startswith("/cg/")]
    assert below
    assert "ro" in options_of(output, "/cg")
    assert all(("ro" in options_of(output, line.split()[1])) == recursive for line in below)


def test_a_bind_that_is_not_recursive_shows_nothing_below(sandbox, plan):
    plan.bind("/sys/fs/cgroup", "/cg", recursive=False)
    assert " /cg/" not in sandbox.run("cat", "/proc/self/mounts", plan=plan).output


@pytest.mark.parametrize(
    ("propagation", "shown"),
    [(Propagation.SHARED, "shared:"), (Propagation.UNBINDABLE, "unbindable")],
)
def test_a_bind_has_its_propagation(sandbox, plan, tmp_path, propagation, shown):
    plan.bind(str(tmp_path), "/b", propagation=propagation)
    output = sandbox.run("grep", " /b ", "/proc/self/mountinfo", plan=plan).output
    assert shown in output


def test_a_source_is_verified(sandbox, tmp_path):
    found = os.stat(tmp_path)
    plan = sandbox.begin()
    plan.bind(str(tmp_path), "/b", identity=(found.st_dev, found.st_ino))
    assert sandbox.run("true", plan=plan).code == 0
    plan = sandbox.begin()
    plan.bind(str(tmp_path), "/b", identity=(found.st_dev, found.st_ino + 1))
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.errno, failed.value.filename) == (errno.ESTALE, str(tmp_path))


def test_a_file_system_that_is_mounted_gets_other_options(sandbox, plan):
    plan.mount("tmpfs", "/m", options=[("size", "64k")])
    plan.remount("/m", options=[("size", "128k")])
    output = sandbox.run("cat", "/proc/self/mounts", plan=plan).output
    assert "size=128k" in options_of(output, "/m")


def test_the_kernel_says_what_is_wrong_with_an_option(sandbox, plan):
    plan.mount("tmpfs", "/m", options=[("no_such", "1")])
    with pytest.raises(StepFailed, match="no_such") as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.errno, failed.value.filename) == (errno.EINVAL, "no_such")


def test_an_overlay_can_be_mounted_within(sandbox, plan, tmp_path):
    """On the private tmpfs too: each has directories of its own."""
    (tmp_path / "lower").mkdir()
    (tmp_path / "lower/file").write_text("text")
    plan.overlay("/usr", [str(tmp_path / "lower")], scratch=True)
    ended = sandbox.run("sh", "-c", "cat /usr/file; echo > /usr/new; ls /usr", plan=plan)
    assert ended.output == "textfile\nnew\n"
    assert os.listdir(tmp_path / "lower") == ["file"]


def test_an_existing_mount_can_be_changed(sandbox, plan):
    plan.mount("tmpfs", "/m", attributes=Attribute.NOEXEC)
    plan.remount("/m", attributes=Attribute.RDONLY, clear=Attribute.NOEXEC)
    shown = options_of(sandbox.run("cat", "/proc/self/mounts", plan=plan).output, "/m")
    assert "ro" in shown
    assert "noexec" not in shown


def test_what_is_no_mount_cannot_be_changed(sandbox, plan):
    plan.remount("/etc", attributes=Attribute.RDONLY)
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.REMOUNT, errno.EINVAL)


@pytest.mark.parametrize("link", ["/../../../../../..", "../../../../../.."])
def test_links_of_the_image_stay_in_the_root(sandbox, plan, tmp_path, link):
    """Both what exists behind the link and what has to be made there."""
    (tmp_path / "outside").mkdir()
    plan.symlink("/way", f"{link}{tmp_path}")
    plan.directory(f"{tmp_path}/outside")
    plan.mount("tmpfs", "/way/outside")
    plan.file("/way/outside/written", b"")
    plan.mount("tmpfs", "/way/made/below")
    ended = sandbox.run("cat", "/proc/self/mounts", plan=plan)
    assert f"{tmp_path}/outside" in ended.output
    assert f"{tmp_path}/made/below" in ended.output
    assert list(tmp_path.iterdir()) == [tmp_path / "outside"]
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("says", ["/else/where", "else/where"])
def test_a_link_to_nowhere_is_followed_within_the_root(sandbox, plan, says):
    plan.symlink("/link", says)
    plan.mount("tmpfs", "/link/deeper")
    ended = sandbox.run("cat", "/proc/self/mounts", plan=plan)
    assert " /else/where/deeper " in ended.output


def test_links_in_a_circle_end(sandbox, plan):
    plan.symlink("/a", "b")
    plan.symlink("/b", "a")
    plan.mount("tmpfs", "/a/c")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert failed.value.errno == errno.ELOOP


def test_magic_links_are_not_followed(sandbox, plan):
    """/proc/self/cwd is, at that time, a directory of the host."""
    plan.mount("tmpfs", "/proc/self/cwd/tmp")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert failed.value.errno == errno.ELOOP
