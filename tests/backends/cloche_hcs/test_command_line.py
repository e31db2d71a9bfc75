"""The command line asks of the service what the Python interface asks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from replaying.trace import DOCUMENTS

import cloche_hcs.plugin
from cloche import DEVNULL, Container, Engine, NotFound
from cloche.probe import Supported
from cloche_cli.main import run

#: Who comes first asks whether the service can be used; and whoever made a container hears of its
#: processes' ends beside what is asked for, sooner or later.
BY_THE_WAY = frozenset({"HcsEnumerateComputeSystems", "HcsGetProcessProperties"})
#: Which volume a sandbox is, depends on its id.
VOLUME = re.compile(r"Volume\{[^}]*\}")
COMMAND = ["tool.exe", "a b", '"c"']
Found = Container[bytes]


def execute(found: Found) -> None:
    with found.exec(COMMAND, env={"A": "b"}, workdir="C:\\work", stdin=DEVNULL) as process:
        process.wait()


VERBS: dict[str, tuple[Callable[[Found], object], list[str]]] = {
    "stop": (lambda found: found.stop(), ["stop"]),
    "kill": (lambda found: found.kill(), ["kill"]),
    "rm": (lambda found: found.remove(force=True), ["rm", "-f"]),
    "exec": (execute, ["exec", "-e", "A=b", "-w", "C:\\work"]),
}


@pytest.fixture
def open_engine(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Engine]]:
    """Opens engines in the place in which the command line's are, too."""
    for probe in ("_probe_service", "_probe_store"):
        monkeypatch.setattr(cloche_hcs.plugin, probe, lambda _: Supported(80), raising=False)
    monkeypatch.setenv("CLOCHE_ROOT", str(tmp_path / "place"))
    monkeypatch.setenv("CLOCHE_RUNTIME", "hcs")
    engines: list[Engine] = []

    def open_one() -> Engine:
        engines.append(Engine())
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    base, top = tmp_path / "layers" / "base", tmp_path / "layers" / "top"
    for folder in (base, top):
        for part in ("Files", "Hives"):
            (folder / part).mkdir(parents=True)
    (top / "layerchain.json").write_text(json.dumps([str(base)]), "utf-8")
    return top


def asked(service: Any, id: str) -> list[tuple[str, dict[str, Any]]]:
    """The calls so far: functions and arguments, documents as values, without ids and keys."""
    made = []
    for call in service.calls():
        if call.function not in BY_THE_WAY:
            text = VOLUME.sub("VOLUME", json.dumps(call.arguments).replace(id, "ID"))
            arguments = {k: v for k, v in json.loads(text).items() if k != "context"}
            for name in DOCUMENTS & arguments.keys():
                arguments[name] = json.loads(arguments[name] or "null")
            made.append((call.function, arguments))
    return made


def test_a_run(
    open_engine: Callable[[], Engine], service: Any, rootfs: Path, tmp_path: Path
) -> None:
    """With everything that can be asked for; what is refused, both refuse."""
    (tmp_path / "data").mkdir()
    volume = rf"{tmp_path / 'data'}:C:\data:ro"
    rules = ("pace\t0", "proc\t*\texit\t\t\t3\t1")
    service.begin(*rules)
    engine = open_engine()
    said = engine.run(
        COMMAND,
        rootfs=rootfs,
        env={"A": "b"},
        workdir="C:\\work",
        user="ContainerUser",
        hostname="box",
        memory="64M",
        cpus=0.5,
        cpu_shares=100,
        volumes=[volume],
        storage_size="30G",
        labels={"k": "v"},
    )
    one = asked(service, _id(service))
    service.begin(*rules)
    options = ["--rootfs", str(rootfs), "-e", "A=b", "-w", "C:\\work", "--user", "ContainerUser"]
    options += ["--hostname", "box", "--memory", "64M", "--cpus", "0.5", "--cpu-shares", "100"]
    options += ["-v", volume, "--storage-size", "30G", "--label", "k=v"]
    code = run(["run", *options, "--", *COMMAND])
    assert (said.returncode, code) == (3, 3)
    assert asked(service, _id(service)) == one
    assert [function for function, _ in one][-1] == "DestroyLayer"
    assert len(one) > 15


def _id(service: Any) -> str:
    made = next(call for call in service.calls() if call.function == "CreateSandboxLayer")
    return str(made.arguments["id"])


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb(verb: str, open_engine: Callable[[], Engine], service: Any, rootfs: Path) -> None:
    said, typed = VERBS[verb]
    words = COMMAND if verb == "exec" else []

    one = _by(service, open_engine, rootfs, lambda name: said(open_engine().get(name)))
    other = _by(service, open_engine, rootfs, lambda name: _type([*typed, name, *words]))
    service.expect_left("systems", "processes", "callbacks")  # a program ends, and they with it
    assert one == other
    assert len(one) >= 3


def _by(
    service: Any, open_engine: Callable[[], Engine], rootfs: Path, act: Callable[[str], object]
) -> list[tuple[str, dict[str, Any]]]:
    """The calls of what is done about a container that runs, by somebody who has not made it."""
    service.begin("pace\t0", "proc\t1\trun", "proc\t2\texit\t\t\t0\t20")
    quiet = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
    made = open_engine().start(["cmd"], rootfs=rootfs, **quiet)  # type: ignore[call-overload]
    before = len(asked(service, made.id))
    act(made.id)
    after = asked(service, made.id)[before:]
    with suppress(NotFound):
        made.remove(force=True)
    made.close()
    return after


def _type(words: list[str]) -> None:
    assert run(words) == 0
