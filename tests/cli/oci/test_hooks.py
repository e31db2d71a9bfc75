"""Hooks: each at its moment, in its namespaces, with the state as its input."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from .conftest import copy_root

OF_HOST = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")


@pytest.fixture
def hook(tmp_path: Path):
    """Makes hooks that note what they are told, and what their namespaces are."""
    notes = tmp_path / "notes"
    notes.mkdir()

    def make(kind: str, then: str = "") -> dict[str, object]:
        script = tmp_path / f"hook-{kind}"
        script.write_text(
            "#!/bin/sh\n"
            f"cat > {notes}/{kind}\n"
            f"readlink /proc/self/ns/mnt > {notes}/{kind}.mnt\n"
            f"echo {kind} >> {notes}/order\n{then}\n"
        )
        script.chmod(stat.S_IRWXU)
        return {"path": str(script), "args": ["hook", kind], "env": [f"PATH={os.defpath}"]}

    make.notes = notes
    return make


def with_hooks(**hooks):
    return lambda config: config.update(hooks={kind: [each] for kind, each in hooks.items()})


def test_hooks_run_in_order_each_with_the_state(oci, hook) -> None:
    pid = oci.create("sleep", "600", change=with_hooks(**{kind: hook(kind) for kind in OF_HOST}))
    order = hook.notes / "order"
    assert order.read_text().split() == ["prestart", "createRuntime", "createContainer"]
    oci("start", "box")
    assert order.read_text().split()[3:] == ["poststart"]
    oci("delete", "--force", "box")
    assert order.read_text().split()[4:] == ["poststop"]
    states = {kind: json.loads((hook.notes / kind).read_text()) for kind in OF_HOST}
    assert [states[kind]["status"] for kind in OF_HOST] == [
        *("created", "creating", "creating", "running", "stopped")
    ]
    for kind in ("prestart", "createRuntime", "poststart"):
        assert (states[kind]["id"], states[kind]["pid"]) == ("box", pid)
        assert states[kind]["bundle"] == str(oci.place / "bundle-0")


def test_hooks_of_the_runtime_are_in_its_namespaces_and_others_are_not(oci, hook) -> None:
    hooks = {kind: hook(kind) for kind in OF_HOST}
    oci.create("true", change=with_hooks(**hooks))
    ours = os.readlink("/proc/self/ns/mnt")
    seen = {kind: (hook.notes / f"{kind}.mnt").read_text().strip() for kind in OF_HOST[:3]}
    assert (seen["prestart"], seen["createRuntime"]) == (ours, ours)
    assert seen["createContainer"] != ours


def test_a_hook_of_the_start_is_a_program_of_the_containers_before_the_command(oci) -> None:
    def change(config) -> None:
        told = ["sh", "-c", "cat > /tmp/told; hostname >> /tmp/told"]
        config["hooks"] = {"startContainer": [{"path": "/bin/sh", "args": told}]}
        config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})

    said = oci.run("cat", "/tmp/told", change=change)
    state, name = said.out.rsplit("}", 1)
    assert json.loads(state + "}") | {"bundle": ""} == {
        "ociVersion": "1.0.2", "id": "once", "status": "created", "pid": 1, "bundle": "",
    }  # fmt: skip
    assert name == "box\n"


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer"])
def test_a_hook_that_fails_stops_the_creation_and_nothing_is_left(oci, hook, kind) -> None:
    failing = hook(kind, "echo broken >&2; exit 3")
    bundle = oci.bundle("true", change=with_hooks(**{kind: failing}))
    said = oci("create", "--bundle", bundle, "box")
    assert said.code == 1
    assert failing["path"] in said.err
    assert "broken" in said.err
    assert list(oci.state.iterdir()) == []


def test_a_hook_of_the_start_that_fails_ends_the_container(oci) -> None:
    hooks = with_hooks(startContainer={"path": "/bin/false"})
    oci.create("sleep", "600", change=hooks)
    said = oci("start", "box")
    assert said.code == 1
    assert "/bin/false" in said.err
    assert list(oci.state.iterdir()) == []


@pytest.mark.parametrize("way", [(), ("--detach",)], ids=["attached", "detached"])
@pytest.mark.parametrize("kind", ["startContainer", "poststart"])
def test_a_hook_of_the_start_that_fails_ends_a_run(oci, kind, way) -> None:
    bundle = oci.bundle("sleep", "600", change=with_hooks(**{kind: {"path": "/bin/false"}}))
    said = oci("run", *way, "--bundle", bundle, "box")
    assert said.code == 1
    assert "/bin/false" in said.err
    assert list(oci.state.iterdir()) == []


def placed(kind: str, number: int = 0) -> str:
    """What errors call a hook."""
    return f"{kind} hook #{number}"


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_a_hook_has_its_time(oci, kind) -> None:
    slow = {"path": "/bin/sleep", "args": ["sleep", "60"], "timeout": 1}
    bundle = oci.bundle("true", change=with_hooks(**{kind: slow}))
    said = oci("create", "--bundle", bundle, "box")
    assert said.code == 1
    assert "/bin/sleep" in said.err


def test_a_poststop_hook_that_fails_is_a_warning(oci, hook) -> None:
    failing = hook("poststop", "exit 4")
    oci.create("sleep", "600", change=with_hooks(poststop=failing))
    said = oci("delete", "--force", "box")
    told = f"cloche: warning: error running {placed('poststop')}: {failing['path']}: exit 4\n"
    assert (said.code, said.err) == (0, told)


def test_a_hook_that_is_not_there_is_named(oci) -> None:
    bundle = oci.bundle("true", change=with_hooks(createRuntime={"path": "/no/such"}))
    said = oci("create", "--bundle", bundle, "box")
    told = f"{placed('createRuntime')}: /no/such: no such file or directory\n"
    assert (said.code, said.err) == (1, f"cloche: error running {told}")


def test_a_hook_that_a_signal_ended_is_told_by_the_signals_name(oci) -> None:
    for kind in ("createRuntime", "createContainer", "startContainer"):
        ended = {"path": "/bin/sh", "args": ["sh", "-c", "echo oh; kill -SYS $$"]}
        said = oci.run("true", change=with_hooks(**{kind: ended}))
        assert said.code == 1
        assert f"{placed(kind)}: /bin/sh: signal: bad system call: oh" in said.err


@pytest.mark.parametrize(
    "kind", ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"]
)
def test_a_hook_that_fails_is_told_by_its_place(oci, kind) -> None:
    def change(config) -> None:
        config["hooks"] = {kind: [{"path": "/bin/true"}, {"path": "/bin/false"}]}

    said = oci.run("true", change=change)
    assert said.code == 1
    assert said.err == f"cloche: error running {placed(kind, 1)}: /bin/false: exit 1\n"


def test_what_hooks_mount_in_the_root_is_in_the_container(oci, hook, tmp_path) -> None:
    root = f"{oci.place}/bundle-0/rootfs"
    (tmp_path / "shown").write_text("shown by a hook\n")
    entered = f"nsenter -m -t $(grep -o '\"pid\":[ 0-9]*' {hook.notes}/prestart | tr -dc 0-9)"
    before = hook("prestart", f"{entered} mount --bind {tmp_path}/shown {root}/by-runtime")
    within = hook("createContainer", f"mount --bind {tmp_path}/shown ./by-container")

    def change(config) -> None:
        copy_root(oci.busybox, Path(root))
        for name in ("by-runtime", "by-container"):
            Path(root, name).touch()
        config["root"]["path"] = "rootfs"
        with_hooks(prestart=before, createContainer=within)(config)

    said = oci.run("cat", "/by-runtime", "/by-container", change=change)
    assert said.out == "shown by a hook\n" * 2, said.err


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer", "startContainer"])
def test_a_hook_that_says_no_environment_has_that_of_where_it_runs(oci, kind) -> None:
    """The runtime's, or with startContainer that of the container's command."""
    name = "ONE" if kind == "startContainer" else "HERE"
    oci.environment["HERE"] = "set"
    asks = {"path": "/bin/sh", "args": ["sh", "-c", f'test -n "${name}"']}

    def change(config) -> None:
        config["process"]["env"] = ["ONE=two", "PATH=/bin"]
        with_hooks(**{kind: asks})(config)

    said = oci.run("true", change=change)
    assert (said.code, said.err) == (0, "")
    asks["env"] = ["OTHER=x"]
    assert oci.run("true", change=change).code == 1
