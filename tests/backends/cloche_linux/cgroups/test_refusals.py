"""What can't be enforced is refused before anything is made, with the reason and the remedy."""

from __future__ import annotations

import pytest

from cloche.errors import InvalidSpec, NotSupported, Unavailable
from cloche.spec import (
    LinuxCPU,
    LinuxHugepageLimit,
    LinuxMemory,
    LinuxNetwork,
    LinuxPids,
    LinuxResources,
)
from cloche_linux import cgroups

NOBODY = 65534


def test_a_user_without_delegation_gets_no_limits(python_as):
    code = (
        "from cloche.spec import LinuxMemory, LinuxResources\n"
        "from cloche_linux import cgroups\n"
        "limits = LinuxResources(memory=LinuxMemory(limit=1 << 30))\n"
        "try: cgroups.plan(limits, id='c1')\n"
        "except Exception as error: print(type(error).__name__, error, error.remedy, sep='|')\n"
        "print(cgroups.plan(limits, id='c1', unenforced={'memory'}))"
    )
    result = python_as(NOBODY, code)
    assert result.stderr == ""
    refusal, dropped = result.stdout.splitlines()
    assert refusal == (
        f"{Unavailable.__name__}|memory: user nobody has no delegated memory cgroup"
        "|run as root, or --allow-unenforced memory"
    )
    assert dropped == str(None)
    assert cgroups.plan(LinuxResources(memory=LinuxMemory(limit=1 << 30)), id="c1") is not None


def test_pausing_needs_delegation_too(python_as):
    code = (
        "from cloche_linux import cgroups\n"
        "try: cgroups.plan(None, id='c1', need_freezer=True)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    result = python_as(NOBODY, code)
    assert result.stdout.startswith(f"{Unavailable.__name__} freezer: user nobody has no ")


def test_measuring_is_no_reason_to_fail(python_as):
    code = "from cloche_linux import cgroups\nprint(cgroups.plan(None, id='c1', need_stats=True))"
    assert python_as(NOBODY, code).stdout == "None\n"


def test_a_limit_that_linux_lost_is_refused_by_name():
    kernel = LinuxResources(memory=LinuxMemory(kernel=1 << 20))
    with pytest.raises(Unavailable) as caught:
        cgroups.plan(kernel, id="c1")
    assert caught.value.remedy == "--allow-unenforced kernel-memory"
    assert cgroups.plan(kernel, id="c1", unenforced={"kernel-memory"}) is None


def test_a_controller_that_is_not_there_is_named():
    with pytest.raises(Unavailable, match="unified: the kernel has no absent controller"):
        cgroups.plan(LinuxResources(unified={"absent.max": "1"}), id="c1")


@pytest.mark.parametrize(
    ("resources", "path"),
    [
        (LinuxResources(cpu=LinuxCPU(quota=500)), "linux.resources.cpu.quota"),
        (LinuxResources(cpu=LinuxCPU(period=2_000_000)), "linux.resources.cpu.period"),
        (LinuxResources(cpu=LinuxCPU(cpus="0-x")), "linux.resources.cpu.cpus"),
        (LinuxResources(cpu=LinuxCPU(mems="../0")), "linux.resources.cpu.mems"),
        (
            LinuxResources(hugepage_limits=(LinuxHugepageLimit(page_size="2MB/../x", limit=1),)),
            "linux.resources.hugepageLimits[0].pageSize",
        ),
        (LinuxResources(unified={"cgroup.procs": "1"}), "linux.resources.unified"),
        (LinuxResources(unified={"../memory.max": "1"}), "linux.resources.unified"),
    ],
)
def test_nonsense_is_named_by_its_path(resources, path):
    with pytest.raises(InvalidSpec) as caught:
        cgroups.plan(resources, id="c1")
    assert caught.value.path == path


@pytest.mark.parametrize("path", ["../up", "/a/../../b", "/", "", "."])
def test_a_path_that_leads_out_is_refused(path):
    with pytest.raises(InvalidSpec):
        cgroups.plan(LinuxResources(pids=LinuxPids(limit=5)), id="c1", path=path)


def test_a_path_in_the_form_of_systemd_is_refused():
    with pytest.raises(NotSupported):
        cgroups.plan(None, id="c1", path="system.slice:cloche:c1")


def test_marks_of_traffic_are_refused_where_nobody_makes_them():
    marked = LinuxResources(network=LinuxNetwork(class_id=5))
    with pytest.raises(Unavailable, match="network"):
        cgroups.plan(marked, id="c1")
