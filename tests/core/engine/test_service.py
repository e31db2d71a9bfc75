"""Containers of a service: streams bound at the start, found again by whoever looks for them."""

from __future__ import annotations

import json
import os

import pytest

import cloche_stdio.plugin
from cloche import (
    DEVNULL,
    PIPE,
    STDOUT,
    CleanupFailed,
    CommandFailed,
    Engine,
    InvalidSpec,
    InvalidState,
    NotFound,
    State,
    StreamTarget,
    Unavailable,
)
from cloche.defaults import linux_process, linux_spec, windows_process, windows_spec
from cloche.errors import BackendError
from cloche.spec import Root
from cloche.testing import FakeBackend, fake_service
from cloche.testing.lab import comes_true


@pytest.fixture
def backend():
    return FakeBackend({"shout": lambda call: print("out", file=call.stderr)}, service=True)


@pytest.fixture
def open_engine(backend, place):
    """Opens engines over one service: as many processes would see it."""
    opened = []

    def open_one(**options) -> Engine:
        engine = Engine(plugins=[backend, cloche_stdio.plugin], root=place, **options)
        opened.append(engine)
        return engine

    yield open_one
    for container in opened[0].list(all=True) if opened else []:
        container.remove(force=True)
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(open_engine):
    return open_engine()


@pytest.fixture
def layer(tmp_path):
    folder = tmp_path / "layer"
    folder.mkdir()
    (folder / "file").write_text("x")
    return str(folder)


@pytest.fixture
def spec(layer):
    """Makes a specification of a command, over one Windows layer."""
    return lambda *command: windows_spec(windows_process(command), (layer,))


def orphan(place, container) -> None:
    """Let it look as if the process that made a container had died."""
    (journal,) = (place / "run/containers" / container.id).glob("*.journal")
    journal.rename(journal.with_name("4000000-1-dead.journal"))


def test_streams_are_bound_at_the_start(engine, spec):
    container = engine.create(spec("echo", "x"), stdout=PIPE, stderr=STDOUT)
    assert container.pid is None
    container.start()
    assert (container.communicate()[0], container.wait()) == (b"x\n", 0)


def test_stderr_arrives_where_stdout_goes(engine, spec):
    container = engine.create(spec("shout"), stdout=PIPE, stderr=STDOUT)
    container.start()
    assert container.communicate()[0] == b"out\n"


def test_one_step_binds_them_too(engine):
    assert engine.run(["cat"], input="x", capture_output=True).stdout == b"x"


def test_a_further_process_has_its_own(engine, spec):
    container = engine.create(spec("sleep", "60"), stdout=DEVNULL, stderr=DEVNULL)
    container.start()
    assert container.run(["cat"], input="y", capture_output=True, text=True).stdout == "y"


def test_a_start_that_fails_closes_what_was_never_bound(engine, spec, settled):
    engine.create(spec("true"), id="first", stdout=PIPE).remove()
    container = engine.create(spec("missing"), stdout=PIPE)
    with pytest.raises(CommandFailed):
        container.start()
    assert (container.stdout.read(), container.wait()) == (b"", 127)
    container.close()


def test_its_root_is_made_of_the_layers(engine, spec, place, layer):
    container = engine.create(spec("true"), id="c1")
    assert (place / "data/fake/c1/file").read_text() == "x"
    assert container.inspect().layer_store == "fake"
    container.remove()
    assert not (place / "data/fake/c1").exists()
    assert os.listdir(layer) == ["file"]


def test_it_outlives_the_process_that_made_it(open_engine, spec, place):
    maker = open_engine()
    container = maker.create(spec("sleep", "60"), id="c1", detached=True)
    container.start()
    orphan(place, container)
    other = open_engine()
    found = other.get("c1")
    assert (found.state, found.inspect().lifetime) == (State.RUNNING, "detached")
    assert [c.id for c in other.list()] == ["c1"]
    found.stop()
    assert (found.wait(), other.get("c1").inspect().status) == (-15, found.status)


def test_one_step_makes_detached_containers_too(open_engine, place):
    container = open_engine().start(["sleep", "60"], lifetime="detached", name="web")
    orphan(place, container)
    found = open_engine().get("web")
    assert (found.state, found.inspect().keep) == (State.RUNNING, True)
    with pytest.raises(InvalidSpec, match="lifetime: run"):
        open_engine().run(["true"], lifetime="detached")


def test_what_is_not_kept_lives_on_and_goes_when_it_has_ended(open_engine, place):
    container = open_engine().start(["sleep", "60"], lifetime="detached", keep=False, name="web")
    orphan(place, container)
    other = open_engine()
    assert (other.prune(), other.get("web").state) == ([], State.RUNNING)
    other.get("web").stop()
    assert open_engine().list(all=True) == []


