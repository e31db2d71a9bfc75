"""Configurations of containers: which fields are always there, and what the others depend on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.spec import (
    Mount,
    Spec,
    Windows,
    WindowsCPUResources,
    WindowsDevice,
    WindowsMemoryResources,
    WindowsNetwork,
    WindowsResources,
    WindowsStorageResources,
)
from cloche_hcs.document import configuration
from cloche_hcs.document.configuration import Storage

_BASE = ("78cb1aaa-319b-58e8-baeb-6b7486ff63f4", "C:\\layers\\base")
_STORAGE = Storage(
    folder="C:\\layers\\c1",
    volume="\\\\?\\Volume{8829dfd9-0000-4000-8000-000000000000}\\",
    layers=[_BASE],
)


def test_the_least_container() -> None:
    assert _made() == {
        "SystemType": "Container",
        "Name": "c1",
        "Owner": "cloche",
        "IsDummy": False,
        "VolumePath": "\\\\?\\Volume{8829dfd9-0000-4000-8000-000000000000}",
        "IgnoreFlushesDuringBoot": False,
        "LayerFolderPath": "C:\\layers\\c1",
        "Layers": [{"ID": _BASE[0], "Path": _BASE[1]}],
        "HostName": "",
        "MappedDirectories": None,
        "HvPartition": False,
        "EndpointList": None,
        "Servicing": False,
        "AllowUnqualifiedDNSQuery": False,
    }


def test_a_container_that_ends_with_its_maker_says_so() -> None:
    assert _made(attached=True)["TerminateOnLastHandleClosed"] is True
    assert "TerminateOnLastHandleClosed" not in _made(attached=False)


def test_a_virtual_machine_has_an_image_and_no_volume() -> None:
    storage = Storage(folder="C:\\layers\\c1", layers=[_BASE], utility_vm="C:\\vm")
    made = _made(storage=storage)
    assert made["HvPartition"] is True
    assert made["HvRuntime"] == {"ImagePath": "C:\\vm"}
    assert "VolumePath" not in made
    assert made["LayerFolderPath"] == "C:\\layers\\c1"


def test_names_and_hints_are_passed_on() -> None:
    windows = _windows(ignore_flushes_during_boot=True, servicing=True)
    made = _made(windows, hostname="häst-01")
    assert (made["HostName"], made["IgnoreFlushesDuringBoot"]) == ("häst-01", True)
    assert made["Servicing"] is True


@pytest.mark.parametrize(
    ("options", "read_only"),
    [
        (None, False),
        (("ro",), True),
        (("rbind", "RO"), True),
        (("rO",), True),
        (("rw",), False),
        (("ro", "rw"), True),
        (("readonly",), False),
    ],
)
def test_a_directory_is_read_only_by_ro_in_any_case(
    options: tuple[str, ...] | None, read_only: bool
) -> None:
    mount = Mount(source="D:\\a", destination="C:\\a", options=options)
    assert _made(mounts=(mount,))["MappedDirectories"] == [
        {
            "HostPath": "D:\\a",
            "ContainerPath": "C:\\a",
            "ReadOnly": read_only,
            "BandwidthMaximum": 0,
            "IOPSMaximum": 0,
        }
    ]


def test_a_source_is_written_as_where_it_really_lies() -> None:
    mount = Mount(source="D:\\link", destination="C:\\a")
    made = _made(mounts=(mount,), resolve=lambda path: path.replace("link", "real"))
    assert made["MappedDirectories"][0]["HostPath"] == "D:\\real"


def test_pipes_are_no_directories() -> None:
    """Inside they have their bare names, whichever way the destination was written."""
    mounts = (
        Mount(source="\\\\.\\pipe\\docker", destination="\\\\.\\pipe\\inside"),
        Mount(source="\\\\.\\PIPE\\other", destination="bare"),
    )
    made = _made(mounts=mounts)
    assert made["MappedDirectories"] is None
    assert made["MappedPipes"] == [
        {"HostPath": "\\\\.\\pipe\\docker", "ContainerPipeName": "inside"},
        {"HostPath": "\\\\.\\PIPE\\other", "ContainerPipeName": "bare"},
    ]


def test_no_endpoints_and_an_empty_list_of_them_differ() -> None:
    assert _made(_networked())["EndpointList"] is None
    assert _made(_networked(endpoint_list=()))["EndpointList"] == []
    assert _made(_networked(endpoint_list=("a", "b")))["EndpointList"] == ["a", "b"]


def test_search_suffixes_are_one_string() -> None:
    suffixes = ("a.example", "b.example", "")
    assert _made(_networked(dns_search_list=suffixes))["DNSSearchList"] == "a.example,b.example,"
    assert "DNSSearchList" not in _made(_networked(dns_search_list=()))


def test_another_containers_network_is_shared_by_name() -> None:
    made = _made(
        _networked(network_shared_container_name="other", allow_unqualified_dns_query=True)
    )
    assert made["NetworkSharedContainerName"] == "other"
    assert made["AllowUnqualifiedDNSQuery"] is True
    assert "NetworkSharedContainerName" not in _made(_networked(network_shared_container_name=""))


@pytest.mark.parametrize(
    "spec", [{"CmsPlugins": ["x"], "a": "<&>"}, '{"CmsPlugins":["x"],"a":"<&>"}']
)
def test_a_credential_spec_is_text_inside_the_document(spec: dict[str, object] | str) -> None:
    made = _made(_windows(credential_spec=spec))
    assert made["Credentials"] == '{"CmsPlugins":["x"],"a":"<&>"}'


def test_limits_that_are_not_set_are_left_out() -> None:
    cpu = WindowsCPUResources(count=0, shares=None, maximum=5000)
    storage = WindowsStorageResources(iops=7, bps=8, sandbox_size=9)
    memory = WindowsMemoryResources(limit=(64 << 20) + 1)
    resources = WindowsResources(cpu=cpu, storage=storage, memory=memory)
    made = _made(_windows(resources=resources))
    assert {name: made[name] for name in made.keys() - _made().keys()} == {
        "ProcessorMaximum": 5000,
        "StorageIOPSMaximum": 7,
        "StorageBandwidthMaximum": 8,
        "StorageSandboxSize": 9,
        "MemoryMaximumInMB": 64,
    }


def test_processors_are_a_count_or_a_weight() -> None:
    resources = WindowsResources(cpu=WindowsCPUResources(count=2, shares=500))
    made = _made(_windows(resources=resources))
    assert (made["ProcessorCount"], made["ProcessorWeight"]) == (2, 500)


@given(st.integers(min_value=1, max_value=(1 << 64) - 1))
def test_a_limit_of_memory_is_never_lifted(limit: int) -> None:
    """Less than a megabyte is one, for none would be no limit at all."""
    memory = WindowsResources(memory=WindowsMemoryResources(limit=limit))
    megabytes = _made(_windows(resources=memory))["MemoryMaximumInMB"]
    assert megabytes >= 1
    assert megabytes == 1 or megabytes << 20 <= limit


def test_devices_are_assigned_by_their_interface_class() -> None:
    device = WindowsDevice(id="5B45201D-F2F2-4F3B-85BB-30FF1F953599", id_type="class")
    assert _made(_windows(devices=(device,)))["AssignedDevices"] == [
        {"InterfaceClassGuid": "5B45201D-F2F2-4F3B-85BB-30FF1F953599"}
    ]


@given(st.text(), st.text(), st.text())
def test_any_text_arrives(hostname: str, source: str, owner: str) -> None:
    mounts = (Mount(source=f"D:\\{source}", destination=source),)
    made = _made(hostname=hostname, mounts=mounts, owner=owner)
    assert (made["HostName"], made["Owner"]) == (hostname, owner)
    assert made["MappedDirectories"][0]["ContainerPath"] == source


def _windows(**fields: Any) -> Windows:
    return Windows(layer_folders=("C:\\layers\\base",), **fields)


def _networked(**fields: Any) -> Windows:
    return _windows(network=WindowsNetwork(**fields))


def _made(
    windows: Windows | None = None,
    *,
    storage: Storage = _STORAGE,
    owner: str = "cloche",
    attached: bool = False,
    resolve: Any = str,
    **fields: Any,
) -> dict[str, Any]:
    spec = Spec(oci_version="1.3.0", windows=windows or _windows(), **fields)
    text = configuration(
        spec, id="c1", owner=owner, storage=storage, attached=attached, resolve=resolve
    )
    made: dict[str, Any] = json.loads(text)
    return made
