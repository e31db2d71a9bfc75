"""The container that must run before another can be deleted."""

from __future__ import annotations

import dataclasses

import pytest

from cloche import CleanupFailed
from cloche.testing import fake_runtime


@pytest.fixture
def errand(recorder, make_engine, monkeypatch):
    """Gives the container ``web`` an errand, and an engine that runs both."""
    done = []

    def program(call):
        done.append(call.args)
        call.sleep(float(call.args[1]))

    engine = make_engine(recorder, programs={"service": program})

    def give(seconds: str, timeout: float | None = None):
        request = recorder.request
        process = request.spec.process.replace(args=("service", seconds))
        servicing = dataclasses.replace(
            request,
            id=f"{request.id}-s",
            spec=request.spec.replace(process=process),
            state=request.state.with_name(f"{request.id}-s"),
            timeout=timeout,
        )
        monkeypatch.setattr(
            fake_runtime.FakeContainer,
            "errand",
            lambda self: None if self.info["id"].endswith("-s") else servicing,
        )

    engine.give, engine.done = give, done
    return engine


def test_it_runs_before_the_container_is_gone(errand, traces):
    container = errand.start(["sleep", "60"])
    errand.give("0")
    container.remove(force=True)
    assert errand.done == [("service", "0")]
    assert traces() == []


def test_one_that_does_not_end_is_removed_and_told(errand, traces):
    container = errand.start(["sleep", "60"])
    errand.give("60", timeout=0.05)
    with pytest.raises(CleanupFailed, match="not ended"):
        container.remove(force=True)
    assert not [trace for trace in traces() if trace.endswith("-s")]
