"""What the workload is: its identity, privileges, limits, directory and descriptors."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from cloche_linux.kernel import UNLIMITED, Resource
from cloche_linux.spawn import StepFailed
from cloche_linux.steps import Step, Turn

CHOWN, DAC_OVERRIDE, KILL, SETGID, SETUID, SYS_ADMIN = 0, 1, 5, 6, 7, 21
ALLOW, REFUSE = 0x7FFF0000, 0x00050000


def bits(*capabilities: int) -> int:
    return sum(1 << capability for capability in capabilities)


def status(output: str) -> dict[str, str]:
    """/proc/self/status, from the output of cat."""
    lines = (line.partition(":") for line in output.splitlines())
    return {name: value.strip() for name, _, value in lines}


@pytest.fixture(params=[True, False], ids=["init", "no-init"])
def init(request):
    return request.param


@pytest.fixture
def seen(sandbox, init):
    """Runs cat on the workload's status, after some steps."""
    return lambda process: status(
        sandbox.run("cat", "/proc/self/status", process=process, init=init).output
    )


def test_ids_and_groups(seen):
    found = seen(lambda plan: plan.identity(12, 34, [56, 78]))
    assert found["Uid"].split() == ["12"] * 4
    assert found["Gid"].split() == ["34"] * 4
    assert found["Groups"].split() == ["56", "78"]


def test_without_groups_none_of_the_callers_stay(seen):
    assert seen(lambda plan: plan.identity(0, 0))["Groups"] == ""


def test_capability_sets_are_exactly_these(seen):
    def process(plan):
        plan.bounding(bits(CHOWN, KILL, SETUID))
        plan.identity(0, 0)
        plan.capabilities(
            permitted=bits(CHOWN, KILL), effective=bits(CHOWN), inheritable=bits(KILL)
        )

    found = seen(process)
    bounding = f"{bits(CHOWN, KILL, SETUID):016x}"
    assert found["CapBnd"] == bounding
    assert found["CapPrm"] == found["CapEff"] == bounding, "root regains what is not bounded"
    assert found["CapInh"] == f"{bits(KILL):016x}"


def test_another_user_keeps_the_ambient_ones(seen):
    def process(plan):
        plan.bounding(bits(CHOWN, KILL))
        plan.identity(12, 34)
        kept = bits(KILL)
        plan.capabilities(
            permitted=bits(CHOWN, KILL), inheritable=kept, effective=kept, ambient=kept
        )

    found = seen(process)
    assert found["CapAmb"] == found["CapEff"] == found["CapPrm"] == f"{bits(KILL):016x}"


def test_another_user_keeps_nothing_else(seen):
    def process(plan):
        plan.identity(12, 34)
        plan.capabilities(permitted=bits(CHOWN, KILL), effective=bits(CHOWN))

    found = seen(process)
    assert found["CapPrm"] == found["CapEff"] == "0" * 16


def test_no_new_privileges(seen):
    assert seen(lambda plan: plan.no_new_privileges())["NoNewPrivs"] == "1"
    assert seen(lambda plan: None)["NoNewPrivs"] == "0"


def instruction(code: int, true: int, false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, true, false, value)


def refuse_syscall(number: int, error: int) -> bytes:
    return b"".join(
        [
            instruction(0x20, 0, 0, 0),
            instruction(0x15, 0, 1, number),
            instruction(0x06, 0, 0, REFUSE | error),
            instruction(0x06, 0, 0, ALLOW),
        ]
    )


def test_a_filter_is_in_force(sandbox, init):
    """mkdir(2) is refused with an errno of ours; the control has no filter."""
    number = {"x86_64": 83, "aarch64": 34}[os.uname().machine]

    def process(plan):
        plan.no_new_privileges()
        plan.seccomp(refuse_syscall(number, errno.EXDEV))

    run = ["sh", "-c", "mkdir /x; grep Seccomp: /proc/self/status"]
    assert sandbox.run(*run, init=init).output.split() == ["Seccomp:", "0"]
    assert sandbox.run(*run, init=init, process=process).output.split("\n")[:2] == [
        "mkdir: can't create directory '/x': Invalid cross-device link",
        "Seccomp:\t2",
    ]


def test_a_filter_without_no_new_privileges_comes_before_capabilities_go(seen):
    def process(plan):
        plan.identity(12, 34)
        plan.seccomp(instruction(0x06, 0, 0, ALLOW))
        plan.capabilities()

    found = seen(process)
    assert (found["Seccomp"], found["NoNewPrivs"]) == ("2", "0")


def test_a_filter_after_capabilities_are_gone_is_refused(sandbox):
    def process(plan):
        plan.capabilities()
        plan.seccomp(instruction(0x06, 0, 0, ALLOW))

    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", process=process)
    assert (failed.value.step, failed.value.errno) == (Step.SECCOMP, errno.EACCES)


def test_limits(sandbox, init):
    def process(plan):
        plan.rlimit(Resource.NOFILE, 100, 200)
        plan.rlimit(Resource.CORE, 0, UNLIMITED)

    ended = sandbox.run("cat", "/proc/self/limits", process=process, init=init)
    rows = {line[:26].strip(): line[26:].split()[:2] for line in ended.output.splitlines()}
    assert rows["Max open files"] == ["100", "200"]
    assert rows["Max core file size"] == ["0", "unlimited"]


def test_a_limit_that_may_not_be_raised_fails_with_its_errno(sandbox, fork):
    """As a user without privileges, in a user namespace: the limit is the host's to raise."""

    def process(plan):
        plan.rlimit(Resource.CORE, 0, 0)
        plan.identity(12, 34)
        plan.capabilities()
        plan.rlimit(Resource.CORE, 0, 100)

    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", process=process)
    assert (failed.value.step, failed.value.errno) == (Step.RLIMIT, errno.EPERM)


