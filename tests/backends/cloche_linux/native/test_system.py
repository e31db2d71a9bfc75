"""What namespaces have besides files: names, the loopback interface, kernel parameters."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Step


@pytest.fixture
def plan(sandbox):
    return sandbox.begin()


def test_names_are_the_containers_own(sandbox, plan):
    before = os.uname().nodename
    plan.hostname("inside")
    plan.domainname("domain")
    ended = sandbox.run(
        "cat", "/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname", plan=plan
    )
    assert ended.output == "inside\ndomain\n"
    assert os.uname().nodename == before


def test_a_name_that_is_too_long_is_einval(sandbox, plan):
    plan.hostname("x" * 65)
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.HOSTNAME, errno.EINVAL)


@pytest.mark.parametrize("up", [False, True], ids=["control", "up"])
def test_loopback_is_down_until_it_is_wanted(sandbox, plan, up):
    if up:
        plan.loopback()
    ended = sandbox.run("sh", "-c", "ip link show lo; ping -c 1 -W 1 127.0.0.1", plan=plan)
    assert ("LOOPBACK,UP" in ended.output) == up
    assert (ended.code == 0) == up


def test_a_parameter_is_the_containers_own(sandbox, plan):
    name = "/proc/sys/net/ipv4/ip_default_ttl"
    before = Path(name).read_text()
    plan.sysctl("net/ipv4/ip_default_ttl", "99")
    plan.sysctl("net/ipv4/ip_forward", "1")
    assert sandbox.run("cat", name, plan=plan).output == "99\n"
    assert Path(name).read_text() == before


def test_nothing_in_the_image_can_stand_in_for_a_parameter(sandbox, tmp_path):
    """What is mounted on the container's /proc is not what is written to."""
    (tmp_path / "net/ipv4").mkdir(parents=True)
    (tmp_path / "net/ipv4/ip_forward").write_text("untouched")
    plan = sandbox.begin()
    plan.bind(str(tmp_path), "/proc/sys")
    plan.sysctl("net/ipv4/ip_forward", "1")
    assert sandbox.run("true", plan=plan).code == 0
    assert (tmp_path / "net/ipv4/ip_forward").read_text() == "untouched"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../self/oom_score_adj", errno.EXDEV),
        ("/self/oom_score_adj", errno.EXDEV),
        ("net/missing", errno.ENOENT),
    ],
)
def test_a_parameter_is_below_proc_sys_and_exists(sandbox, plan, path, error):
    plan.sysctl(path, "1")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert (failed.value.step, failed.value.errno) == (Step.SYSCTL, error)


def test_a_value_that_the_kernel_refuses(sandbox, plan):
    plan.sysctl("net/ipv4/ip_default_ttl", "a lot")
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", plan=plan)
    assert failed.value.errno == errno.EINVAL
