"""The container that must run before another can be deleted."""

from __future__ import annotations

import time

import pytest

import cloche_stdio.plugin
from cloche import CleanupFailed, Engine, NotFound
from cloche.defaults import windows_process, windows_spec
from cloche.testing import FakeBackend


class Service(FakeBackend):
    """A service whose errands note what they were and where they ran."""

    def __init__(self):
        super().__init__({"service": self.serve}, service=True)
        self.done = []
        self.look = lambda _: None

    def serve(self, call):
        self.done.append((call.args, call.root))
        self.look(call)
        call.sleep(float(call.args[1]))


@pytest.fixture
def backend():
    return Service()


@pytest.fixture
def engine(backend, place):
    with Engine(plugins=[backend, cloche_stdio.plugin], root=place) as engine:
        yield engine
        for container in engine.list(all=True):
            container.remove(force=True)


@pytest.fixture
def container(engine, tmp_path):
    """A container named c1, that runs."""
    (tmp_path / "layer").mkdir()
    spec = windows_spec(windows_process(("sleep", "60")), (str(tmp_path / "layer"),))
    made = engine.create(spec, id="c1")
    made.start()
    return made


def test_it_runs_before_the_container_is_gone(container, backend, place, traces):
    backend.leave_errand("c1", "service", "0")
    container.remove(force=True)
    root = str(place / "data/fake/c1_servicing")
    assert backend.done == [(("service", "0"), root)]
    assert traces() == []


def test_it_has_a_record_and_a_root_of_its_own(container, backend, engine, place):
    seen = []

    def look(_):
        found = engine.get("c1_servicing")
        seen.append((found.inspect().args, found.inspect().keep, engine.get("c1").id))
        seen.append((place / "data/fake/c1_servicing").exists())

    backend.look = look
    backend.leave_errand("c1", "service", "0")
    container.remove(force=True)
    assert seen == [(("service", "0"), False, "c1"), True]


def test_it_has_no_errand_itself(container, backend):
    backend.leave_errand("c1", "service", "0")
    backend.leave_errand("c1_servicing", "service", "0")
    container.remove(force=True)
    assert len(backend.done) == 1


def test_whoever_removes_runs_it(container, backend, place, traces):
    backend.leave_errand("c1", "service", "0")
    with Engine(plugins=[backend, cloche_stdio.plugin], root=place) as other:
        other.get("c1").remove(force=True)
    assert len(backend.done) == 1
    assert traces() == []


def test_one_that_does_not_end_is_removed_and_told(container, backend, traces):
    backend.leave_errand("c1", "service", "60", timeout=0.05)
    begun = time.monotonic()
    with pytest.raises(CleanupFailed, match=r"c1_servicing has not ended after 0\.05 seconds"):
        container.remove(force=True)
    assert time.monotonic() - begun < 10
    assert not [trace for trace in traces() if trace.endswith("_servicing")]


def test_one_that_cannot_run_keeps_nothing_else_from_being_done(container, backend, engine, place):
    backend.leave_errand("c1", "no-such")
    with pytest.raises(CleanupFailed, match="command not found: no-such") as caught:
        container.remove(force=True)
    assert len(caught.value.problems) == 1
    assert not (place / "data/fake/c1").exists()
    engine.get("c1").remove(force=True)
    with pytest.raises(NotFound):
        engine.get("c1")


def test_what_is_left_of_an_earlier_one_goes_first(container, backend, place, traces):
    """A process died while the errand ran: its record says whose errand it was."""
    backend.leave_errand("c1", "service", "0")
    record = place / "run/containers/c1_servicing"
    left = {}
    backend.look = lambda _: left.update({f.name: f.read_bytes() for f in record.iterdir()})
    container.remove(force=True)
    record.mkdir()
    for name, content in left.items():
        (record / name).write_bytes(content)
    with Engine(plugins=[backend, cloche_stdio.plugin], root=place) as engine:
        layers = (str(place.parent / "layer"),)
        engine.create(windows_spec(windows_process(("sleep", "60")), layers), id="c1").start()
        backend.leave_errand("c1", "service", "0")
        engine.get("c1").remove(force=True)
    assert len(backend.done) == 2
    assert traces() == []


def test_a_container_of_somebody_elses_is_not_taken_for_one(container, backend, engine, tmp_path):
    spec = windows_spec(windows_process(("sleep", "60")), (str(tmp_path / "layer"),))
    engine.create(spec, id="c1_servicing").start()
    backend.leave_errand("c1", "service", "0")
    with pytest.raises(CleanupFailed, match="id in use: c1_servicing"):
        container.remove(force=True)
    assert [c.id for c in engine.list()] == ["c1_servicing"]
