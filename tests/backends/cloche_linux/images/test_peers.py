"""What we push, podman and skopeo run and read; what they push, we run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from registries import images as made

from cloche.images import Platform

HERE = {"os": "linux", "architecture": Platform.here().architecture}

CGROUPS = f"cloche-peer-{os.getpid()}"
#: No limits that this machine's root may not raise, no locks in memory that all share.
SETTINGS = """
[containers]
default_ulimits = []
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
"""


@pytest.fixture
def podman() -> Iterator[Callable[..., str]]:
    """Podman with a store of its own; it wants short paths."""
    with TemporaryDirectory(prefix="peer-") as home:
        places = ["--root", f"{home}/p", "--runroot", f"{home}/r", "--tmpdir", f"{home}/t"]
        settings = Path(home, "containers.conf")
        settings.write_text(SETTINGS)
        own = {**os.environ, "XDG_RUNTIME_DIR": home, "TMPDIR": home}
        own["CONTAINERS_CONF"] = str(settings)

        def run(*words: str) -> str:
            command = ["podman", *places, "--storage-driver", "vfs", *words]
            done = subprocess.run(command, capture_output=True, text=True, env=own)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run
        run("rm", "--all", "--force")
        for folder, names, _ in os.walk("/sys/fs/cgroup"):  # also while others take theirs away
            if CGROUPS in names:
                names.remove(CGROUPS)
                remove(Path(folder, CGROUPS))


def remove(group: Path) -> None:
    """Take a group away, or what podman puts in the place of one whose controller is not there."""
    if group.stat().st_dev == Path("/sys/fs/cgroup").stat().st_dev:
        shutil.rmtree(group)
        return
    for each in sorted(group.glob("**/"), reverse=True):
        each.rmdir()


def skopeo(*words: str) -> str:
    done = subprocess.run(["skopeo", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_podman_runs_what_we_push(engine, registry, upload, podman):
    upload(made.busybox(platform=HERE), "ours:1")
    engine.images.pull(f"{registry}/ours:1")
    engine.images.push(f"{registry}/ours:1", f"{registry}/pushed:1")
    flags = ("--tls-verify=false", "--network=none", f"--cgroup-parent=/{CGROUPS}")
    assert podman("run", "--rm", *flags, f"{registry}/pushed:1") == "hello\n"


def test_we_run_what_podman_pushes(engine, registry, upload, podman):
    upload(made.busybox(platform=HERE), "theirs:1")
    podman("pull", "--tls-verify=false", f"{registry}/theirs:1")
    podman("push", "--tls-verify=false", f"{registry}/theirs:1", f"{registry}/from-podman:1")
    image = f"{registry}/from-podman:1"
    assert engine.run([], image=image, capture_output=True).stdout == b"hello\n"


@pytest.mark.parametrize(
    ("format", "compression"), [("oci", "gzip"), ("v2s2", "gzip"), ("oci", "zstd")]
)
def test_we_run_what_skopeo_copies(engine, registry, upload, format, compression):
    upload(made.busybox(platform=HERE), "source:1")
    options = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    options += ["--format", format, "--dest-compress-format", compression, "--dest-compress"]
    place = f"docker://{registry}/copied-{format}-{compression}:1"
    skopeo("copy", *options, f"docker://{registry}/source:1", place)
    image = place.removeprefix("docker://")
    assert engine.run([], image=image, capture_output=True).stdout == b"hello\n"


def test_skopeo_reads_an_index_that_we_push(engine, registry, upload):
    other = made.busybox(platform={"os": "linux", "architecture": "s390x"})
    upload(made.index(made.busybox(platform=HERE), other), "index:1")
    for platform in (None, "linux/s390x"):
        engine.images.pull(f"{registry}/index:1", platform=platform)
    pushed = engine.images.push(f"{registry}/index:1", f"{registry}/again:1")
    raw = skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{registry}/again:1")
    assert len(json.loads(raw)["manifests"]) == 2
    assert made.digest_of(raw.encode()) == pushed.digest


def test_of_half_an_index_the_image_is_pushed(engine, registry, upload):
    other = made.busybox(platform={"os": "linux", "architecture": "s390x"})
    mine = made.busybox(platform=HERE)
    upload(made.index(mine, other), "half:1")
    engine.images.pull(f"{registry}/half:1")
    pushed = engine.images.push(f"{registry}/half:1", f"{registry}/mine:1")
    assert pushed.digest == mine.digest


@pytest.mark.parametrize("format", ["docker-archive", "oci-archive"])
def test_podman_loads_what_we_save_and_we_load_what_it_saves(
    engine, registry, upload, podman, tmp_path, format
):
    name = f"{registry}/saved:1"
    digest = upload(made.busybox(platform=HERE), "saved:1")
    engine.images.pull(name)
    engine.images.save(name, tmp_path / "ours.tar", format=format)
    assert name in podman("load", "-i", str(tmp_path / "ours.tar"))
    podman("save", "--format", format, "-o", str(tmp_path / "theirs.tar"), name)
    engine.images.remove(name)
    (loaded,) = engine.images.load(tmp_path / "theirs.tar")
    assert loaded.name == name
    assert engine.run([], image=name, pull="never", capture_output=True).stdout == b"hello\n"
    engine.images.remove(name)
    (back,) = engine.images.load(tmp_path / "ours.tar")
    assert back.digest == digest


def test_skopeo_reads_the_content_store_itself(engine, registry, upload, state: Path):
    upload(made.busybox(platform=HERE), "layout:1")
    engine.images.pull(f"{registry}/layout:1")
    home = state / "data/images"
    found = json.loads(skopeo("inspect", "--config", f"oci:{home}:{registry}/layout:1"))
    assert found["config"]["Cmd"] == ["/bin/echo", "hello"]