def test_what_parameters_describe_may_wait_too(open_engine, place):
    container = open_engine().create(["exit", "3"], lifetime="detached", name="web")
    orphan(place, container)
    found = open_engine().get("web")
    assert (found.state, found.inspect().keep) == (State.CREATED, True)
    found.start()
    assert found.wait() == 3


def test_how_it_ended_is_looked_for_when_somebody_looks(open_engine, place):
    container = open_engine().start(["exit", "3"], lifetime="detached", name="web")
    orphan(place, container)
    with open_engine() as other:
        found = other.get("web")
        assert comes_true(lambda: found.inspect().status is not None)
        status = found.inspect().status
    assert status is not None
    assert status.code == 3


@pytest.mark.parametrize("then", [lambda _: None, lambda c: c.start(), lambda c: c.kill()])
def test_whoever_looks_can_remove_it(open_engine, spec, place, traces, then):
    container = open_engine().create(spec("sleep", "60"), id="c1", detached=True)
    then(container)
    orphan(place, container)
    other = open_engine()
    other.get("c1").remove(force=True)
    assert traces() == []
    with pytest.raises(NotFound):
        other.get("c1")


def test_another_process_may_start_it(open_engine, spec, place, tmp_path):
    target = StreamTarget(driver="file", argument=str(tmp_path / "out"))
    container = open_engine().create(
        spec("echo", "x"), id="c1", detached=True, stdout=target, stderr=STDOUT
    )
    orphan(place, container)
    found = open_engine().get("c1")
    assert (found.state, found.poll()) == (State.CREATED, None)
    found.start()
    assert found.wait() == 0
    with pytest.raises(InvalidState, match="start needs a created container"):
        container.start()
    found.remove()
    assert (tmp_path / "out").read_bytes() == b"x\n"


def test_another_process_may_fail_to_start_it(open_engine, spec, place):
    open_engine().create(spec("missing"), id="c1", detached=True)
    found = open_engine().get("c1")
    with pytest.raises(CommandFailed):
        found.start()
    assert (found.state, found.inspect().error) == (State.STOPPED, "command not found: missing")


def test_streams_of_its_makers_own_are_not_found_again(open_engine, spec):
    container = open_engine().create(spec("true"), id="c1", stdout=PIPE)
    with pytest.raises(InvalidState, match="were those of the process that created it"):
        open_engine().get("c1").start()
    container.start()
    container.communicate()


def test_what_ends_is_noted_by_whoever_sees_it(open_engine, spec, place):
    container = open_engine().create(spec("exit", "3"), id="c1", detached=True)
    container.start()
    orphan(place, container)
    assert open_engine().get("c1").wait() == 3
    journal = next((place / "run/containers/c1").glob("*.journal"))
    assert json.loads(journal.read_text().splitlines()[-1])["code"] == 3


@pytest.fixture
def stray(open_engine, spec, place):
    """An engine, and a container that runs and has lost its record."""
    engine = open_engine()
    container = engine.create(spec("sleep", "60"), id="c1", detached=True)
    container.start()
    for file in (place / "run/containers/c1").iterdir():
        file.unlink()
    (place / "run/containers/c1").rmdir()
    return open_engine()


def test_what_has_no_record_is_found_with_that_problem(stray, spec):
    stray.create(spec("true"), id="c2")
    assert {c.id for c in stray.list(all=True)} == {"c1", "c2"}
    assert [c.id for c in stray.list()] == ["c1"]
    found = stray.get("c1")
    assert (found.state, found.inspect().problem) == (State.RUNNING, "it has no record")
    assert found.inspect().created is None


def test_what_has_no_record_can_be_removed_and_its_layers_are_not_touched(stray, place):
    found = stray.get("c1")
    with pytest.raises(InvalidState, match="c1 is running"):
        found.remove()
    found.remove(force=True)
    with pytest.raises(NotFound):
        stray.get("c1")
    with pytest.raises(NotFound):
        found.remove(force=True)
    assert (place / "data/fake/c1/file").exists()
    assert stray.prune() == ["c1"]
    assert not (place / "data/fake/c1").exists()


def test_roots_of_what_has_no_record_are_not_cleared_up(stray, spec, place):
    assert stray.prune() == []
    stray.create(spec("true"))
    assert (place / "data/fake/c1/file").exists()


def test_others_of_the_service_are_not_ours(open_engine, spec, place):
    open_engine().create(spec("true"), id="c1", detached=True)
    elsewhere = open_engine(owner="somebody")
    (place / "run/containers/c1").rename(place / "away")
    assert elsewhere.list(all=True) == []
    assert [c.id for c in open_engine().list(all=True)] == ["c1"]
    (place / "away").rename(place / "run/containers/c1")


