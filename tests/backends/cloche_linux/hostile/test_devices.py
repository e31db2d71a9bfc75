"""Device nodes: those of an image mean nothing, and a link in the place of one is not followed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

import cloche
from cloche import hookimpl
from cloche.layers import Layer, LayerStore, LayerStoreDescriptor, RootFilesystem
from cloche.probe import Supported
from cloche_linux.failures import StepFailed
from cloche_linux.kernel import Namespace, Propagation
from cloche_linux.plan import Plan
from cloche_linux.spawn import spawn

from .exchanging import exchanging

ZERO = os.makedev(1, 5)


class Plain(LayerStore):
    """Gives out a layer's directory as it is."""

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        return RootFilesystem(form="path", path=str(layers[0].path))

    def release(self, id: str) -> None:
        """Nothing was made."""

    def list(self) -> Iterable[str]:
        return ()


class PlainPlugin:
    @hookimpl
    def cloche_layer_stores(self) -> list[LayerStoreDescriptor]:
        return [
            LayerStoreDescriptor(
                name="plain", ceiling=1, offers=("path",), kinds=frozenset({"directory"}),
                probe=lambda argument: Supported(1), open=lambda context: Plain(),
            )
        ]  # fmt: skip


@pytest.mark.parametrize("store", ["overlay", "plain"])
def test_a_device_in_an_image_is_not_to_be_opened(image: Path, tmp_path: Path, store: str) -> None:
    """Root inside could open the host's disk by one, and needs no right to make it."""
    os.mknod(image / "zero", stat.S_IFCHR | 0o666, ZERO)
    os.chmod(image / "zero", 0o666)
    script = "head -c1 /zero 2>&1; head -c1 /dev/zero | wc -c"
    with cloche.Engine(
        runtime="linux", layer_store=store, root=tmp_path / "state", plugins=[PlainPlugin()]
    ) as engine:
        done = engine.run(["sh", "-c", script], rootfs=image, capture_output=True, text=True)
    assert done.stdout == "head: /zero: Permission denied\n1\n"


def test_a_device_that_turns_into_a_link_meanwhile_gives_nothing_away(tmp_path: Path) -> None:
    """Whoever shares a directory with a container would have root change modes of host files."""
    canary, shared = tmp_path / "canary", tmp_path / "shared"
    canary.touch(mode=0o600)
    shared.mkdir()
    os.mknod(shared / "zero", stat.S_IFCHR | 0o600, ZERO)
    (shared / "link").symlink_to(canary)
    ended = time.monotonic() + 1.5
    with exchanging(shared / "zero", shared / "link"):
        while time.monotonic() < ended:
            adopt(tmp_path)
    assert stat.S_IMODE(canary.stat().st_mode) == 0o600


def adopt(root: Path) -> None:
    plan = Plan()
    plan.unshare(Namespace.MOUNT)
    plan.propagation(Propagation.PRIVATE)
    plan.root_bind(str(root))
    for _ in range(200):
        plan.device("/shared/zero", stat.S_IFCHR | 0o666, ZERO)
    plan.pivot()
    plan.ready()
    with spawn(plan.encode()) as child:
        try:
            child.wait_ready(10)
        except StepFailed:
            return
