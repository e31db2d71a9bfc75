"""The binding makes each call as it is asked for, and keeps nothing of what comes out."""

from __future__ import annotations

import inspect
import json
import re
import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec, NotSupported
from cloche_hcs import vmcompute
from cloche_hcs._vmcompute import ffi, lib
from cloche_hcs.hresult import HResult
from cloche_hcs.vmcompute import DriverInfo, FileBasicInfo, LayerDescriptor, SystemHandle
from cloche_hcs.vmcompute.arguments import descriptors, driver
from cloche_hcs.vmcompute.library import checked
from cloche_hcs.vmcompute.strings import read, wide

HEADER = Path(vmcompute.__file__).parents[1] / "_binding/vmcompute.h"
#: What Windows' own names may be made of: lone surrogates, too, but no NUL.
TEXT = st.text(st.characters(min_codepoint=1, codec=None), max_size=40)
LAYER = LayerDescriptor(uuid.uuid4(), "base")


def functions() -> list[str]:
    declared = re.findall(r"^int64_t (\w+)\(", HEADER.read_text("utf-8"), re.MULTILINE)
    assert len(declared) > 50
    return declared


def test_every_declared_function_has_one_in_python() -> None:
    offered = {name for name in vmcompute.__all__ if inspect.isfunction(getattr(vmcompute, name))}
    assert set(functions()) <= offered


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("name", functions())
def test_the_service_that_tests_use_has_every_function(name: str) -> None:
    assert vmcompute.has_function(name)


@pytest.mark.usefixtures("service")
def test_a_function_that_is_not_there_is_told_by_its_name() -> None:
    assert not vmcompute.has_function("HcsMakeTea")
    with pytest.raises(NotSupported, match="of this build of Windows has no HcsMakeTea") as error:
        checked("HcsMakeTea", lib.CLOCHE_NO_FUNCTION)
    assert error.value.operation == "HcsMakeTea"


# Strings


@given(TEXT)
def test_any_string_goes_in_and_comes_out_as_it_was(text: str) -> None:
    there = wide(text, "text")
    assert lib.cloche_length(there) == len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert read(there, lib.cloche_length(there)) == text


def test_a_string_is_utf_16_with_an_end() -> None:
    assert list(wide("a\U0001f600\udc00", "text")) == [0x61, 0xD83D, 0xDE00, 0xDC00, 0]


@pytest.mark.usefixtures("service")
@given(st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=40))
def test_the_service_reads_what_was_meant(name: str) -> None:
    """Its ids of layers are made of the bytes of their names."""
    code, guid = vmcompute.NameToGuid(name)
    assert (code, guid) == (HResult.S_OK, uuid.uuid5(uuid.UUID(int=0), name))


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("name", "arguments", "path"),
    [
        ("HcsEnumerateComputeSystems", ("\0",), "query"),
        ("HcsCreateComputeSystem", ("a\0b", "{}"), "id"),
        ("HcsCreateComputeSystem", ("a", '{"Name":"\0"}'), "configuration"),
        ("HcsOpenComputeSystem", ("\0",), "id"),
        ("HcsStartComputeSystem", (1, "\0"), "options"),
        ("HcsGetComputeSystemProperties", (1, "\0"), "query"),
        ("HcsModifyComputeSystem", (1, "\0"), "configuration"),
        ("HcsCreateProcess", (1, "\0"), "parameters"),
        ("HcsSignalProcess", (1, "\0"), "options"),
        ("HcsModifyProcess", (1, "\0"), "settings"),
        ("HcsModifyServiceSettings", ("\0",), "settings"),
        ("ActivateLayer", (DriverInfo("C:\\\0"), "id"), "home"),
        ("ActivateLayer", (DriverInfo("C:\\"), "\0"), "id"),
        ("PrepareLayer", (DriverInfo("C:\\"), "a", [LAYER._replace(path="\0")]), "path"),
        ("ImportLayerNext", (1, "\0", None), "name"),
        ("GrantVmAccess", ("vm", "\0"), "path"),
        ("HNSCall", ("GET", "/\0", ""), "path"),
    ],
)
def test_a_nul_is_refused_by_the_name_of_what_has_it(
    name: str, arguments: tuple[object, ...], path: str
) -> None:
    with pytest.raises(InvalidSpec, match="has a NUL in it") as error:
        getattr(vmcompute, name)(*arguments)
    assert error.value.path == path


def test_every_string_that_comes_out_is_freed(service) -> None:
    system = vmcompute.HcsCreateComputeSystem("box", "{}").value
    for _ in range(3):
        assert vmcompute.HcsEnumerateComputeSystems().value
        assert vmcompute.HcsGetComputeSystemProperties(system, "{}").value
        assert vmcompute.HcsOpenComputeSystem("nobody").result
        assert vmcompute.HcsStartComputeSystem(SystemHandle(3)).result
        assert vmcompute.GetBaseImages().value
        assert vmcompute.HNSCall("GET", "/networks/").value
    assert service.counts().strings == 0
    service.expect_left("systems")