def test_a_service_that_does_not_answer_hides_nothing(engine, spec, monkeypatch):
    def gone(_):
        raise BackendError("the service is gone")

    engine.create(spec("true"), id="c1")
    with monkeypatch.context() as patch:
        patch.setattr(fake_service.ServiceRuntime, "list", gone)
        assert [c.id for c in engine.list(all=True)] == ["c1"]
        with pytest.raises(NotFound):
            engine.get("c2")


def test_a_service_need_not_list_what_ends_with_its_maker(engine, spec, monkeypatch):
    """That is asked for by name; what outlives its maker and is not listed is gone."""
    engine.create(spec("sleep", "60"), id="c1").start()
    engine.create(spec("sleep", "60"), id="c2", detached=True).start()
    monkeypatch.setattr(fake_service.ServiceRuntime, "list", lambda _: ())
    assert [c.id for c in engine.list()] == ["c1"]


def test_a_record_that_is_damaged_later_still_names_its_runtime(engine, spec, place, traces):
    container = engine.create(spec("sleep", "60"), id="c1", detached=True)
    container.start()
    journal = next((place / "run/containers/c1").glob("*.journal"))
    journal.write_bytes(journal.read_bytes() + b"{\n")
    found = engine.get("c1")
    assert "its record is damaged" in found.inspect().problem
    assert (found.inspect().runtime, found.state) == ("fake", State.RUNNING)
    with pytest.raises(InvalidState):
        found.remove()
    found.remove(force=True)
    assert traces() == []


def test_a_record_of_which_nothing_is_left_does_not_hide_the_service(engine, spec, place, traces):
    engine.create(spec("sleep", "60"), id="c1", detached=True).start()
    journal = next((place / "run/containers/c1").glob("*.journal"))
    journal.write_bytes(b"{}\n")
    engine.create(spec("true"), id="c2")
    assert [c.id for c in engine.list(all=True)] == ["c1", "c2"]
    engine.get("c1").remove(force=True)
    assert [c.id for c in engine.list(all=True)] == ["c2"]
    assert not (place / "data/fake/c1").exists()


def test_an_id_but_for_its_case_is_in_use(engine, spec):
    engine.create(spec("true"), id="Web")
    from cloche import AlreadyExists

    with pytest.raises(AlreadyExists, match="id in use: wEB"):
        engine.create(spec("true"), id="wEB")


def test_a_create_that_fails_leaves_nothing(engine, spec, traces, monkeypatch):
    monkeypatch.setattr(fake_service.ServiceRuntime, "create", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine.create(spec("true"), id="c1", stdout=PIPE)
    assert traces() == []
    with pytest.raises(Unavailable):
        engine.create(spec("true"), stdin=StreamTarget(driver="none"))
    assert traces() == []


def test_linux_specifications_use_their_root_as_it_is(engine, layer, place):
    container = engine.create(linux_spec(linux_process(("true",)), root=Root(path=layer)))
    assert container.inspect().layer_store is None
    container.remove()
    assert os.listdir(layer) == ["file"]


@pytest.mark.parametrize("whose", ["made", "found"])
def test_a_removal_that_fails_can_be_repeated(engine, spec, monkeypatch, traces, whose):
    container = engine.create(spec("sleep", "60"), id="c1", detached=True)
    container.start()
    if whose == "found":
        container.close()
        container = engine.get("c1")
        assert container.poll() is None

    def broken(_):
        raise BackendError("delete broke")

    with monkeypatch.context() as patch:
        patch.setattr(fake_service.ServiceContainer, "delete", broken)
        with pytest.raises(CleanupFailed, match="delete broke"):
            container.remove(force=True)
    container.remove(force=True)
    assert traces() == []
    with pytest.raises(NotFound):
        container.remove(force=True)


def test_everything_is_taken_away_in_order(engine, spec, monkeypatch):
    done = []
    container = engine.create(spec("sleep", "60"), stdout=PIPE)
    container.start()
    streams = container._streams
    for what, where, name in (
        ("errand", fake_service.ServiceContainer, "errand"),
        ("delete", fake_service.ServiceContainer, "delete"),
        ("streams", type(streams), "close"),
        ("handles", fake_service.ServiceContainer, "close"),
        ("root", type(engine.workshop.chooser.store_called("fake").backend), "release"),
        ("record", type(engine.workshop.records), "remove"),
    ):
        real = getattr(where, name)

        def noting(self, *args, _what=what, _real=real):
            done.append(_what)
            return _real(self, *args)

        monkeypatch.setattr(where, name, noting)
    container.remove(force=True)
    assert list(dict.fromkeys(each for each in done if each != "streams")) == [
        "errand", "delete", "handles", "root", "record",
    ]  # fmt: skip
    assert done.index("delete") < len(done) - 1 - done[::-1].index("streams") < done.index("root")
