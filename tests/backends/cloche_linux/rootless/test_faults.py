"""Every step of a normal user's container can fail, and nothing of it is left."""

from __future__ import annotations

import shutil

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


def test_too_few_processes_are_told_at_every_step(person: Person) -> None:
    errors, last, containers = person.tells(
        """
        import resource

        run("true")
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        outcomes = []
        for limit in range(1, 60):
            resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
            try:
                outcomes.append([run("echo fine")])
            except cloche.ClocheError as error:
                outcomes.append([type(error).__name__, str(error), error.hint])
            except AssertionError:  # the shell itself could make no process
                outcomes.append(["Unavailable", "resource temporarily unavailable", None])
            resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
            if outcomes[-1] == ["fine\\n"]:
                break
        tell([outcomes[:-1], outcomes[-1], len(engine.list(all=True))])
        """
    )
    assert (last, containers) == (["fine\n"], 0)
    assert errors[0] == [
        "Unavailable",
        "spawn: resource temporarily unavailable",
        "let this user have more processes: ulimit -u",
    ]
    wording = ("resource temporarily unavailable", "Resource temporarily unavailable (EAGAIN)")
    assert [line for _, line, _ in errors if not line.endswith(wording)] == []


@pytest.mark.parametrize("place", ["", "/run/containers"])
def test_a_place_that_cannot_be_written_is_named(person: Person, place: str) -> None:
    root = person.home / "fixed"
    line, hint = person.tells(
        f"""
        root = os.environ["FIXED"]
        other = cloche.Engine(runtime="linux", root=root)
        if {place!r} != "":
            other.run(["true"], rootfs=ROOTFS)
        os.makedirs(root, exist_ok=True)
        os.chmod(root + {place!r}, 0o500)
        other = cloche.Engine(runtime="linux", root=root)
        told = refusal(lambda: other.run(["true"], rootfs=ROOTFS))
        os.chmod(root + {place!r}, 0o700)
        tell(told[1:])
        """,
        FIXED=str(root),
    )
    assert line.startswith(str(root))
    assert line.endswith(": permission denied")
    assert hint == "name a directory of your own by CLOCHE_ROOT"
    shutil.rmtree(root)
