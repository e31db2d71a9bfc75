"""The documents are those of the golden traces, but for the decisions that name a difference."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from subprocess import list2cmdline
from typing import Any

import pytest

from cloche.documents import read
from cloche.spec import Process, Spec, Windows, WindowsHyperV, WindowsNetwork
from cloche_hcs.document import configuration, process_parameters
from cloche_hcs.document.configuration import Storage

_TRACES = Path(__file__).parents[3] / "windows" / "traces"
_NAMES = sorted(path.stem for path in _TRACES.glob("*.json"))
#: A virtual machine without an image was made, and failed to start.
_WITHOUT_IMAGE = {"13-hyperv-none"}


def test_there_are_traces() -> None:
    assert len(_NAMES) > 80


@pytest.mark.parametrize("name", _NAMES)
def test_configurations_are_the_same(name: str) -> None:
    """A virtual machine's has no VolumePath now, and a servicing container's says what it is."""
    for asked, sent in _created(name):
        wanted = json.loads(sent)
        if wanted["HvPartition"]:
            del wanted["VolumePath"]
            if name in _WITHOUT_IMAGE:
                assert "HvRuntime" not in wanted
                continue
        if wanted["Name"].endswith("_servicing"):
            wanted["Servicing"] = True
        assert json.loads(_configuration(asked, wanted)) == wanted


@pytest.mark.parametrize("name", _NAMES)
def test_processes_are_the_same(name: str) -> None:
    """Arguments were joined as they are; now they are quoted."""
    for asked, sent in _processes(name):
        wanted = json.loads(sent)
        made = json.loads(_parameters(asked, wanted))
        assert wanted.pop("CommandLine") == " ".join(asked["args"])
        assert made.pop("CommandLine") == list2cmdline(asked["args"])
        assert made == wanted


def _configuration(asked: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Make the document of what the first implementation was asked for."""
    windows = _windows(asked["conf"], servicing=wanted["Servicing"])
    spec = read(Spec, json.dumps(asked["spec"])).replace(windows=windows)
    storage = Storage(
        folder=wanted["LayerFolderPath"],
        volume=wanted.get("VolumePath"),
        layers=[(layer["ID"], layer["Path"]) for layer in wanted["Layers"]],
        utility_vm=wanted.get("HvRuntime", {}).get("ImagePath"),
    )
    name, owner = wanted["Name"], wanted["Owner"]
    return configuration(spec, id=name, owner=owner, storage=storage, attached=False)


def _windows(conf: dict[str, Any], *, servicing: bool) -> Windows:
    """Say by the specification what the first implementation was told beside it."""
    endpoints, suffixes = conf.get("networkEndpoints"), conf.get("dnsSearchList")
    network = WindowsNetwork(
        endpoint_list=None if endpoints is None else tuple(endpoints),
        dns_search_list=None if suffixes is None else tuple(suffixes),
        allow_unqualified_dns_query=conf.get("allowUnqualifiedDNSQuery"),
        network_shared_container_name=conf.get("NetworkSharedContainerID"),
    )
    return Windows(
        layer_folders=tuple(conf["layers"]),
        network=network,
        servicing=servicing or None,
        credential_spec=conf.get("credentials"),
        ignore_flushes_during_boot=conf.get("ignoreFlushesDuringBoot"),
        hyperv=WindowsHyperV() if conf.get("useHyperV") else None,
    )


def _parameters(asked: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Make the parameters; that a terminal emulates one, and which streams there are, is not asked.

    The first implementation never emulated a console.
    """
    pipes = tuple(wanted[f"Create{name}Pipe"] for name in ("StdIn", "StdOut", "StdErr"))
    assert len(pipes) == 3
    process = read(Process, json.dumps(asked))
    return process_parameters(process, cwd=wanted["WorkingDirectory"], pipes=pipes)


def _created(name: str) -> list[tuple[dict[str, Any], str]]:
    """Each configuration that was sent, with the step that asked for it."""
    trace = _trace(name)
    by_id = {step["id"]: step for step in trace["scenario"]["steps"] if step["op"] == "new"}
    return [
        (by_id[call["args"]["id"].removesuffix("_servicing")], call["args"]["configuration"])
        for call in trace["calls"]
        if call["fn"] == "HcsCreateComputeSystem"
    ]


def _processes(name: str) -> list[tuple[dict[str, Any], str]]:
    """All parameters that were sent, with the process that was asked for: the last before them."""
    trace = _trace(name)
    found = []
    for call in trace["calls"]:
        if call["fn"] == "HcsCreateProcess":
            steps = trace["scenario"]["steps"][: call["step"] + 1]
            asked = [_process_of(step) for step in steps if step["op"] in ("new", "exec")]
            found.append((asked[-1], call["args"]["processParameters"]))
    return found


def _process_of(step: dict[str, Any]) -> dict[str, Any]:
    process: dict[str, Any] = step["process"] if step["op"] == "exec" else step["spec"]["process"]
    return process


@cache
def _trace(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_TRACES / f"{name}.json").read_text(encoding="utf-8"))
    return found
