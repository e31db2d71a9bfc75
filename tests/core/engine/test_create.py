"""Containers from whole specifications, in two steps: ``Engine.create``, ``Container.start``."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloche import (
    DEVNULL,
    PIPE,
    AlreadyExists,
    CommandFailed,
    InvalidSpec,
    InvalidState,
    Isolation,
    NotFound,
    NotSupported,
    State,
    StreamTarget,
    Unavailable,
)
from cloche.defaults import linux_process, linux_spec, windows_process, windows_spec
from cloche.spec import Hook, Hooks, Process, Root, WindowsHyperV
from cloche.testing import fake_runtime


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "root"
    place.mkdir()
    return str(place)


@pytest.fixture
def spec(root):
    """Makes a specification of a command."""
    return lambda *command: linux_spec(linux_process(command), root=Root(path=root))


def test_it_waits_for_its_start(engine, spec):
    container = engine.create(spec("echo", "x"), stdout=PIPE)
    assert (container.state, container.poll(), container.status) == (State.CREATED, None, None)
    container.start()
    assert (container.stdout.read(), container.wait()) == (b"x\n", 0)
    container.close()


def test_its_root_is_the_directory_itself(make_engine, spec, root, place):
    def program(call):
        call.stdout.write(call.root)

    container = make_engine(programs={"p": program}).create(spec("p"), stdout=PIPE, text=True)
    container.start()
    assert container.communicate()[0] == root
    assert not (place / "data/fake").exists()
    assert container.inspect().layer_store is None


def test_it_stays_until_it_is_removed(engine, spec, traces):
    container = engine.create(spec("true"))
    container.start()
    container.wait()
    assert engine.get(container.id).state is State.STOPPED
    container.remove()
    assert traces() == []
    with pytest.raises(NotFound):
        container.remove()


def test_what_waits_can_be_removed(engine, spec, traces):
    engine.create(spec("true"), name="web")
    engine.get("web").remove()
    assert traces() == []


def test_what_waits_is_no_running_container(engine, spec):
    container = engine.create(spec("true"))
    assert engine.list() == []
    assert [c.state for c in engine.list(all=True)] == [State.CREATED]
    for verb in (container.pause, lambda: container.exec(["true"]), container.wait):
        with pytest.raises(InvalidState, match="is created"):
            verb()


def test_what_waits_can_be_stopped(engine, spec):
    container = engine.create(spec("sleep", "60"))
    container.stop()
    assert (container.state, container.returncode) == (State.STOPPED, -9)


def test_what_waits_can_be_killed(engine, spec):
    container = engine.create(spec("sleep", "60"))
    container.kill()
    assert container.wait() == -9
    with pytest.raises(InvalidState, match="kill needs a running container"):
        container.kill()


def test_it_starts_once(engine, spec):
    container = engine.create(spec("sleep", "60"))
    outcomes = []

    def start():
        try:
            container.start()
        except InvalidState as error:
            outcomes.append(str(error))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(start)
    assert len(outcomes) == 3
    assert all("is running: start needs a created container" in told for told in outcomes)


def test_a_start_that_fails_leaves_it_stopped_and_says_why(engine, spec, traces):
    container = engine.create(spec("missing"), name="web", stdout=PIPE)
    with pytest.raises(CommandFailed):
        container.start()
    assert (container.state, container.wait(), container.stdout.read()) == (State.STOPPED, 127, b"")
    for each in (container, engine.get("web")):
        assert each.inspect().error == "command not found: missing"
    with pytest.raises(InvalidState, match="could not be started: command not found: missing"):
        container.start()
    container.remove()
    assert traces() == []


def test_a_start_that_breaks_is_ended_by_force(engine, spec, monkeypatch):
    def breaks(*_):
        raise OSError(5, "it broke")

    container = engine.create(spec("sleep", "60"))
    monkeypatch.setattr(fake_runtime.FakeContainer, "start", breaks)
    with pytest.raises(Unavailable, match="start"):
        container.start()
    assert (container.state, container.returncode) == (State.STOPPED, -9)
    assert "it broke" in container.inspect().error


def test_a_create_that_fails_leaves_nothing(engine, spec, traces):
    with pytest.raises(Unavailable):
        engine.create(spec("true"), id="c1", stdout=StreamTarget(driver="none"))
    assert traces() == []


def test_the_id_is_the_callers(engine, spec):
    assert engine.create(spec("true"), id="C1.x-y_z").id == "C1.x-y_z"
    assert engine.get("C1.x-y_z").name == "C1.x-y_z"


@pytest.mark.parametrize("id", ["", "-x", ".x", "a/b", "a\\b", "a b", "a\0", "ü", "x" * 129])
def test_an_id_that_is_none_is_refused(engine, spec, traces, id):
    with pytest.raises(InvalidSpec) as caught:
        engine.create(spec("true"), id=id)
    assert caught.value.path == "id"
    assert traces() == []


def test_an_id_in_use(engine, spec):
    engine.create(spec("true"), id="c1", name="web")
    for taken in ("c1", "web"):
        with pytest.raises(AlreadyExists, match=f"id in use: {taken}"):
            engine.create(spec("true"), id=taken)
    with pytest.raises(AlreadyExists, match="name in use: c1"):
        engine.start(["true"], name="c1")
    assert len(engine.list(all=True)) == 1


def test_one_of_many_with_the_same_id_is_made(engine, spec):
    gate = threading.Barrier(8)

    def create(_):
        gate.wait()
        try:
            return engine.create(spec("true"), id="c1").id
        except AlreadyExists:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert sorted(map(str, pool.map(create, range(8)))) == ["None"] * 7 + ["c1"]


@pytest.mark.parametrize("id", ["con", "NUL.x", "com7", "Lpt1.a.b", "x."])
def test_windows_takes_some_ids_for_devices(engine, id):
    windows = windows_spec(windows_process(("cmd",)), ("C:\\layer",))
    with pytest.raises(InvalidSpec) as caught:
        engine.create(windows, id=id)
    assert caught.value.path == "id"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"process": None}, "process"),
        ({"process": Process(args=("x",), cwd="x")}, "process.cwd"),
        ({"process": Process(cwd="/")}, "process.args"),
        ({"root": None}, "root"),
        ({"root": Root(path="/nowhere")}, "root.path"),
        ({"root": Root(path="/etc/passwd")}, "root.path"),
        ({"linux": None}, "linux"),
        ({"oci_version": "2.0"}, "ociVersion"),
    ],
)
def test_a_wrong_specification_is_refused_by_the_path_of_its_fault(
    engine, spec, traces, change, path
):
    with pytest.raises(InvalidSpec) as caught:
        engine.create(spec("true").replace(**change))
    assert caught.value.path == path
    assert traces() == []


def test_what_is_no_specification_is_refused(engine):
    with pytest.raises(InvalidSpec, match=r"spec: dict is not a cloche.spec.Spec"):
        engine.create({"ociVersion": "1.0.0"})


def test_a_specification_for_another_platform_is_refused(engine, traces):
    with pytest.raises(InvalidSpec, match="no layer store makes roots for it") as caught:
        engine.create(windows_spec(windows_process(("cmd",)), ("C:\\layer",)))
    assert caught.value.path == "windows"
    assert traces() == []


@pytest.mark.parametrize(
    ("options", "what"), [({"detached": True}, "detached"), ({"isolation": "vm"}, "isolate-vm")]
)
def test_what_the_runtime_cannot_do_is_refused(engine, spec, options, what):
    with pytest.raises(NotSupported, match=what):
        engine.create(spec("true"), **options)


def test_what_ends_with_its_maker_cannot_be_detached(engine):
    with pytest.raises(NotSupported, match="lifetime: its containers end with the process that"):
        engine.start(["true"], lifetime="detached")


def test_hooks_are_refused_where_nobody_runs_them(engine, spec):
    hooks = Hooks(poststop=(Hook(path="/bin/true"),))
    with pytest.raises(NotSupported, match="hooks"):
        engine.create(spec("true").replace(hooks=hooks))
    engine.create(spec("true").replace(hooks=Hooks()))


def test_the_specification_asks_for_a_virtual_machine(engine):
    spec = windows_spec(windows_process(("cmd",)), ("C:\\layer",))
    spec = spec.replace(windows=spec.windows.replace(hyperv=WindowsHyperV()))
    with pytest.raises(InvalidSpec) as caught:
        engine.create(spec, isolation="process")
    assert caught.value.path == "isolation"


def test_the_runtime_is_asked_for_all_of_it(make_engine, recorder, spec, root, place):
    engine = make_engine(recorder)
    engine.create(spec("true"), id="c1", timeout="5s", labels=["a=b"])
    request = recorder.request
    assert (request.id, request.timeout, request.init) == ("c1", 5.0, False)
    assert request.isolation is Isolation.PROCESS
    assert request.spec.process.args == ("true",)
    assert request.state == place / "run/containers/c1"
    assert [str(layer.path) for layer in request.layers] == [root]
    assert engine.get("c1").labels == {"a": "b"}


def test_a_relative_root_is_of_the_current_directory(engine, spec, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    container = engine.create(spec("true").replace(root=Root(path="root")))
    assert container.spec.root.path == root


def test_the_terminal_is_the_specifications_unless_said_otherwise(engine, root):
    process = linux_process(("true",), terminal=True)
    spec = linux_spec(process, root=Root(path=root))
    null = StreamTarget(driver="null")
    for options, wanted in (({}, True), ({"tty": False}, False)):
        container = engine.create(spec, stdout=null, **options)
        assert bool(container.spec.process.terminal) is wanted
    wide = engine.create(spec, stdout=null, tty=(91, 17))
    assert wide.spec.process.console_size.width == 91


@pytest.fixture
def streams(make_engine, monkeypatch):
    """An engine, and the streams that its runtime was given."""
    engine, seen = make_engine(), []
    create = fake_runtime.FakeRuntime.create

    def noting(self, request, root, streams):
        seen.append(streams)
        return create(self, request, root, streams)

    monkeypatch.setattr(fake_runtime.FakeRuntime, "create", noting)
    return engine, seen


def test_the_runtime_learns_where_nothing_comes_or_goes(streams, spec):
    engine, seen = streams
    engine.create(spec("true"))
    with engine.create(spec("true"), stdin=PIPE, stdout=DEVNULL, stderr=PIPE):
        pass
    assert [each.wanted for each in seen] == [(False, True, True), (True, False, True)]


def test_a_terminal_may_go_to_where_a_driver_takes_it(streams, spec, tmp_path):
    engine, seen = streams
    target = StreamTarget(driver="file", argument=str(tmp_path / "out"))
    container = engine.create(spec("echo", "x"), tty=True, stdout=target, stderr=target)
    assert (seen[0].terminal, seen[0].wanted) == ((80, 24), (False, True, False))
    container.start()
    container.wait()
    container.remove()
    assert (tmp_path / "out").read_bytes() == b"x\r\n"


def test_a_whole_process_is_executed_as_it_is(engine, root):
    process = linux_process(("sleep", "60"), env=("A=1",))
    container = engine.create(linux_spec(process, root=Root(path=root)))
    container.start()
    other = Process(args=("env",), cwd="/", env=("B=2",))
    assert container.run(other, capture_output=True).stdout == b"B=2\n"
    with pytest.raises(InvalidSpec, match="env: the process itself says that"):
        container.run(other, env={"C": "3"})
    with pytest.raises(InvalidSpec) as caught:
        container.exec(other.replace(cwd="here"))
    assert caught.value.path == "process.cwd"


def test_its_block_ends_it_and_keeps_it(engine, spec):
    with engine.create(spec("sleep", "60"), name="web") as container:
        container.start()
    assert engine.get("web").state is State.STOPPED
    with engine.create(spec("sleep", "60"), name="waits"):
        pass
    assert engine.get("waits").state is State.STOPPED


def test_an_owner_is_named(make_engine, spec, monkeypatch):
    owners = []
    opened = fake_runtime.FakeRuntime.__init__

    def noting(self, world, context):
        owners.append(context.owner)
        opened(self, world, context)

    monkeypatch.setattr(fake_runtime.FakeRuntime, "__init__", noting)
    make_engine(owner="containerd").create(spec("true"))
    make_engine().create(spec("true"))
    assert owners[0] == "containerd"
    assert owners[1].startswith("cloche-")
    with pytest.raises(InvalidSpec, match="owner"):
        make_engine(owner="")
