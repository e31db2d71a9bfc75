"""The root directory: overlays and binds, their limits, and nothing of the host behind them."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from pathlib import Path

import pytest

from cloche_linux.kernel import Attribute, Namespace, Propagation
from cloche_linux.plan import Plan
from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Step

MOUNT = Namespace.MOUNT


@pytest.fixture
def plan():
    """A plan that has only a mount namespace of its own."""
    plan = Plan()
    plan.unshare(MOUNT)
    plan.propagation(Propagation.PRIVATE)
    return plan


def layer(directory: Path, **files: str) -> str:
    directory.mkdir()
    for name, text in files.items():
        (directory / name).write_text(text)
    return str(directory)


def test_layers_lie_topmost_first(sandbox, plan, tmp_path):
    low, high = layer(tmp_path / "1", a="low", b="low"), layer(tmp_path / "2", a="high")
    plan.scratch()
    plan.root_overlay([high, low, sandbox.root], scratch=True)
    assert sandbox.run("cat", "/a", "/b", plan=plan).output == "highlow"


def test_names_that_overlay_reads_as_options_are_names(sandbox, plan, tmp_path):
    odd = layer(tmp_path / "a:b,c\\d e", odd="yes")
    plan.scratch()
    plan.root_overlay([odd, sandbox.root], scratch=True)
    assert sandbox.run("cat", "/odd", plan=plan).output == "yes"


def test_a_path_may_be_longer_than_an_option(sandbox, plan, tmp_path):
    deep = tmp_path / ("x" * 200) / ("y" * 200)
    deep.parent.mkdir()
    plan.scratch()
    plan.root_overlay([layer(deep, deep="yes"), sandbox.root], scratch=True)
    assert sandbox.run("cat", "/deep", plan=plan).output == "yes"


def test_there_may_be_128_layers(sandbox, plan, tmp_path):
    layers = [layer(tmp_path / str(i), **{f"f{i}": ""}) for i in range(127)]
    plan.scratch()
    plan.root_overlay([*layers, sandbox.root], scratch=True)
    assert sandbox.run("sh", "-c", "ls -d /f* | wc -l", plan=plan).output.strip() == "127"


FSCONFIG, SET_FD = 431, 5


def forget_layers_by_descriptor() -> None:
    """Filter this process so that its kernel is as one before 6.13: layers go by path."""
    load = [(0x20, 0, 0, 0), (0x15, 0, 3, FSCONFIG), (0x20, 0, 0, 24), (0x15, 0, 1, SET_FD)]
    end = [(0x06, 0, 0, 0x00050000 | errno.EINVAL), (0x06, 0, 0, 0x7FFF0000)]
    program = b"".join(struct.pack("=HBBI", *each) for each in load + end)
    instructions = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    assert ctypes.CDLL(None).prctl(22, 2, ctypes.create_string_buffer(header)) == 0


def test_an_older_kernel_is_given_the_layers_by_path(sandbox, plan, fork, tmp_path):
    """Odd names and private tmpfs included. The control shows that the filter is in force."""
    odd = layer(tmp_path / "a:b,c", odd="yes")
    plan.scratch()
    plan.root_overlay([odd, sandbox.root], scratch=True)
    plan.mount("proc", "/proc")
    encoded = sandbox.finish(plan, "sh", "-c", "cat /odd /proc/self/mounts; echo x > /new")

    def embed():
        forget_layers_by_descriptor()
        return sandbox.ended(encoded)

    ended = fork(embed)
    assert (ended.code, ended.output[:3]) == (0, "yes")
    assert "/proc/self/fd/" in ended.output


def test_writes_go_to_the_upper_directory_only(sandbox, plan, tmp_path):
    upper, work = layer(tmp_path / "upper"), layer(tmp_path / "work")
    plan.root_overlay([sandbox.root], upper, work, options=[("volatile", None)])
    assert sandbox.run("sh", "-c", "echo x > /new; rm -r /etc", plan=plan).code == 0
    assert (tmp_path / "upper/new").read_text() == "x\n"
    assert not Path(sandbox.root, "new").exists()
    assert Path(sandbox.root, "etc").exists()


def test_without_an_upper_directory_the_root_cannot_be_written(sandbox, plan, tmp_path):
    plan.root_overlay([layer(tmp_path / "1"), sandbox.root])
    assert "Read-only file system" in sandbox.run("touch", "/x", plan=plan).output


def test_the_private_tmpfs_has_the_size_that_was_asked_for(sandbox):
    """The control: as much as fits can be written."""
    fits = sandbox.run("dd", "if=/dev/zero", "of=/x", "bs=1k", "count=500", plan=with_dev(sandbox))
    assert fits.code == 0
    big = sandbox.run("dd", "if=/dev/zero", "of=/x", "bs=1k", "count=2000", plan=with_dev(sandbox))
    assert "No space left on device" in big.output


def with_dev(sandbox):
    plan = sandbox.begin(size=1 << 20)
    plan.mount("tmpfs", "/dev")
    plan.device("/dev/zero", 0o20666, os.makedev(1, 5))
    return plan


def test_an_overlays_root_looks_like_its_topmost_layer(sandbox, plan, tmp_path):
    top = layer(tmp_path / "top")
    os.chmod(top, 0o751)
    os.chown(top, 12, 34)
    plan.scratch()
    plan.root_overlay([top, sandbox.root], scratch=True)
    assert sandbox.run("stat", "-c", "%a %u %g", "/", plan=plan).output == "751 12 34\n"


def test_a_layer_that_is_missing_is_named(sandbox, plan):
    plan.root_overlay([sandbox.root, "/nowhere/at/all"], scratch=False)
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.ROOT_OVERLAY, errno.ENOENT)
    assert failed.value.filename == "/nowhere/at/all"


def test_a_directory_can_be_the_root(sandbox, plan, tmp_path):
    plan.root_bind(sandbox.root)
    assert sandbox.run("ls", "/", plan=plan).output.split() == sorted(os.listdir(sandbox.root))


def test_the_root_can_be_read_only(sandbox, plan):
    plan.root_bind(sandbox.root)
    plan.root_attributes(Attribute.RDONLY)
    assert "Read-only file system" in sandbox.run("touch", "/x", plan=plan).output


@pytest.mark.parametrize(
    ("attributes", "said"),
    [(0, ""), (Attribute.NODEV, "Permission denied")],
    ids=["control", "nodev"],
)
def test_devices_on_the_root_can_be_made_to_mean_nothing(sandbox, plan, tmp_path, attributes, said):
    pair = layer(tmp_path / "upper"), layer(tmp_path / "work")
    plan.root_overlay([sandbox.root], *pair, attributes=attributes)
    plan.device("/null", 0o20666, os.makedev(1, 3))
    output = sandbox.run("cat", "/null", plan=plan).output
    assert said in output if said else output == ""


def test_nothing_of_the_host_is_mounted_behind_the_root(sandbox):
    """Neither the host's mounts nor the private tmpfs, and no way up."""
    ended = sandbox.run("sh", "-c", "cut -d' ' -f2 /proc/self/mounts; ls /../..")
    mounts, names = ended.output.split("\n")[:2], ended.output.split("\n")[2:]
    assert mounts == ["/", "/proc"]
    assert "busybox" not in names
    assert set(filter(None, names)) == set(os.listdir(sandbox.root))


@pytest.mark.parametrize("attach", ["/", "/tmp"])
def test_the_root_can_be_attached_anywhere(sandbox, plan, tmp_path, attach):
    pair = layer(tmp_path / "upper"), layer(tmp_path / "work")
    plan.root_overlay([sandbox.root], *pair, attach=attach)
    assert sandbox.run("true", plan=plan).code == 0


def test_nothing_shows_in_the_hosts_mounts(sandbox):
    before = Path("/proc/self/mounts").read_text()
    assert sandbox.run("true").code == 0
    assert Path("/proc/self/mounts").read_text() == before
