"""Every step can fail: the error names step, path and errno, and nothing is left."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import cloche
from cloche.errors import BackendError, CommandFailed
from cloche_linux.steps import Step

from .conftest import Left
from .injection import FAULT, Injector, Point
from .scenes import SCENES

#: Steps that no way through an engine leads to, each with where it is made to fail instead.
ELSEWHERE = {
    Step.PLAN: "a plan that cannot be read: native/test_decoder.py",
    Step.MAP_SELF: "a user without privileges: rootless/test_faults.py",
    Step.ROOT_BIND: "roots that are a path: native/test_faults.py",
    Step.ENTER_ROOT: "bundles among the host's mounts: native/test_faults.py",
    Step.GROUP_BY_PARENT: "machines with systemd only: native/test_faults.py",
    Step.PROBE: "native/test_faults.py",
    Step.SEND_NETLINK: "devices for a bundle: native/test_faults.py",
    Step.LABEL: "kernels with AppArmor or SELinux: native/test_faults.py",
    Step.AWAIT_START: "who waits there has no maker to tell: native/test_faults.py",
    Step.FIND_PROGRAM: "containers that are adopted: native/test_faults.py",
    Step.GIVE_STREAMS: "containers that are adopted: native/test_faults.py",
}
REASON = f"{os.strerror(FAULT)} (ENOTUNIQ)"


def attempts() -> Iterator[tuple[str, Step]]:
    for name, scene in SCENES.items():
        for step in sorted(scene.steps - ELSEWHERE.keys()):
            yield name, step


def test_the_scenes_have_every_step() -> None:
    covered = {step for _, step in attempts()}
    assert {*Step} - covered == {*ELSEWHERE}


@pytest.mark.parametrize("name", SCENES)
def test_without_a_fault_a_scene_works_and_its_plan_has_these_steps(
    engine: cloche.Engine, busybox: str, injector: Injector, left: Left, name: str
) -> None:
    scene = SCENES[name]
    injector.sign = scene.sign
    injector.seen.clear()
    scene.play(engine, busybox)
    (points,) = injector.seen
    assert {point.step for point in points} == scene.steps
    assert left() == {}


@pytest.mark.parametrize(("name", "step"), [*attempts()])
def test_a_failing_step_is_named_and_leaves_nothing(
    engine: cloche.Engine, busybox: str, injector: Injector, left: Left, name: str, step: Step
) -> None:
    scene = SCENES[name]
    injector.sign, injector.step = scene.sign, step
    occurrence, times, ids = 1, 1, []
    while occurrence <= times:
        injector.seen.clear()
        injector.occurrence = occurrence
        with pytest.raises((BackendError, CommandFailed)) as caught:
            scene.play(engine, busybox)
        points = [point for point in injector.seen[-1] if point.step is step]
        check(caught.value, points[occurrence - 1])
        ids.append(caught.value.container)
        times, occurrence = len(points), occurrence + 1
    assert left(*ids) == {}


def check(error: cloche.ClocheError, point: Point) -> None:
    """See that an error tells of the fault at this point, and of nothing that went wrong after."""
    assert getattr(error, "__notes__", []) == []
    if isinstance(error, CommandFailed):
        what = {
            Step.EXECUTE: f"command cannot be run: true: {REASON}",
            Step.WORKING_DIRECTORY: f"working directory {point.path}: {REASON}",
        }
        assert (str(error), error.exit_code) == (what[point.step], 126)
        return
    assert isinstance(error, BackendError)
    step = point.step.name.lower()
    assert (error.step, error.errno, error.path) == (step, FAULT, point.path or None)
    step = f"error running startContainer hook #{0}:" if point.step is Step.HOOK else step
    assert str(error) == f"{step}{' ' if point.path else ''}{point.path}: {REASON}"
