"""Further processes: ``Container.exec`` and ``Container.run``."""

from __future__ import annotations

import pytest

from cloche import PIPE, CommandFailed, InvalidSpec, InvalidState, Reason


@pytest.fixture
def box(engine):
    with engine.start(idle=True, name="box", env={"OWN": "1"}) as container:
        yield container


def test_run_in_it(box):
    result = box.run(["echo", "hi"], capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("hi\n", 0)


def test_it_has_the_containers_environment_and_its_own(box):
    result = box.run(["env"], env=["NEW=2"], stdout=PIPE, text=True)
    assert {"OWN=1", "NEW=2"} <= set(result.stdout.splitlines())


def test_its_timeout_leaves_the_container_running(box):
    assert box.run(["sleep", "60"], timeout=0.05).reason is Reason.TIMEOUT
    assert box.run(["true"]).returncode == 0


def test_check(box):
    with pytest.raises(CommandFailed) as caught:
        box.run(["exit", "4"], check=True)
    assert caught.value.result.returncode == 4


def test_a_missing_program(box):
    with pytest.raises(CommandFailed) as caught:
        box.exec(["nowhere"], stdout=PIPE)
    assert caught.value.exit_code == 127


def test_exec_lives_on_its_own(box):
    process = box.exec(["cat"], stdin=PIPE, stdout=PIPE, text=True)
    assert process.poll() is None
    assert process.communicate("x") == ("x", None)
    process.close()


def test_exec_as_a_block_ends_with_it(box):
    with box.exec(["sleep", "60"]) as process:
        assert process.returncode is None
    assert process.returncode == -9


def test_the_container_goes_with_what_runs_in_it(engine):
    with engine.start(idle=True) as container:
        process = container.exec(["sleep", "60"])
    assert process.wait(5) == -9


def test_from_another_engine_of_the_same_place(box, place, engine):
    """What another terminal does: everything it needs to know is in the record."""
    again = engine.get("box")
    assert again.run(["env"], stdout=PIPE, text=True).stdout.count("OWN=1") == 1


def test_in_what_has_stopped(engine):
    with engine.start(["true"], name="web") as container:
        container.wait()
        with pytest.raises(InvalidState, match="exec needs a running container") as caught:
            container.run(["true"])
    assert "--idle" in caught.value.hint


def test_no_descriptor_stays(box, settled):
    box.run(["cat"], input="x", capture_output=True)
    before = settled()
    for _ in range(3):
        box.run(["cat"], input="x", capture_output=True)
        with pytest.raises(CommandFailed):
            box.run(["nowhere"], capture_output=True)
    assert settled() == before


def test_a_containers_parameter_is_not_one_of_exec(box):
    with pytest.raises(TypeError, match="memory"):
        box.run(["true"], memory="1M")


def test_workdir_and_user(box, recorder):
    with pytest.raises(InvalidSpec, match="workdir"):
        box.run(["true"], workdir="relative")
