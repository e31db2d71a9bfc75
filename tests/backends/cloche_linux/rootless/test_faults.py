"""Every step of a normal user's container can fail, and nothing of it is left."""

from __future__ import annotations

import pytest

from .person import Person

#: Lets each step of a plan fail in turn: the steps, and what was not as it should be.
CAMPAIGN = """
    from injection import FAULT, Injector
    from cloche_linux.plan import Plan
    from cloche_linux.steps import Step

    injector, original = Injector(), Plan.encode
    Plan.encode = lambda plan: injector.encode(plan, original)
    injector.sign = Step[os.environ["SIGN"]]

    def play():
        if injector.sign is Step.JOIN_PROCESS:
            with engine.start(rootfs=ROOTFS, idle=True) as box:
                box.run(["true"])
        else:
            run("true", hostname="named")

    play()
    points = injector.seen[-1]
    before = len(os.listdir("/proc/self/fd"))
    wrong = []
    for number, point in enumerate(points):
        injector.step = point.step
        injector.occurrence = sum(each.step is point.step for each in points[: number + 1])
        try:
            play()
        except cloche.CommandFailed as error:
            seen = [point.step.name.lower(), FAULT, point.path] if "(ENOTUNIQ)" in str(error) else 0
        except cloche.BackendError as error:
            seen = [error.step, error.errno, error.path or ""]
        else:
            seen = "nothing"
        if seen != [point.step.name.lower(), FAULT, point.path]:
            wrong.append([point, seen])
    injector.step = None
    play()
    left = len(os.listdir("/proc/self/fd")) - before
    tell([sorted({point.step.name for point in points}), wrong, left, len(engine.list(all=True))])
"""


@pytest.mark.parametrize("sign", ["PROPAGATION", "JOIN_PROCESS"])
def test_a_failing_step_is_named_and_leaves_nothing(person: Person, sign: str) -> None:
    steps, wrong, descriptors, containers = person.tells(CAMPAIGN, SIGN=sign)
    assert (wrong, containers) == ([], 0)
    assert descriptors <= 0
    if sign == "JOIN_PROCESS":
        assert {"JOIN_PROCESS", "FORK", "IDENTITY", "EXECUTE"} <= {*steps}
    else:
        mapping = "MAP_SELF" if person.single else "MAP_BY_PARENT"
        assert {mapping, "REEXECUTE", "FORK", "SCRATCH", "PIVOT", "EXECUTE"} <= {*steps}
