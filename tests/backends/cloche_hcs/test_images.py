"""Containers of Windows images by name: layers in the filter store, and what the image says."""

from __future__ import annotations

import base64
import io
import json
import shutil
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.peers.registries.images import Image, image, index

import cloche_hcs.plugin
import cloche_stdio.plugin
from cloche import DEVNULL, Engine, host
from cloche.probe import Supported
from cloche_hcs.layers.unpacking import EA_PREFIX

QUIET = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
NAME = "example.com/windows:1"
VERSION = host.kernel() if sys.platform == "win32" else "10.0.20348.2113"
PLATFORM = {"os": "windows", "architecture": "amd64", "os.version": VERSION}
CONFIG = {
    "Entrypoint": ["cmd", "/S", "/C"],
    "Cmd": ["echo hello"],
    "Env": ["A=image", "B=image"],
    "User": "ContainerUser",
    "WorkingDir": "C:\\work",
    "Labels": {"by": "image"},
}


def layer(files: Mapping[str, bytes | None]) -> bytes:
    """A layer's tar file, as Windows layers are published; None for a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            entry.size, entry.mtime = len(content or b""), 1_600_000_000
            if not name.rpartition("/")[2].startswith(".wh."):
                attribute = "16" if content is None else "32"
                value = base64.b64encode(b"value").decode()
                entry.pax_headers = {"MSWINDOWS.fileattr": attribute, f"{EA_PREFIX}KEY": value}
            tar.addfile(entry, io.BytesIO(content or b""))
    return buffer.getvalue()


BASE = layer(
    {
        "Files": None,
        "Files/Windows": None,
        "Files/Windows/system.ini": b"base",
        "Files/gone.txt": b"x",
        "Hives": None,
        "Hives/Software_Base": b"hive",
        "UtilityVM": None,
        "UtilityVM/Files": None,
    }
)
UPPER = layer(
    {
        "Files": None,
        "Files/app.txt": b"upper",
        "Files/.wh.gone.txt": b"",
        "Hives": None,
        "Hives/Software_Delta": b"delta",
    }
)


def layout(place: Path, top: Image) -> Path:
    """An OCI image layout on the disk, in which it is called ``NAME``."""
    blobs = place / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for each in (top, *top.children):
        contents = {each.digest: each.data, **each.blobs}
        for digest, data in contents.items():
            (blobs / digest.partition(":")[2]).write_bytes(data)
    (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    named = {**top.descriptor, "annotations": {"org.opencontainers.image.ref.name": NAME}}
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    return place


@pytest.fixture
def engine(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    for probe in ("_probe_service", "_probe_store"):
        monkeypatch.setattr(cloche_hcs.plugin, probe, lambda _: Supported(80), raising=False)
    monkeypatch.setenv("CLOCHE_PLUGINS", "")
    service.begin("pace\t0", "proc\t*\texit\t\t\t0\t1")
    plugins = [cloche_hcs.plugin, cloche_stdio.plugin]
    with Engine(plugins=plugins, root=tmp_path / "place") as engine:
        yield engine


@pytest.fixture
def loaded(engine: Engine, tmp_path: Path) -> Engine:
    """An engine that has an image for Linux and one for Windows, by one name."""
    windows = image(BASE, UPPER, config=CONFIG, platform=PLATFORM)
    linux = image(BASE, platform={"os": "linux", "architecture": "amd64"})
    engine.images.load(layout(tmp_path / "layout", index(linux, windows)))
    return engine


def documents(service: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    calls = {call.function: call.arguments for call in service.calls()}
    container = calls["HcsCreateComputeSystem"]["configuration"]
    return json.loads(container), json.loads(calls["HcsCreateProcess"]["processParameters"])


def run(engine: Engine, *args: str, **options: Any) -> Any:
    return engine.run(args, image=NAME, platform="windows/amd64", **{**QUIET, **options})


def test_a_run_by_name_is_over_the_images_layers(loaded: Engine, service: Any) -> None:
    assert run(loaded).returncode == 0
    container, process = documents(service)
    upper, base = (Path(each["Path"]) for each in container["Layers"])
    assert (base / "Files" / "Windows" / "system.ini").read_bytes() == b"base"
    assert (upper / "Files" / "app.txt").read_bytes() == b"upper"
    assert json.loads((upper / "layerchain.json").read_text()) == [str(base)]
    assert process["CommandLine"] == 'cmd /S /C "echo hello"'
    assert (process["User"], process["WorkingDirectory"]) == ("ContainerUser", "C:\\work")
    assert process["Environment"] == {"A": "image", "B": "image"}


def test_a_second_run_unpacks_nothing(loaded: Engine, service: Any) -> None:
    run(loaded)
    imports = service.functions().count("ImportLayerBegin")
    run(loaded)
    assert (imports, service.functions().count("ImportLayerBegin")) == (2, 2)


def test_what_is_asked_for_comes_before_the_image(loaded: Engine, service: Any) -> None:
    run(loaded, "dir", env={"A": "own"}, user="ContainerAdministrator", workdir="D:\\")
    _, process = documents(service)
    assert process["CommandLine"] == "cmd /S /C dir"
    assert process["Environment"] == {"A": "own", "B": "image"}
    assert (process["User"], process["WorkingDirectory"]) == ("ContainerAdministrator", "D:\\")


def test_a_command_that_the_image_has_quoted_is_left_as_it_is(
    engine: Engine, service: Any, tmp_path: Path
) -> None:
    config = {"Cmd": ['cmd /S /C "echo %A% b"'], "ArgsEscaped": True}
    own = image(BASE, config=config, platform=PLATFORM)
    engine.images.load(layout(tmp_path / "layout", own))
    run(engine)
    assert documents(service)[1]["CommandLine"] == 'cmd /S /C "echo %A% b"'
    run(engine, "cmd", "a b")
    made = [call for call in service.calls() if call.function == "HcsCreateProcess"][-1]
    command = json.loads(made.arguments["processParameters"])["CommandLine"]
    assert command == 'cmd "a b"'


def test_a_virtual_machine_is_made_of_the_layers_own(loaded: Engine, service: Any) -> None:
    run(loaded, isolation="hyperv")
    container, _ = documents(service)
    base = container["Layers"][-1]["Path"]
    assert container["HvRuntime"]["ImagePath"] == str(Path(base) / "UtilityVM")


def test_a_layer_goes_with_its_image_and_not_before(loaded: Engine, service: Any) -> None:
    run(loaded)
    layers = [Path(each["Path"]) for each in documents(service)[0]["Layers"]]
    loaded.images.remove(NAME)
    loaded.images.prune()
    assert not any(path.exists() for path in layers)
    assert service.counts().misuses == []


def test_what_a_container_has_changed_becomes_an_image(loaded: Engine, service: Any) -> None:
    """For the stand-in, what a container writes lies in the folder of its sandbox."""
    options = {"image": NAME, "platform": "windows/amd64", "keep": True, **QUIET}
    with loaded.start(["cmd"], **options) as container:
        container.wait(10)
        made = Path(documents(service)[0]["LayerFolderPath"]) / "Files"
        made.mkdir()
        (made / "new.txt").write_bytes(b"new")
        committed = loaded.images.commit(container, "example.com/windows:2")
        shutil.rmtree(made)
    assert len(committed.layers) == 3
    loaded.run(["cmd"], image="example.com/windows:2", platform="windows/amd64", **QUIET)
    last = [call for call in service.calls() if call.function == "HcsCreateComputeSystem"][-1]
    layers = [Path(each["Path"]) for each in json.loads(last.arguments["configuration"])["Layers"]]
    assert len(layers) == 3
    assert (layers[0] / "Files" / "new.txt").read_bytes() == b"new"
    for left in loaded.list(all=True):
        left.remove(force=True)
