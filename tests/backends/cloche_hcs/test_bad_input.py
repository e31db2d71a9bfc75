"""What can't be a Windows container is refused by name, before the service hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloche.creation import BackendContext, CreateRequest
from cloche.errors import ClocheError, InvalidSpec, NotSupported, Unavailable
from cloche.layers import Layer
from cloche.runtime import Isolation
from cloche.spec import (
    Hook,
    Hooks,
    Linux,
    LinuxCapabilities,
    Mount,
    Process,
    Root,
    Spec,
    User,
    Windows,
    WindowsCPUGroupAffinity,
    WindowsCPUResources,
    WindowsDevice,
    WindowsHyperV,
    WindowsNetwork,
    WindowsResources,
)
from cloche_hcs.runtime import HcsRuntime
from cloche_hcs.versions import WindowsVersion

_OLD, _NEW = WindowsVersion(10, 0, 14393), WindowsVersion(10, 0, 20348)
_PIPE = "\\\\.\\pipe\\docker_engine"


@pytest.fixture
def layer(tmp_path: Path) -> str:
    (tmp_path / "layer").mkdir()
    return str(tmp_path / "layer")


@pytest.fixture
def request_(layer: str, tmp_path: Path) -> CreateRequest:
    spec = Spec(
        oci_version="1.3.0",
        process=Process(cwd="C:\\", args=("cmd", "/c", "ver")),
        root=Root(path="rootfs"),
        windows=Windows(layer_folders=(layer,)),
    )
    return CreateRequest(id="c1", spec=spec, state=tmp_path / "state")


def test_a_plain_request_is_accepted(request_: CreateRequest) -> None:
    """The control of all that follows: each refusal is for the one thing that differs."""
    assert _accepts(request_) == ("filter:mounted",)


def test_a_virtual_machine_takes_another_root(request_: CreateRequest, layer: str) -> None:
    Path(layer, "UtilityVM").mkdir()
    asked = replace(request_, isolation=Isolation.VM)
    assert _accepts(_with_windows(asked, hyperv=WindowsHyperV())) == ("filter",)
    assert _accepts(asked) == ("filter",)


def test_layers_may_come_with_the_image(request_: CreateRequest, layer: str) -> None:
    asked = replace(request_, layers=(Layer(kind="windows", path=Path(layer)),))
    assert _accepts(_with_windows(asked, layer_folders=())) == ("filter:mounted",)


def test_an_idle_container_needs_no_command(request_: CreateRequest) -> None:
    without = replace(request_, spec=request_.spec.replace(process=None))
    assert _accepts(replace(without, idle=True))
    assert _accepts(replace(_with_process(request_, args=()), idle=True))


def test_a_command_line_is_a_command_even_if_it_is_empty(request_: CreateRequest) -> None:
    assert _accepts(_with_process(request_, args=None, command_line=""))


@pytest.mark.parametrize("id", ["sub\\c1", "sub/c1", "..", "con", "nul.x", "c1.", "", "c:1"])
def test_an_id_that_is_no_name_of_a_folder(request_: CreateRequest, id: str) -> None:
    assert _refused(replace(request_, id=id), InvalidSpec).path == "id"


def test_a_specification_for_linux(request_: CreateRequest) -> None:
    both = replace(request_, spec=request_.spec.replace(linux=Linux()))
    assert _refused(both, InvalidSpec).path == "linux"
    neither = replace(request_, spec=request_.spec.replace(windows=None))
    assert _refused(neither, InvalidSpec).path == "windows"


def test_no_process_and_no_command(request_: CreateRequest) -> None:
    without = replace(request_, spec=request_.spec.replace(process=None))
    assert _refused(without, InvalidSpec).path == "process"
    assert _refused(_with_process(request_, args=()), InvalidSpec).path == "process.args"


def test_no_layers(request_: CreateRequest) -> None:
    error = _refused(_with_windows(request_, layer_folders=()), InvalidSpec)
    assert error.path == "windows.layerFolders"


def test_a_layer_that_does_not_exist(request_: CreateRequest, layer: str) -> None:
    folders = (layer, f"{layer}-gone")
    error = _refused(_with_windows(request_, layer_folders=folders), InvalidSpec)
    assert error.path == "windows.layerFolders[1]"
    assert f"{layer}-gone" in str(error)


def test_a_layer_that_is_a_file(request_: CreateRequest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = _refused(_with_windows(request_, layer_folders=(str(tmp_path / "file"),)), InvalidSpec)
    assert error.path == "windows.layerFolders[0]"


def _texts() -> Iterator[tuple[str, dict[str, Any]]]:
    process = Process(cwd="C:\\", args=("cmd",))
    yield "hostname", {"hostname": "h\0"}
    yield "process.args[1]", {"process": process.replace(args=("cmd", "a\0b"))}
    yield "process.commandLine", {"process": process.replace(command_line="\0")}
    yield "process.env[0]", {"process": process.replace(env=("A=\0",))}
    yield "process.cwd", {"process": process.replace(cwd="C:\0")}
    yield "process.user.username", {"process": process.replace(user=User(username="u\0"))}
    yield "mounts[0].source", {"mounts": (Mount(source="D:\0", destination="C:\\a"),)}
    yield "mounts[0].destination", {"mounts": (Mount(source="D:\\", destination="\0"),)}


@pytest.mark.parametrize(
    ("path", "fields"), [*_texts()], ids=lambda each: each if isinstance(each, str) else "fields"
)
def test_a_nul_in_a_text(request_: CreateRequest, path: str, fields: dict[str, Any]) -> None:
    asked = replace(request_, spec=request_.spec.replace(**fields))
    assert _refused(asked, InvalidSpec).path == path


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("windows.layerFolders[0]", {"layer_folders": ("ba\0se",)}),
        ("windows.credentialSpec.a", {"credential_spec": {"a": "\0"}}),
        ("windows.credentialSpec", {"credential_spec": "\0"}),
        ("windows.network.DNSSearchList[0]", {"network": WindowsNetwork(dns_search_list=("\0",))}),
        ("windows.network.endpointList[1]", {"network": WindowsNetwork(endpoint_list=("e", "\0"))}),
        ("windows.hyperv.utilityVMPath", {"hyperv": WindowsHyperV(utility_vm_path="\0")}),
    ],
)
def test_a_nul_in_the_windows_section(
    request_: CreateRequest, path: str, fields: dict[str, Any]
) -> None:
    assert _refused(_with_windows(request_, **fields), InvalidSpec).path == path


def test_a_nul_in_a_layer_of_the_image(request_: CreateRequest) -> None:
    asked = replace(request_, layers=(Layer(kind="windows", path=Path("ba\0se")),))
    error = _refused(_with_windows(asked, layer_folders=()), InvalidSpec)
    assert error.path == "windows.layerFolders[0]"


def test_a_mount_of_a_file(request_: CreateRequest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    asked = replace(request_, spec=request_.spec.replace(mounts=(_mount(tmp_path),)))
    assert _accepts(asked)
    asked = replace(request_, spec=request_.spec.replace(mounts=(_mount(tmp_path / "file"),)))
    error = _refused(asked, InvalidSpec)
    assert error.path == "mounts[0].source"
    assert str(tmp_path / "file") in str(error)


def test_a_mount_of_what_may_come_to_exist_is_the_services_to_judge(
    request_: CreateRequest, tmp_path: Path
) -> None:
    spec = request_.spec.replace(mounts=(_mount(tmp_path / "later"),))
    assert _accepts(replace(request_, spec=spec))


def test_a_mount_of_a_kind_that_windows_has_not(request_: CreateRequest) -> None:
    spec = request_.spec.replace(mounts=(Mount.tmpfs("C:\\temp"),))
    assert _refused(replace(request_, spec=spec), InvalidSpec).path == "mounts[0].type"


def test_named_pipes_before_the_build_that_maps_them(request_: CreateRequest) -> None:
    spec = request_.spec.replace(mounts=(Mount(source=_PIPE, destination=_PIPE),))
    asked = replace(request_, spec=spec)
    assert _accepts(asked, _NEW)
    assert _accepts(asked, None)
    assert "16299" in str(_refused(asked, Unavailable, _OLD).reason)


def test_devices_before_the_build_that_assigns_them(request_: CreateRequest) -> None:
    device = WindowsDevice(id="5B45201D-F2F2-4F3B-85BB-30FF1F953599", id_type="class")
    asked = _with_windows(request_, devices=(device,))
    assert _accepts(asked, _NEW)
    assert "17763" in str(_refused(asked, Unavailable, _OLD).reason)


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("networkNamespace", {"network": WindowsNetwork(network_namespace="n")}),
        ("idType", {"devices": (WindowsDevice(id="x", id_type="vpci"),)}),
        (
            "affinity",
            {
                "resources": WindowsResources(
                    cpu=WindowsCPUResources(affinity=(WindowsCPUGroupAffinity(mask=1),))
                )
            },
        ),
    ],
)
def test_what_the_documents_have_no_word_for(
    request_: CreateRequest, word: str, fields: dict[str, Any]
) -> None:
    assert word in str(_refused(_with_windows(request_, **fields), NotSupported))


def test_a_read_only_root(request_: CreateRequest) -> None:
    spec = request_.spec.replace(root=Root(path="rootfs", readonly=True))
    assert "read-only" in str(_refused(replace(request_, spec=spec), NotSupported))


def test_what_only_unix_has(request_: CreateRequest) -> None:
    asked = _with_process(request_, capabilities=LinuxCapabilities(bounding=("CAP_KILL",)))
    assert _refused(asked, InvalidSpec).path == "process.capabilities"
    hooks = Hooks(poststart=(Hook(path="C:\\hook.exe"),))
    for extra in (
        replace(request_, spec=request_.spec.replace(hooks=hooks)),
        replace(request_, preserve_fds=(5,)),
        replace(request_, files=(("/a", b""),)),
        replace(request_, groups=("staff",)),
    ):
        _refused(extra, NotSupported)
    assert _accepts(replace(request_, groups=("staff",), unenforced=frozenset({"group_add"})))


def test_a_virtual_machine_without_an_image(request_: CreateRequest, layer: str) -> None:
    asked = replace(_with_windows(request_, hyperv=WindowsHyperV()), isolation=Isolation.VM)
    assert layer in str(_refused(asked, InvalidSpec))


def test_a_virtual_machine_where_there_shall_be_none(request_: CreateRequest) -> None:
    asked = _with_windows(request_, hyperv=WindowsHyperV())
    assert _refused(asked, InvalidSpec).path == "windows.hyperv"


def test_an_image_of_another_windows(request_: CreateRequest, layer: str) -> None:
    """Not in a virtual machine, which has a Windows of its own; nor where nobody knows the host."""
    version = {"org.opencontainers.image.os.version": "10.0.17763.107"}
    asked = replace(request_, spec=request_.spec.replace(annotations=version))
    error = _refused(asked, Unavailable, _NEW)
    assert error.remedy == "--isolation hyperv, or tag ltsc2022"
    assert _accepts(asked, None)
    Path(layer, "UtilityVM").mkdir()
    assert _accepts(replace(asked, isolation=Isolation.VM), _NEW)


def _mount(source: Path) -> Mount:
    return Mount(source=str(source), destination="C:\\inside")


def _with_windows(request: CreateRequest, **fields: Any) -> CreateRequest:
    assert request.spec.windows is not None
    windows = request.spec.windows.replace(**fields)
    return replace(request, spec=request.spec.replace(windows=windows))


def _with_process(request: CreateRequest, **fields: Any) -> CreateRequest:
    assert request.spec.process is not None
    process = request.spec.process.replace(**fields)
    return replace(request, spec=request.spec.replace(process=process))


def _accepts(request: CreateRequest, host: WindowsVersion | None = _NEW) -> Any:
    context = BackendContext(home=Path("unused"), owner="cloche-test")
    return HcsRuntime(context, host).accepts(request)


def _refused(
    request: CreateRequest, kind: type[ClocheError], host: WindowsVersion | None = _NEW
) -> Any:
    with pytest.raises(kind) as raised:
        _accepts(request, host)
    return raised.value
