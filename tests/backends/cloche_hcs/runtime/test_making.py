"""Containers on their way into being: what the service is told, and what is left of failures."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cloche.errors import (
    AlreadyExists,
    BackendError,
    ClocheError,
    CommandFailed,
    InvalidSpec,
    InvalidState,
    NotFound,
    TimedOut,
    Unavailable,
)
from cloche.exit import ExitStatus, Reason
from cloche.runtime import Isolation, Lifetime, State
from cloche.spec import Mount, Process, WindowsHyperV, WindowsNetwork
from cloche.stdio import Size

_CREATING = ["CreateComputeSystem", "RegisterComputeSystemCallback"]
_NOT_FOUND, _DENIED, _BAD_FORMAT = 0x80070002, 0x80070005, 0x800700C1


def test_a_container_is_created_and_waits(bench: Any) -> None:
    container = bench.create()
    assert bench.functions() == _CREATING
    assert container.state() is State.CREATED
    assert container.init.pid is None
    assert container.init.exit.poll() is None


def test_the_service_is_told_what_it_is_made_of(bench: Any) -> None:
    bench.create()
    sent = bench.sent("HcsCreateComputeSystem", "configuration")
    assert sent["Name"] == "c1"
    assert sent["Owner"] == "cloche-bench"
    assert sent["LayerFolderPath"] == f"{bench.home}/layers/c1"
    assert sent["VolumePath"].startswith("\\\\?\\Volume{")
    assert [layer["Path"] for layer in sent["Layers"]] == [bench.layer]


@pytest.mark.parametrize(
    ("lifetime", "ends"), [(Lifetime.PROCESS, True), (Lifetime.DETACHED, False)]
)
def test_only_an_attached_container_ends_with_its_maker(
    bench: Any, lifetime: Lifetime, ends: bool
) -> None:
    bench.create(bench.request(lifetime=lifetime))
    sent = bench.sent("HcsCreateComputeSystem", "configuration")
    assert sent.get("TerminateOnLastHandleClosed", False) is ends


def test_a_virtual_machine_has_the_image_of_its_layer(bench: Any) -> None:
    (bench.home / "layers" / "base" / "UtilityVM").mkdir()
    bench.create(bench.request(isolation=Isolation.VM))
    sent = bench.sent("HcsCreateComputeSystem", "configuration")
    assert "VolumePath" not in sent
    assert sent["HvRuntime"]["ImagePath"] == str(bench.home / "layers" / "base" / "UtilityVM")


def test_a_virtual_machine_may_have_the_image_that_is_named(bench: Any) -> None:
    image = bench.home / "vm"
    image.mkdir()
    request = bench.request(isolation=Isolation.VM)
    windows = request.spec.windows.replace(hyperv=WindowsHyperV(utility_vm_path=str(image)))
    bench.create(replace(request, spec=request.spec.replace(windows=windows)))
    sent = bench.sent("HcsCreateComputeSystem", "configuration")
    assert sent["HvRuntime"]["ImagePath"] == str(image)


def test_the_source_of_a_mount_is_told_as_where_it_really_lies(bench: Any) -> None:
    (bench.home / "real").mkdir()
    (bench.home / "link").symlink_to(bench.home / "real", target_is_directory=True)
    mounts = tuple(
        Mount(source=str(bench.home / name), destination="C:\\in") for name in ("link", "gone")
    )
    request = bench.request()
    bench.create(replace(request, spec=request.spec.replace(mounts=mounts)))
    sent = bench.sent("HcsCreateComputeSystem", "configuration")
    told = [mapped["HostPath"] for mapped in sent["MappedDirectories"]]
    # Wine shows a link as what it leads to.
    really = "real" if (bench.home / "link").is_symlink() else "link"
    assert told == [str(bench.home / really), str(bench.home / "gone")]


def test_the_document_is_kept_with_the_record(bench: Any) -> None:
    request = bench.request()
    bench.create(request)
    kept = json.loads((request.state / "hcs.json").read_text().split("\n")[0])
    assert kept["configuration"] == bench.sent("HcsCreateComputeSystem", "configuration")


@pytest.mark.parametrize(
    "rule",
    [
        "fault\tHcsCreateComputeSystem\t*\t0x80070057",
        "fault\tHcsRegisterComputeSystemCallback\t*\t0x80070005",
        "notify\tSystemCreateCompleted\t*\t0x80070057",
        "notify\tSystemCreateCompleted\t*\tswallow",
        "create_exits\tc1",
    ],
)
def test_nothing_is_left_of_a_container_that_could_not_be_made(bench: Any, rule: str) -> None:
    bench.service.steer(rule)
    request = bench.request(timeout=1.0)
    with pytest.raises(ClocheError):
        bench.create(request)
    assert list(request.state.iterdir()) == []
    assert bench.service.outstanding() == {}
    assert bench.service.counts()["living"] == 0
    with pytest.raises(NotFound):
        bench.load()


def test_an_id_that_is_taken(bench: Any) -> None:
    bench.service.steer("system\tc1\tsomebody\tContainer\trunning")
    with pytest.raises(AlreadyExists):
        bench.create()


@pytest.mark.parametrize("code", ["0x80070490", "0x803B0002"])
def test_an_unknown_endpoint_is_named(bench: Any, code: str) -> None:
    """The network is asked only once the service has refused."""
    bench.service.steer(
        f"fault\tHcsCreateComputeSystem\t1\t{code}",
        'network\t/endpoints/there\t{"Success":true,"Output":{"ID":"there"}}',
        'network\t/endpoints/gone\t{"Success":false,"Error":"Element not found."}',
    )
    request = bench.request()
    network = WindowsNetwork(endpoint_list=("there", "gone"))
    windows = request.spec.windows.replace(network=network)
    asked = replace(request, spec=request.spec.replace(windows=windows))
    with pytest.raises(InvalidSpec, match=r"no endpoint gone") as raised:
        bench.create(asked)
    assert raised.value.path == "windows.network.endpointList[1]"
    bench.create(asked)
    assert bench.functions().count("HNSCall") == 2


def test_the_network_is_not_asked_for_other_failures(bench: Any) -> None:
    bench.service.steer("fault\tHcsCreateComputeSystem\t1\t0x80070057")
    request = bench.request()
    windows = request.spec.windows.replace(network=WindowsNetwork(endpoint_list=("gone",)))
    with pytest.raises(ClocheError):
        bench.create(replace(request, spec=request.spec.replace(windows=windows)))
    assert "HNSCall" not in bench.functions()


def test_a_container_is_started_and_runs(bench: Any) -> None:
    """No input will come, which its process is told."""
    container = bench.start()
    assert bench.functions()[len(_CREATING) :] == [
        "StartComputeSystem",
        "CreateProcess",
        "RegisterProcessCallback",
        "ModifyProcess",
    ]
    assert container.state() is State.RUNNING
    assert container.init.pid is not None
    assert container.init.pipes is None


def test_input_that_may_come_is_not_ended(bench: Any, unconnected: Any) -> None:
    container = bench.create()
    container.start(unconnected(wanted=(True, True, False)))
    assert bench.functions()[-1] == "RegisterProcessCallback"
    made = bench.parameters()
    names = ("CreateStdInPipe", "CreateStdOutPipe", "CreateStdErrPipe")
    assert [made[name] for name in names] == [True, True, False]
    stdin, stdout, stderr, terminal = container.init.pipes
    assert None not in (stdin, stdout)
    assert (stderr, terminal) == (None, False)
    _close(stdin, stdout)


@pytest.mark.parametrize("code", ["0x80070006", "0x80070032", "0xC037010B"])
def test_a_process_runs_though_the_service_has_no_input_of_it_to_end(bench: Any, code: str) -> None:
    """No pipe was made: there may be nothing that could be closed, or no word for it."""
    bench.service.steer(f"fault\tHcsModifyProcess\t*\t{code}")
    container = bench.start()
    assert bench.functions()[-1] == "ModifyProcess"
    assert container.state() is State.RUNNING
    assert container.init.exit.poll() is None


def test_a_terminal_is_emulated_in_its_size(bench: Any, unconnected: Any) -> None:
    container = bench.create()
    container.start(unconnected(wanted=(True, True, True), terminal=Size(width=80, height=25)))
    made = bench.parameters()
    assert (made["EmulateConsole"], made["ConsoleSize"]) == (True, [25, 80])
    assert made["CreateStdErrPipe"] is False
    stdin, stdout, stderr, terminal = container.init.pipes
    assert (stderr, terminal) == (None, True)
    container.init.resize(120, 50)
    sent = bench.sent("HcsModifyProcess", "settings")
    assert sent == {"Operation": "ConsoleSize", "ConsoleSize": {"Height": 50, "Width": 120}}
    _close(stdin, stdout)


def test_another_process_may_be_started(bench: Any, unconnected: Any) -> None:
    container = bench.create()
    container.start(unconnected(), Process(cwd="", args=("other.exe",)))
    made = bench.parameters()
    assert (made["CommandLine"], made["WorkingDirectory"]) == ("other.exe", "C:\\init")


def test_an_idle_container_runs_nothing(bench: Any) -> None:
    container = bench.start(bench.request(idle=True))
    assert bench.functions()[-1] == "StartComputeSystem"
    assert container.state() is State.RUNNING
    assert container.init.exit.poll() is None
    container.shutdown()
    assert container.init.exit.wait(10) == ExitStatus(None, "SIGTERM", Reason.SIGNAL)
    assert container.state() is State.STOPPED


def test_a_container_starts_once(bench: Any, unconnected: Any) -> None:
    container = bench.start()
    with pytest.raises(InvalidState):
        container.start(unconnected())
    assert container.state() is State.RUNNING


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("fault\tHcsStartComputeSystem\t*\t0x80070005", Unavailable),
        ("notify\tSystemStartCompleted\t*\t0x80070057", BackendError),
        ("notify\tSystemStartCompleted\t*\tswallow", TimedOut),
        ("start_exits\tc1", BackendError),
        ("fault\tHcsCreateProcess\t*\t0x80070057", BackendError),
        ("fault\tHcsRegisterProcessCallback\t*\t0x80070057", BackendError),
        ("fault\tHcsModifyProcess\t*\t0x80070057", BackendError),
    ],
)
def test_a_failed_start_terminates_and_leaves_a_stopped_container(
    bench: Any, unconnected: Any, rule: str, kind: type[ClocheError]
) -> None:
    container = bench.create(bench.request(timeout=1.0))
    bench.service.steer(rule)
    with pytest.raises(kind):
        container.start(unconnected())
    assert "TerminateComputeSystem" in bench.functions()
    assert container.state() is State.STOPPED
    assert container.init.exit.wait(10) is not None
    container.delete()
    container.close()
    assert bench.service.outstanding() == {}


@pytest.mark.parametrize(
    ("code", "exit_code"), [(_NOT_FOUND, 127), (_DENIED, 126), (_BAD_FORMAT, 126)]
)
def test_a_program_that_can_not_be_run(
    bench: Any, unconnected: Any, code: int, exit_code: int
) -> None:
    container = bench.create()
    bench.service.steer(f"fault\tHcsCreateProcess\t*\t{code:#x}")
    with pytest.raises(CommandFailed, match=r"cmd") as raised:
        container.start(unconnected())
    assert raised.value.exit_code == exit_code
    assert container.init.exit.wait(10).code == exit_code


def test_the_first_error_is_told_with_what_went_wrong_after_it(
    bench: Any, unconnected: Any
) -> None:
    container = bench.create()
    bench.service.steer(
        "fault\tHcsStartComputeSystem\t*\t0x80070057",
        "fault\tHcsTerminateComputeSystem\t1\t0x80070005",
    )
    with pytest.raises(BackendError, match=r"HcsStartComputeSystem") as raised:
        container.start(unconnected())
    assert "HcsTerminateComputeSystem" in raised.value.__notes__[0]


def _close(*ends: int) -> None:
    from cloche.pipes import close

    for end in ends:
        close(end)
