"""The contract of finding containers again, and of taking them away."""

from __future__ import annotations

import json

import pytest

from cloche.errors import CommandFailed, NotFound
from cloche.runtime import Capability, Lifetime, State
from cloche.testing.lab import Box, Lab, census, comes_true, needs, settled
from cloche.testing.lab_streams import PATIENCE


class Removing:
    """``load``, ``open``, ``list``, ``delete`` and ``close``."""

    def test_what_runs_is_ended_by_delete(self, lab: Lab) -> None:
        """``delete`` ends what remains, and waits until the processes are gone."""
        box = lab.start(lab.programs.refuses())
        box.streams.read_until(b"ready")
        box.container.delete()
        assert box.init.exit.poll() is not None

    @pytest.mark.parametrize("moment", ["made", "runs", "ended", "failed"])
    def test_delete_is_repeatable_at_any_moment(self, lab: Lab, moment: str) -> None:
        """A container can be deleted whatever it is doing, and any number of times."""
        box = _at(lab, moment)
        box.container.delete()
        box.container.delete()
        with pytest.raises(NotFound):
            lab.runtime.load(box.request.id, box.request.state, None)

    def test_close_is_repeatable_and_raises_nothing(self, lab: Lab) -> None:
        """``close`` of containers and processes raises nothing, at any time, again and again."""
        box = lab.start(lab.programs.exits(0))
        box.init.exit.wait(PATIENCE)
        box.container.delete()
        for _ in range(2):
            box.init.close()
            box.container.close()

    def test_what_never_was_is_not_found(self, lab: Lab) -> None:
        """``load`` of what does not exist raises NotFound."""
        request = lab.request(lab.programs.exits(0))
        with pytest.raises(NotFound):
            lab.runtime.load(request.id, request.state, None)

    def test_what_is_known_of_it_is_small_json(self, lab: Lab) -> None:
        """``info`` of containers and processes is small JSON."""
        box = lab.sleeper()
        for info in (box.container.info, box.init.info):
            text = json.dumps(info)
            assert json.loads(text) == info
            assert len(text) < 1 << 14

    @needs(Capability.LOAD)
    def test_another_finds_it_by_what_was_noted(self, lab: Lab) -> None:
        """``load`` finds a container by its ``info``, and what it finds is as good."""
        box = lab.sleeper()
        info = json.loads(json.dumps(box.container.info))
        found = lab.another_runtime().load(box.request.id, box.request.state, info)
        assert found.state() is State.RUNNING
        assert found.init is not None
        assert found.init.exit.poll() is None
        found.terminate()
        found.init.exit.wait(PATIENCE)
        assert box.init.exit.wait(PATIENCE).exit_code == 137
        assert found.state() is State.STOPPED
        found.delete()
        found.close()

    @needs(Capability.OUTLIVES)
    def test_what_outlives_its_maker_is_found_without_a_record(self, lab: Lab) -> None:
        """``list`` names what is detached, and ``load`` finds it without ``info``, to be ended.

        What has ended may be listed as that, or not any more.
        """
        box = lab.sleeper(Lifetime.DETACHED)
        assert _listed(lab)[box.request.id] is State.RUNNING
        found = lab.another_runtime().load(box.request.id, box.request.state, None)
        assert found.state() is State.RUNNING
        found.terminate()
        assert found.init is not None
        assert found.init.exit.wait(PATIENCE).exit_code == 137
        assert comes_true(lambda: _listed(lab).get(box.request.id, State.STOPPED) is State.STOPPED)
        found.delete()
        found.close()
        assert box.request.id not in _listed(lab)

    @needs(Capability.LOAD, Capability.WAITING_CREATE)
    def test_another_finds_what_waits_for_its_start(self, lab: Lab) -> None:
        """``load`` finds what was only created; it can be deleted, and has never run then."""
        box = lab.create(lab.programs.writes("ran"))
        info = json.loads(json.dumps(box.container.info))
        found = lab.another_runtime().load(box.request.id, box.request.state, info)
        assert found.state() is not State.STOPPED
        found.delete()
        assert found.state() is State.STOPPED
        found.close()
        assert comes_true(lambda: box.container.state() is State.STOPPED)
        with pytest.raises(NotFound):
            lab.runtime.load(box.request.id, box.request.state, None)

    def test_to_ask_for_the_errand_makes_nothing(self, lab: Lab) -> None:
        """``errand`` names another container, or none, and makes nothing, however often."""
        box = lab.sleeper()
        box.container.errand()  # what is loaded on first use may stay
        before = settled()
        errand = box.container.errand()
        assert census().is_no_more_than(before)
        if errand is not None:
            assert errand.id != box.request.id
            assert lab.runtime.accepts(errand)
            assert errand.id not in _listed(lab)

    @needs(Capability.LOAD)
    def test_to_release_a_handle_ends_nothing(self, lab: Lab) -> None:
        """``close`` releases a handle; the container lives on, and can be found again."""
        box = lab.sleeper()
        info = box.container.info
        loaded = lab.runtime.load(box.request.id, box.request.state, info)
        loaded.close()
        loaded.close()
        again = lab.runtime.load(box.request.id, box.request.state, info)
        assert again.state() is box.container.state() is State.RUNNING
        again.close()

    @needs(Capability.LOAD, Capability.EXEC)
    def test_an_executed_process_is_found_by_what_was_noted(self, lab: Lab) -> None:
        """``open`` finds an executed process by its ``info``."""
        box = lab.sleeper()
        process, streams = box.exec(lab.programs.sleeps())
        streams.read_until(b"ready")
        loaded = lab.runtime.load(box.request.id, box.request.state, box.container.info)
        found = loaded.open(process.id, json.loads(json.dumps(process.info)))
        found.kill(9)
        assert process.exit.wait(PATIENCE).exit_code == 137
        found.exit.wait(PATIENCE)
        assert box.container.state() is State.RUNNING
        found.close()
        loaded.close()

    @needs(Capability.LOAD)
    def test_it_may_be_deleted_by_another_handle(self, lab: Lab) -> None:
        """Two handles may delete one container; afterwards nobody finds it."""
        box = lab.sleeper()
        loaded = lab.runtime.load(box.request.id, box.request.state, box.container.info)
        loaded.delete()
        loaded.close()
        assert comes_true(lambda: box.container.state() is State.STOPPED)
        box.container.delete()

    def test_what_is_listed_is_true(self, lab: Lab) -> None:
        """``list`` says what ``state`` says, and names none that is gone.

        It names all containers of our owner that may outlive their maker (OUTLIVES).
        """
        boxes = [lab.sleeper(), lab.start(lab.programs.exits(0))]
        boxes[1].init.exit.wait(PATIENCE)
        listed = _listed(lab)
        for box in boxes:
            if box.request.id in listed or _outlives(lab, box):
                assert listed.get(box.request.id) is box.container.state()
        boxes[0].container.delete()
        assert boxes[0].request.id not in _listed(lab)

    def test_a_whole_life_leaves_nothing(self, lab: Lab) -> None:
        """After any number of whole lives there is no descriptor, child or thread more."""
        _whole_life(lab)
        before = settled()
        for _ in range(3):
            _whole_life(lab)
        assert comes_true(lambda: census().is_no_more_than(before)), (
            f"{census()} instead of {before}"
        )


def _outlives(lab: Lab, box: Box) -> bool:
    detached = box.request.lifetime is Lifetime.DETACHED
    return detached and Capability.OUTLIVES in lab.capabilities


def _at(lab: Lab, moment: str) -> Box:
    if moment == "made":
        return lab.create(lab.programs.sleeps())
    if moment == "runs":
        return lab.sleeper()
    if moment == "ended":
        box = lab.start(lab.programs.exits(0))
        box.init.exit.wait(PATIENCE)
        return box
    box = lab.create(lab.programs.missing())
    with pytest.raises(CommandFailed):
        box.start()
    return box


def _listed(lab: Lab) -> dict[str, State]:
    return {status.id: status.state for status in lab.runtime.list()}


def _whole_life(lab: Lab) -> None:
    box = lab.sleeper()
    if Capability.EXEC in lab.capabilities:
        process, _ = box.exec(lab.programs.exits(0))
        process.exit.wait(PATIENCE)
    box.init.exit.future.cancel()
    lab.discard(box)
