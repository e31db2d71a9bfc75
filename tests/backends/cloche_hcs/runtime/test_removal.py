"""Containers taken away: their end, what must come before it, and what is left if it fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloche.errors import CleanupFailed, NotFound, TimedOut, Unavailable
from cloche.exit import ExitStatus, Reason
from cloche.runtime import Isolation, State

_ERRAND = "c1_servicing"


def test_a_container_is_shut_down_and_its_end_awaited(bench: Any) -> None:
    container = bench.start()
    calls = len(bench.functions())
    container.delete()
    assert bench.functions()[calls:] == ["ShutdownComputeSystem", "GetProcessProperties"]
    assert container.init.exit.poll() is not None
    assert container.state() is State.STOPPED
    container.close()
    assert bench.functions()[calls + 2 :] == [
        "UnregisterProcessCallback",
        "CloseProcess",
        "UnregisterComputeSystemCallback",
        "CloseComputeSystem",
    ]
    assert bench.service.outstanding() == {}


def test_what_can_not_be_shut_down_is_terminated(bench: Any) -> None:
    """So it is with what was never started, and with what stands still."""
    container = bench.create()
    container.delete()
    assert bench.functions()[-2:] == ["ShutdownComputeSystem", "TerminateComputeSystem"]
    assert container.init.exit.wait(0) == ExitStatus.killed(9)


@pytest.mark.parametrize("moment", ["created", "running", "stopped", "terminated", "gone"])
def test_deletion_is_repeatable_at_any_moment(bench: Any, moment: str) -> None:
    container = bench.create() if moment == "created" else bench.start()
    if moment == "stopped":
        container.init.kill(9)
        container.init.exit.wait(10)
    if moment == "terminated":
        container.terminate()
        container.init.exit.wait(10)
    if moment == "gone":
        bench.load().delete()
    container.delete()
    calls = bench.functions()
    container.delete()
    assert bench.functions() == calls
    assert bench.service.counts()["living"] == 0
    with pytest.raises(NotFound):
        bench.load()
    container.close()
    container.close()


def test_nothing_stays_in_the_state_directory(bench: Any) -> None:
    bench.start().delete()
    assert list((bench.home / "state" / "c1").iterdir()) == []


def test_what_can_not_be_ended_at_all_is_told_and_may_be_tried_again(bench: Any) -> None:
    container = bench.start()
    bench.service.steer(
        "fault\tHcsShutdownComputeSystem\t1\t0x80070005",
        "fault\tHcsTerminateComputeSystem\t1\t0x80070005",
    )
    with pytest.raises(CleanupFailed) as raised:
        container.delete()
    assert isinstance(raised.value.problems[0], Unavailable)
    assert container.state() is State.RUNNING
    container.delete()
    assert container.state() is State.STOPPED


def test_an_end_that_is_never_told_is_found_out(bench: Any) -> None:
    bench.service.steer("notify\tSystemExited\t*\tswallow", "notify\tProcessExited\t*\tswallow")
    container = bench.start(bench.request(timeout=2.0))
    container.delete()
    assert container.init.exit.poll() is not None
    assert bench.service.counts()["living"] == 0


def test_without_updates_there_is_no_errand(bench: Any) -> None:
    container = bench.start()
    assert container.errand() is None
    assert bench.sent("HcsGetComputeSystemProperties", "propertyQuery") == {
        "PropertyTypes": ["PendingUpdates"]
    }


@pytest.mark.parametrize(
    "rule",
    [
        "fault\tHcsGetComputeSystemProperties\t*\t0x80070005",
        "sysprops\tNULL",
        "sysprops\tno JSON",
        "sysprops\t{}",
        'sysprops\t{"AreUpdatesPending":"true"}',
    ],
)
def test_what_does_not_say_that_there_are_updates_has_none(bench: Any, rule: str) -> None:
    container = bench.start()
    bench.service.steer(rule)
    assert container.errand() is None


def test_what_has_stopped_has_none_any_more(bench: Any) -> None:
    container = bench.start()
    container.terminate()
    container.init.exit.wait(10)
    assert container.errand() is None


def test_updates_are_installed_over_the_same_layers_and_without_the_command(bench: Any) -> None:
    bench.service.steer("updates\tc1\ttrue")
    errand = bench.start(bench.request(timeout=7.0)).errand()
    assert errand.id == _ERRAND
    assert errand.state == bench.home / "state" / _ERRAND
    assert [str(layer.path) for layer in errand.layers] == [bench.layer]
    assert errand.spec.windows.servicing is True
    assert errand.spec.process.command_line == ""
    assert not errand.spec.process.args
    assert (errand.isolation, errand.timeout) == (Isolation.PROCESS, 7.0)


def test_updates_of_a_virtual_machine_are_installed_in_one(bench: Any) -> None:
    (bench.home / "layers" / "base" / "UtilityVM").mkdir()
    bench.service.steer("updates\tc1\ttrue")
    errand = bench.start(bench.request(isolation=Isolation.VM)).errand()
    image = str(bench.home / "layers" / "base" / "UtilityVM")
    assert errand.spec.windows.hyperv.utility_vm_path == image
    assert bench.runtime.accepts(errand) == ("filter",)


def test_the_longest_id_has_an_errand_too(bench: Any) -> None:
    longest = "a" * 128
    bench.service.steer(f"updates\t{longest}\ttrue")
    errand = bench.start(bench.request(longest)).errand()
    assert bench.runtime.accepts(errand)


def test_a_found_container_has_its_errand(bench: Any) -> None:
    bench.service.steer("updates\tc1\ttrue")
    bench.start()
    errand = bench.load().errand()
    assert [str(layer.path) for layer in errand.layers] == [bench.layer]


def test_without_known_layers_nothing_can_be_installed(bench: Any) -> None:
    bench.service.steer("system\ta1\tcloche-bench\tContainer\trunning", "updates\ta1\ttrue")
    assert bench.load("a1").errand() is None


def test_a_servicing_container_has_no_errand_of_its_own(bench: Any) -> None:
    bench.service.steer(f"updates\t{_ERRAND}\ttrue", "updates\tc1\ttrue")
    servicing = _serviced(bench)
    calls = bench.functions()
    assert servicing.errand() is None
    assert bench.functions() == calls


def test_a_servicing_container_says_that_it_is_one(bench: Any) -> None:
    bench.service.steer("updates\tc1\ttrue")
    _serviced(bench)
    assert bench.sent("HcsCreateComputeSystem", "configuration")["Servicing"] is True
    assert bench.parameters()["CommandLine"] == ""


def test_updates_are_in_when_the_container_has_ended_by_itself(bench: Any) -> None:
    """Not when its process has: it would lose them if it were ended before."""
    bench.service.begin("pace\t1", "proc\t1\trun", "proc\t2\texit\t\t\t0\t1", "updates\tc1\ttrue")
    servicing = _serviced(bench)
    assert not _ends(servicing, 1.0)
    bench.service.notify(_ERRAND, 1)
    assert servicing.init.exit.wait(10) == ExitStatus(0)


def test_updates_that_fail_are_ended_by_force(bench: Any) -> None:
    bench.service.begin("pace\t1", "proc\t1\trun", "proc\t2\texit\t\t\t5\t1", "updates\tc1\ttrue")
    servicing = _serviced(bench)
    assert servicing.init.exit.wait(10) == ExitStatus(5)
    assert "TerminateComputeSystem" in bench.functions()


def test_updates_of_which_sight_was_lost_are_ended_by_force(bench: Any) -> None:
    bench.service.begin(
        "pace\t1", "proc\t1\trun", "proc\t2\texit\t\t\t0\t1\t0x80070005", "updates\tc1\ttrue"
    )
    servicing = _serviced(bench)
    assert servicing.init.exit.wait(10).reason is Reason.LOST
    assert "TerminateComputeSystem" in bench.functions()


def _serviced(bench: Any) -> Any:
    errand = bench.start().errand()
    errand.state.mkdir()
    return bench.start(replace(errand))


def _ends(container: Any, seconds: float) -> bool:
    try:
        container.init.exit.wait(seconds)
    except TimedOut:
        return False
    return True
