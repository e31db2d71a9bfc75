"""A step that fails: what was made before is taken back, and the first error is told."""

from __future__ import annotations

import pytest

from cloche import PIPE, BackendError, CleanupFailed, CommandFailed, NotFound, Result
from cloche.exit import ExitStatus
from cloche.testing import fake_layers, fake_runtime

STEPS = {
    "prepare": (fake_layers.FakeLayerStore, "prepare"),
    "create": (fake_runtime.FakeRuntime, "create"),
    "start": (fake_runtime.FakeContainer, "start"),
}


def failing(message):
    def fail(*_args, **_options):
        raise BackendError(message)

    return fail


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_leaves_nothing(engine, monkeypatch, traces, step):
    monkeypatch.setattr(*STEPS[step], failing(f"{step} broke"))
    with pytest.raises(BackendError, match=f"{step} broke"):
        engine.run(["true"], name="web", capture_output=True)
    assert traces() == []
    monkeypatch.undo()
    assert engine.run(["true"], name="web").returncode == 0


@pytest.mark.parametrize("step", STEPS)
def test_every_descriptor_is_closed_again(engine, monkeypatch, settled, step):
    engine.run(["true"], capture_output=True, input="x")
    before = settled()
    monkeypatch.setattr(*STEPS[step], failing("broke"))
    with pytest.raises(BackendError):
        engine.run(["true"], capture_output=True, input="x")
    assert settled() == before


def test_a_stream_that_cannot_be_opened_leaves_nothing(engine, traces, tmp_path):
    from cloche import StreamTarget

    target = StreamTarget(driver="file", argument=str(tmp_path / "nowhere" / "out"))
    with pytest.raises(NotFound):
        engine.run(["true"], stdin=None, stdout=PIPE, stderr=target)
    assert traces() == []


def test_the_first_error_wins_and_later_ones_are_notes(engine, monkeypatch):
    monkeypatch.setattr(*STEPS["start"], failing("start broke"))
    monkeypatch.setattr(fake_layers.FakeLayerStore, "release", failing("release broke"))
    with pytest.raises(BackendError, match="start broke") as caught:
        engine.run(["true"])
    assert any("release broke" in note for note in caught.value.__notes__)
    monkeypatch.undo()
    engine.prune()


def test_what_could_not_be_taken_back_keeps_its_record(engine, monkeypatch, traces, settled):
    """Its record is the last memory of the leak: a later removal finishes the work."""
    engine.run(["true"])  # what is opened on first use stays
    before = settled()
    monkeypatch.setattr(*STEPS["start"], failing("start broke"))
    monkeypatch.setattr(fake_layers.FakeLayerStore, "release", failing("release broke"))
    with pytest.raises(BackendError):
        engine.run(["true"], name="web")
    assert settled() == before
    monkeypatch.undo()
    engine.get("web").remove(force=True)
    assert traces() == []


def test_a_removal_that_fails_tells_everything_and_can_be_repeated(engine, monkeypatch, traces):
    container = engine.start(["true"], name="web")
    container.wait()
    monkeypatch.setattr(fake_runtime.FakeContainer, "delete", failing("delete broke"))
    monkeypatch.setattr(fake_layers.FakeLayerStore, "release", failing("release broke"))
    with pytest.raises(CleanupFailed, match=r"delete broke; release broke") as caught:
        container.remove()
    assert [str(problem) for problem in caught.value.problems] == ["delete broke", "release broke"]
    monkeypatch.undo()
    container.remove()
    assert traces() == []
    with pytest.raises(NotFound):
        container.remove()


def test_an_interruption_of_the_removal_cuts_short_one_step_only(engine, monkeypatch, place):
    """A second Ctrl-C: what can still be done is done, and the record tells of the rest."""
    container = engine.start(["sleep", "60"], name="web")

    def interrupted(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fake_runtime.FakeContainer, "delete", interrupted)
        with pytest.raises(KeyboardInterrupt):
            container.remove(force=True)
    assert not (place / "data/fake" / container.id).exists()
    engine.get("web").remove(force=True)
    assert container.wait(5) == -9


def test_a_run_whose_removal_fails_says_so(engine, monkeypatch):
    monkeypatch.setattr(fake_layers.FakeLayerStore, "release", failing("release broke"))
    with pytest.raises(CleanupFailed, match="release broke"):
        engine.run(["true"])
    monkeypatch.undo()


def test_a_container_that_died_without_telling_is_lost(engine, monkeypatch):
    """What is not known is None, never invented."""
    with engine.start(["sleep", "60"]) as container:
        container.exit.resolve(ExitStatus.lost())
        assert (container.wait(), container.status.reason.value) == (None, "lost")


def test_check_fails_for_what_is_not_known():
    result = Result(args=("x",), stdout=b"", stderr=b"", status=ExitStatus.lost())
    with pytest.raises(CommandFailed, match="nobody knows how") as caught:
        result.check_returncode()
    assert caught.value.exit_code == 255