def test_results_are_told_as_they_are(service) -> None:
    service.steer('result\tHcsOpenComputeSystem\t*\t{"not": json \u00e4')
    answer = vmcompute.HcsOpenComputeSystem("nobody")
    assert answer.code == HResult.VMCOMPUTE_SYSTEM_NOT_FOUND
    assert answer.result == '{"not": json \u00e4'
    assert answer.value == 0


# Structures


def test_a_driver_info_is_laid_out_as_the_service_reads_it() -> None:
    made = driver(DriverInfo("C:\\layers"))
    bytes_of_it = bytes(ffi.buffer(made.struct))
    assert bytes_of_it[:8] == b"\1\0\0\0\0\0\0\0"
    assert int.from_bytes(bytes_of_it[8:], "little") == int(ffi.cast("uintptr_t", made.home))


def test_descriptors_are_laid_out_as_the_service_reads_them() -> None:
    layers = [LayerDescriptor(uuid.uuid4(), "one", 1 << 31), LayerDescriptor(uuid.uuid4(), "two")]
    made = descriptors(layers)
    whole = bytes(ffi.buffer(made.structs))
    assert len(whole) == 2 * 32
    assert whole[:16] == layers[0].guid.bytes_le
    assert whole[16:24] == b"\0\0\0\x80\0\0\0\0"
    assert whole[32:48] == layers[1].guid.bytes_le
    assert [read(made.structs[n].path, 3) for n in range(2)] == ["one", "two"]


def test_no_descriptors_are_no_pointer() -> None:
    assert descriptors([]).structs == ffi.NULL


@pytest.mark.usefixtures("service")
def test_a_path_is_asked_for_twice(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    info = DriverInfo(str(tmp_path))
    code, length, path = vmcompute.GetLayerMountPath(info, "box", 0)
    assert (code, path) == (HResult.S_OK, None)
    code, again, path = vmcompute.GetLayerMountPath(info, "box", length)
    assert (code, again) == (HResult.S_OK, length)
    assert path is not None
    assert path.startswith("\\\\?\\Volume{")
    assert len(path) == length - 1


@pytest.mark.usefixtures("service")
def test_no_room_for_a_path_is_told(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    code, _, _ = vmcompute.GetLayerMountPath(DriverInfo(str(tmp_path)), "box", 5)
    assert code == HResult.ERROR_INSUFFICIENT_BUFFER


# Life


def test_a_process_has_the_pipes_it_was_asked_for(service) -> None:
    system = vmcompute.HcsCreateComputeSystem("box", "{}").value
    vmcompute.HcsStartComputeSystem(system)
    parameters = {"CommandLine": "x", "CreateStdOutPipe": True}
    created = vmcompute.HcsCreateProcess(system, json.dumps(parameters)).value
    assert created.pid > 0
    assert (created.stdin, created.stderr) == (None, None)
    assert created.stdout is not None
    opened = vmcompute.HcsOpenProcess(system, created.pid)
    assert opened.code == HResult.S_OK
    for process in (created.handle, opened.value):
        assert vmcompute.HcsCloseProcess(process) == HResult.S_OK
    assert vmcompute.HcsCloseComputeSystem(system) == HResult.S_OK
    counts = service.counts()
    assert (counts.systems, counts.processes) == (0, 0)
    service.expect_left("stdio")  # the pipe is closed by those who are handed it


@pytest.mark.usefixtures("service")
def test_a_wrong_handle_is_the_services_to_refuse() -> None:
    assert vmcompute.HcsCloseComputeSystem(SystemHandle(3)) == HResult.ERROR_INVALID_HANDLE


def test_other_threads_run_while_a_call_hangs(service) -> None:
    service.steer("hang\tHcsEnumerateComputeSystems\t*")
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(vmcompute.HcsEnumerateComputeSystems().code)
    )
    thread.start()
    while service.counts().hanging == 0:
        assert thread.is_alive()
    assert answers == []
    service.release()
    thread.join(10)
    assert answers == [HResult.S_OK]


# Layers as streams


FILE = FileBasicInfo(
    creation_time=131_000_000_000_000_000,
    last_access_time=131_000_000_000_000_001,
    last_write_time=131_000_000_000_000_002,
    change_time=131_000_000_000_000_003,
    attributes=0x20,
)


@pytest.mark.usefixtures("service")
def test_a_stream_that_is_none_is_the_services_to_refuse() -> None:
    nowhere = vmcompute.ImportHandle(3)
    assert vmcompute.ImportLayerNext(nowhere, "Files\\a", FILE) == HResult.ERROR_INVALID_HANDLE
    assert vmcompute.ImportLayerWrite(nowhere, b"abc") == HResult.ERROR_INVALID_HANDLE
    assert vmcompute.ImportLayerEnd(nowhere) == HResult.ERROR_INVALID_HANDLE
    code, file = vmcompute.ExportLayerNext(vmcompute.ExportHandle(3))
    assert (code, file) == (HResult.ERROR_INVALID_HANDLE, None)
    code, count = vmcompute.ExportLayerRead(vmcompute.ExportHandle(3), bytearray(8))
    assert (code, count) == (HResult.ERROR_INVALID_HANDLE, 0)
