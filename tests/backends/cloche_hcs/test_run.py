"""``run`` and ``start`` over a layer's folder: what is asked for, in the service's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import cloche_hcs.plugin
import cloche_stdio.plugin
from cloche import DEVNULL, Engine, InvalidSpec, Mount
from cloche.probe import Supported

QUIET = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}


@pytest.fixture
def engine(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    for probe in ("_probe_service", "_probe_store"):
        monkeypatch.setattr(cloche_hcs.plugin, probe, lambda _: Supported(80), raising=False)
    monkeypatch.setenv("CLOCHE_PLUGINS", "")
    service.begin("pace\t0", "proc\t*\texit\t\t\t7\t1")
    plugins = [cloche_hcs.plugin, cloche_stdio.plugin]
    with Engine(plugins=plugins, root=tmp_path / "place") as engine:
        yield engine


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """The folder of a layer over another one."""
    base, top = tmp_path / "layers" / "base", tmp_path / "layers" / "top"
    for folder in (base, top):
        for part in ("Files", "Hives"):
            (folder / part).mkdir(parents=True)
    (top / "layerchain.json").write_text(json.dumps([str(base)]), "utf-8")
    return top


@pytest.fixture
def asked(service: Any, engine: Engine, rootfs: Path) -> Callable[..., list[dict[str, Any]]]:
    """Runs a command, and gives the documents of the container and of its process."""

    def run(args: tuple[str, ...] = ("cmd", "/c", "ver"), **options: Any) -> list[dict[str, Any]]:
        engine.run(args, rootfs=rootfs, **{**QUIET, **options})
        calls = {call.function: call.arguments for call in service.calls()}
        container = calls["HcsCreateComputeSystem"]["configuration"]
        process = calls["HcsCreateProcess"]["processParameters"]
        return [json.loads(container), json.loads(process)]

    return run


def test_a_run_makes_a_container_over_the_layers(
    engine: Engine, rootfs: Path, service: Any
) -> None:
    result = engine.run(["cmd", "/c", "ver"], rootfs=rootfs, **QUIET)
    assert result.returncode == 7
    made = next(call for call in service.calls() if call.function == "HcsCreateComputeSystem")
    layers = json.loads(made.arguments["configuration"])["Layers"]
    assert [layer["Path"] for layer in layers] == [str(rootfs), str(rootfs.parent / "base")]
    assert service.functions()[-1] == "DestroyLayer"
    assert engine.list(all=True) == []


def test_arguments_are_quoted_and_the_rest_is_as_asked_for(asked: Callable[..., Any]) -> None:
    container, process = asked(
        ("tool.exe", "a b", 'say "x"'),
        env={"KEY": "value"},
        user="ContainerUser",
        workdir=r"D:\work",
        hostname="box",
    )
    assert process["CommandLine"] == r'tool.exe "a b" "say \"x\""'
    assert process["Environment"] == {"KEY": "value"}
    assert (process["User"], process["WorkingDirectory"]) == ("ContainerUser", r"D:\work")
    assert container["HostName"] == "box"


def test_without_a_word_it_works_in_the_system_drive(asked: Callable[..., Any]) -> None:
    container, process = asked()
    assert process["WorkingDirectory"] == "C:\\"
    assert process["Environment"] == {}
    assert container["HostName"] == container["Name"]
    assert not container["EndpointList"]


def test_limits_are_the_services(asked: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    container, _ = asked(memory="256M", cpus=1.5, cpu_shares=500)
    assert container["MemoryMaximumInMB"] == 256
    assert (container["ProcessorMaximum"], container["ProcessorWeight"]) == (3750, 500)
    assert "ProcessorCount" not in container


def test_a_virtual_machine_has_processors_of_its_own(
    asked: Callable[..., Any], rootfs: Path
) -> None:
    (rootfs.parent / "base" / "UtilityVM").mkdir()
    container, _ = asked(isolation="hyperv", cpus=1.5)
    assert container["HvPartition"] is True
    assert (container["ProcessorCount"], container["ProcessorMaximum"]) == (2, 7500)


def test_mounts_are_directories_in_drives(asked: Callable[..., Any], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    container, _ = asked(
        volumes=[rf"{data}:C:\data:ro"], mounts=[Mount.bind(data, "D:/deep/place")]
    )
    told = [
        (m["HostPath"], m["ContainerPath"], m["ReadOnly"]) for m in container["MappedDirectories"]
    ]
    assert told == [(str(data), r"D:\deep\place", False), (str(data), r"C:\data", True)]


def test_a_pipe_is_mapped_by_its_name(asked: Callable[..., Any]) -> None:
    container, _ = asked(volumes=[r"\\.\pipe\docker:\\.\pipe\inside"])
    pipe = {"HostPath": r"\\.\pipe\docker", "ContainerPipeName": "inside"}
    assert container["MappedPipes"] == [pipe]


@pytest.mark.parametrize(
    "options",
    [
        {"cap_add": ["NET_RAW"]},
        {"cap_drop": ["ALL"]},
        {"security_opt": ["seccomp=unconfined"]},
        {"tmpfs": ["/tmp"]},
        {"shm_size": "1M"},
        {"ulimits": {"nofile": 10}},
        {"sysctls": {"net.x": "1"}},
        {"umask": 0},
        {"oom_score_adj": 5},
        {"group_add": ["5"]},
        {"memory": "64M", "memory_swap": "128M"},
        {"cpuset_cpus": "0"},
        {"pids_limit": 5},
        {"read_only": True},
        {"files": {"/a": "b"}},
        {"network": "host"},
        {"cpu_shares": 10_001},
        {"devices": ["/dev/null"]},
        {"volumes": [r"nowhere:C:\x"]},
        {"mounts": [Mount.tmpfs(r"C:\x")]},
    ],
    ids=lambda options: next(reversed(options)),
)
def test_what_windows_has_nothing_like_is_refused_by_name(
    engine: Engine, service: Any, rootfs: Path, options: Mapping[str, Any]
) -> None:
    with pytest.raises(InvalidSpec) as refused:
        engine.run(["cmd"], rootfs=rootfs, **options)
    assert refused.value.path == next(reversed(options))
    assert service.functions() == []
    assert engine.list(all=True) == []


@pytest.mark.parametrize("target", ["/data", "data", "C:\\", "c:/", r"C:\a:b", r"\\server\x"])
def test_a_target_that_is_no_path_of_windows_is_refused(
    engine: Engine, service: Any, rootfs: Path, tmp_path: Path, target: str
) -> None:
    with pytest.raises(InvalidSpec, match=r"mounts: .* is not an absolute path"):
        engine.run(["cmd"], rootfs=rootfs, mounts=[Mount.bind(tmp_path, target)])
    assert service.functions() == []


def test_a_file_is_not_mounted(engine: Engine, rootfs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidSpec, match=r"volumes: .*file is a file"):
        engine.run(["cmd"], rootfs=rootfs, volumes=[rf"{tmp_path / 'file'}:C:\x"])


def test_a_missing_parent_is_refused_before_the_first_call(
    engine: Engine, service: Any, rootfs: Path, tmp_path: Path
) -> None:
    (rootfs / "layerchain.json").write_text(json.dumps([str(tmp_path / "gone")]), "utf-8")
    with pytest.raises(InvalidSpec, match=r"rootfs: .*gone does not exist"):
        engine.run(["cmd"], rootfs=rootfs)
    assert service.functions() == []


def test_what_runs_beside_it_may_work_elsewhere(engine: Engine, service: Any, rootfs: Path) -> None:
    service.begin("pace\t0", "proc\t1\trun", "proc\t2\texit\t\t\t0\t1")
    with engine.start(["cmd"], rootfs=rootfs, **QUIET) as container:
        assert container.run(["dir"], workdir=r"C:\Windows", **QUIET).returncode == 0
        made = [call for call in service.calls() if call.function == "HcsCreateProcess"][-1]
        assert json.loads(made.arguments["processParameters"])["WorkingDirectory"] == r"C:\Windows"
