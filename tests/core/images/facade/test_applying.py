"""What an image says holds where nobody said otherwise, as docker's users expect."""

from __future__ import annotations

import pytest
from registries import images as made

from cloche import ImageError, InvalidSpec
from cloche.images import Platform


def image(*layers, **options) -> made.Image:
    """One for this machine."""
    here = Platform.here()
    return made.image(
        *layers, platform={"os": here.os, "architecture": here.architecture}, **options
    )


@pytest.fixture
def run(engine, kept):
    """Runs a container of an image with this configuration; gives its output."""

    def run_with(config, args=(), **options):
        kept("it", image(made.archive({"etc/it": b"it"}), config=config))
        options.setdefault("image", "it")
        return engine.run([*args], text=True, capture_output=True, check=True, **options).stdout

    return run_with


def test_its_command_is_run_where_none_is_given(run):
    assert run({"Cmd": ["echo", "hello"]}) == "hello\n"


def test_a_command_takes_the_place_of_its_own(run):
    assert run({"Cmd": ["echo", "hello"]}, ["echo", "you"]) == "you\n"


def test_its_entrypoint_comes_before_whatever_is_run(run):
    config = {"Entrypoint": ["echo", "dear"], "Cmd": ["all"]}
    assert run(config) == "dear all\n"
    assert run(config, ["you"]) == "dear you\n"


def test_another_entrypoint_drops_its_command_too(run):
    config = {"Entrypoint": ["false"], "Cmd": ["all"]}
    assert run(config, entrypoint="echo") == "\n"
    assert run(config, ["you"], entrypoint=["echo", "dear"]) == "dear you\n"


def test_an_empty_entrypoint_is_none(run):
    assert run({"Entrypoint": ["false"]}, ["echo", "you"], entrypoint="") == "you\n"


def test_no_command_anywhere_is_refused(run):
    with pytest.raises(InvalidSpec, match="it names no command"):
        run({})


def test_its_environment_comes_before_what_is_asked_for(run):
    config = {"Cmd": ["env"], "Env": ["A=1", "B=2=2", "PATH=/it"]}
    said = run(config, env={"B": "3"}).splitlines()
    assert {"A=1", "B=3", "PATH=/it"} <= {*said}


def test_its_user_directory_signal_and_labels(make_engine, kept, recorder, engine):
    config = {
        "User": "7:8",
        "WorkingDir": "/srv/it",
        "StopSignal": "SIGINT",
        "Labels": {"a": "1", "b": "2"},
    }
    kept("it", image(config=config))
    own = make_engine(recorder)
    with own.start(["sleep", "9"], image="it", labels={"b": "3"}, keep=True) as container:
        process = recorder.request.spec.process
        assert (process.user.uid, process.user.gid, process.cwd) == (7, 8, "/srv/it")
        assert dict(container.labels) == {"a": "1", "b": "3"}
        assert container.inspect().image == "it"
        header = own.workshop.records.read(container.id).header
        assert header.stop_signal == 2


def test_what_is_asked_for_comes_first(make_engine, kept, recorder):
    kept("it", image(config={"User": "7", "WorkingDir": "/srv", "Cmd": ["true"]}))
    make_engine(recorder).run([], image="it", user="9", workdir="/tmp")
    process = recorder.request.spec.process
    assert (process.user.uid, process.cwd) == (9, "/tmp")


def test_a_stop_signal_that_is_none_is_an_error_of_the_image(run):
    with pytest.raises(ImageError, match="stop signal is none: 'SIGNONE'"):
        run({"Cmd": ["true"], "StopSignal": "SIGNONE"})


def test_an_idle_container_runs_nothing_of_it(engine, kept):
    kept("it", image(config={"Entrypoint": ["false"]}))
    with engine.start(image="it", idle=True) as box:
        assert box.run(["echo", "hi"], text=True, capture_output=True).stdout == "hi\n"


def test_volumes_can_be_written_where_the_root_can_not(make_engine, kept, recorder):
    kept("it", image(config={"Cmd": ["true"], "Volumes": {"/data": {}, "/other": {}}}))
    engine = make_engine(recorder)
    engine.run([], image="it", read_only=True, tmpfs=["/other:size=1M"])
    mounts = {m.destination: m for m in recorder.request.spec.mounts}
    assert mounts["/data"].type == "tmpfs"
    assert "size=1048576" in mounts["/other"].options
    engine.run([], image="it")
    assert "/data" not in {m.destination for m in recorder.request.spec.mounts}


@pytest.mark.parametrize("field", ["Env", "Cmd"])
def test_a_nul_is_an_error_of_the_image(run, field):
    config = {"Cmd": ["true"], field: ["A=\0"]}
    with pytest.raises(ImageError, match=f"{field} holds a NUL"):
        run(config)