def test_the_mask_for_new_files(sandbox, init):
    assert sandbox.run("sh", "-c", "umask", init=init).output == "0022\n"
    masked = sandbox.run("sh", "-c", "umask", init=init, process=lambda plan: plan.umask(0o77))
    assert masked.output == "0077\n"


def test_the_scheduler(sandbox, init):
    """Fields of proc(5): 19 is nice, 41 the policy, of which 3 is SCHED_BATCH."""
    run = ["cut", "-d ", "-f19,41", "/proc/self/stat"]
    found = sandbox.run(*run, init=init, process=lambda plan: plan.scheduler(3, nice=7))
    assert found.output == "7 3\n"


def test_the_personality(sandbox, init):
    found = sandbox.run(
        "cat", "/proc/self/personality", init=init, process=lambda plan: plan.personality(0x40000)
    )
    assert found.output == "00040000\n"


def test_the_oom_score_is_inherited_by_the_workload(sandbox):
    from cloche_linux.plan import Plan

    plan = Plan()
    plan.oom_score(777)
    plan.unshare(0x20000)
    plan.root_bind(sandbox.root)
    plan.mount("proc", "/proc", "proc")
    assert sandbox.run("cat", "/proc/self/oom_score_adj", plan=plan).output == "777\n"


def test_the_working_directory(sandbox, init):
    found = sandbox.run("pwd", init=init, process=lambda plan: plan.working_directory("/etc"))
    assert found.output == "/etc\n"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/missing", errno.ENOENT),
        ("/bin/busybox", errno.ENOTDIR),
        ("/proc/self/fd/7", errno.ELOOP),
        ("/proc/self/cwd", errno.ELOOP),
        ("/proc/self/root/etc", errno.ELOOP),
    ],
)
def test_a_working_directory_that_cannot_be(sandbox, path, error):
    """Also by a magic link, which could lead to a directory of the host (CVE-2024-21626)."""
    with pytest.raises(StepFailed) as failed:
        sandbox.run("true", process=lambda plan: plan.working_directory(path))
    assert (failed.value.step, failed.value.errno) == (Step.WORKING_DIRECTORY, error)
    assert failed.value.filename == path


@pytest.mark.parametrize("path", ["/closed", "/etc"])
def test_what_root_may_not_enter_its_user_may_in_a_second_turn(sandbox, init, path):
    """Root may pass over nothing then, as over a directory whose group has no name here."""
    plan = sandbox.begin()
    plan.directory("/closed", 0o700, uid=1000, gid=1000)

    def process(plan):
        becoming = bits(SETGID, SETUID)
        passing = bits(DAC_OVERRIDE)  # the root is its owner's alone, too
        plan.capabilities(permitted=becoming | passing, effective=becoming)
        plan.working_directory(path, Turn.FIRST)
        plan.identity(1000, 1000)
        plan.capabilities(permitted=passing, effective=passing)
        plan.working_directory(path, Turn.SECOND)

    assert sandbox.run("pwd", plan=plan, init=init, process=process).output == f"{path}\n"


def test_what_neither_may_enter_is_an_error(sandbox):
    plan = sandbox.begin()
    plan.directory("/closed", 0o700, uid=1000, gid=1000)

    def process(plan):
        plan.capabilities()
        plan.working_directory("/closed", Turn.FIRST)
        plan.working_directory("/closed", Turn.SECOND)

    with pytest.raises(StepFailed) as failed:
        sandbox.run("pwd", plan=plan, process=process)
    assert (failed.value.step, failed.value.errno) == (Step.WORKING_DIRECTORY, errno.EACCES)


def descriptors(output: str) -> list[str]:
    """What ls shows of its own descriptors, but for the one it reads the directory with."""
    return [line.split()[8] for line in output.splitlines() if " -> " in line]


def test_no_other_descriptor_is_open(sandbox, init):
    ended = sandbox.run("ls", "-l", "/proc/self/fd", init=init)
    assert descriptors(ended.output) == ["0", "1", "2"]


def test_preserved_descriptors_become_3_and_up(sandbox, init, tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    files = [os.open(tmp_path / name, os.O_RDONLY) for name in "ab"]
    dropped = os.open("/", os.O_RDONLY)
    try:
        ended = sandbox.run(
            "sh", "-c", "cat <&3; cat <&4; ls -l /proc/self/fd",
            init=init, preserve=2, extras=[*files, dropped],
        )  # fmt: skip
    finally:
        for fd in (*files, dropped):
            os.close(fd)
    assert ended.output.startswith("ab")
    assert descriptors(ended.output) == ["0", "1", "2", "3", "4"]


def test_a_program_cannot_be_reached_through_a_descriptor_of_the_host(sandbox, init):
    """The helper has extras open, but not any more when it executes (CVE-2024-21626)."""
    host = os.open("/", os.O_RDONLY)
    try:
        for number in range(3, 12):
            with pytest.raises(StepFailed) as failed:
                sandbox.run(f"/proc/self/fd/{number}/bin/true", init=init, extras=[host])
            assert failed.value.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES)
    finally:
        os.close(host)


def test_the_keyring_is_new(sandbox):
    """The session keyring's serial number differs from the embedding process'."""
    plan = sandbox.begin()
    plan.session_keyring()
    ended = sandbox.run("cat", "/proc/keys", plan=plan)
    assert "_ses" in ended.output or "_uid" not in ended.output
