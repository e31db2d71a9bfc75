"""Every step can fail, says so by name, and leaves nothing. The steps come from the table."""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloche_linux.kernel import Namespace, Propagation, Resource
from cloche_linux.plan import Plan
from cloche_linux.spawn import Child, ExecFailed, StepFailed, spawn
from cloche_linux.steps import Extra, Step

ALLOW = bytes([6, 0, 0, 0, 0, 0, 0xFF, 0x7F])
LABEL_FILE = "thread-self/attr/exec"
INJECTED = errno.EOWNERDEAD
"""What none of these steps fails with by itself."""


@dataclass(frozen=True)
class Scene:
    """A plan that is known to work, what it is spawned with, and by whom."""

    plan: Plan
    extras: tuple[int, ...] = ()
    new_pid_namespace: bool = True

    def encode(self, step: Step, occurrence: int) -> bytes:
        self.plan.inject(step, INJECTED, occurrence)
        return self.plan.encode()


def container(sandbox) -> Scene:
    """All that is done to a container of root's and to its workload."""
    group = os.open("/dev/null", os.O_WRONLY)
    plan = Plan()
    plan.oom_score(100)
    plan.attach_cgroup(Extra(0))
    plan.unshare(Namespace.MOUNT | Namespace.UTS | Namespace.IPC | Namespace.NETWORK)
    plan.session_keyring()
    plan.propagation(Propagation.PRIVATE)
    plan.scratch(1 << 20)
    plan.root_overlay([sandbox.root], scratch=True)
    fill(plan)
    plan.pivot()
    plan.find_program("true", ["PATH=/bin"])
    plan.ready()
    plan.init()
    confine(plan)
    plan.execute(["true"], ["PATH=/bin"])
    return Scene(plan, (group,))


def fill(plan: Plan) -> None:
    plan.mount("proc", "/proc", "proc")
    plan.mount("tmpfs", "/dev")
    plan.mount("devpts", "/dev/pts", options=[("newinstance", None), ("ptmxmode", "0666")])
    plan.overlay("/usr", ["/etc"], scratch=True)
    plan.bind("/tmp", "/tmp")
    plan.remount("/tmp", attributes=1)
    plan.directory("/made")
    plan.device("/dev/null", 0o20666, os.makedev(1, 3))
    plan.symlink("/link", "target")
    plan.file("/file", b"text")
    plan.mask("/proc/keys")
    plan.read_only("/proc/sys")
    plan.hostname("name")
    plan.domainname("domain")
    plan.loopback()
    plan.sysctl("net/ipv4/ip_forward", "1")
    plan.terminal(1, 1, console=True)
    plan.root_attributes(1)


def confine(plan: Plan) -> None:
    plan.descriptors()
    plan.controlling_terminal()
    plan.rlimit(Resource.CORE, 0, resource.getrlimit(resource.RLIMIT_CORE)[1] & (2**64 - 1))
    plan.umask(0o22)
    plan.scheduler(nice=1)
    plan.personality(0)
    plan.io_priority(2 << 13 | 4)
    plan.affinity(os.sched_getaffinity(0))
    plan.memory_policy(4, ())
    plan.give_streams(0, 0)
    plan.working_directory("/tmp")
    plan.bounding(0)
    plan.identity(12, 34)
    plan.capabilities()
    plan.no_new_privileges()
    plan.seccomp(ALLOW)
    plan.parent_death()


def bound(sandbox) -> Scene:
    """A directory as the root, and an init without a workload."""
    plan = Plan()
    plan.unshare(Namespace.MOUNT)
    plan.root_bind(sandbox.root)
    plan.pivot()
    plan.idle()
    return Scene(plan)


def single(sandbox) -> Scene:
    """What the first steps of a container without root are."""
    plan = Plan()
    plan.unshare(Namespace.USER)
    plan.map_self(0, 0)
    plan.fork(new_pid_namespace=True)
    plan.idle()
    return Scene(plan, new_pid_namespace=False)


def mapped(sandbox) -> Scene:
    """The same with maps that the parent writes; none here, for the step fails before it waits."""
    plan = Plan()
    plan.unshare(Namespace.USER)
    plan.map_by_parent()
    plan.idle()
    return Scene(plan, new_pid_namespace=False)


def joined(sandbox) -> Scene:
    plan = Plan()
    plan.join(Extra(0), Namespace.UTS)
    plan.idle()
    return Scene(plan, (os.open("/proc/self/ns/uts", os.O_RDONLY),))


def entered(sandbox) -> Scene:
    plan = Plan()
    plan.join_process(Extra(0), Namespace.UTS)
    plan.fork(new_pid_namespace=False)
    plan.send_root()
    return Scene(plan, (os.pidfd_open(os.getpid()),), new_pid_namespace=False)


def timed(sandbox) -> Scene:
    """Clocks of its own, which are those of its children."""
    plan = Plan()
    plan.unshare(Namespace.TIME)
    plan.time_offsets([("boottime", 5, 0)])
    plan.fork(new_pid_namespace=True)
    plan.idle()
    return Scene(plan, new_pid_namespace=False)


def asking(sandbox) -> Scene:
    """Hooks that the parent is to run; none here, for the step fails before it waits."""
    plan = Plan()
    plan.hooks_by_parent()
    plan.idle()
    return Scene(plan)


def grouped(sandbox) -> Scene:
    """A group that the parent is to move it into; none here, as with hooks."""
    plan = Plan()
    plan.group_by_parent()
    plan.idle()
    return Scene(plan)


def hooked(sandbox) -> Scene:
    plan = Plan()
    plan.hook("/bin/true", ["true"], [], (b"", b""))
    plan.ready()
    plan.idle()
    return Scene(plan)


def gated(sandbox) -> Scene:
    """One that waits at a socket; nobody comes, for the step fails before it waits."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    plan = Plan()
    plan.ready(wait=False)
    plan.await_start(Extra(0))
    plan.idle()
    return Scene(plan, (listening.detach(),))


def kept(sandbox) -> Scene:
    """A container with a keeper; there is none yet, for the step fails before it is one."""
    plan = Plan()
    plan.keep(Extra(0), None, new_pid_namespace=True)
    plan.idle()
    return Scene(plan, (os.open("/dev/null", os.O_WRONLY),), new_pid_namespace=False)


def cloned(sandbox) -> Scene:
    plan = Plan()
    plan.clone_tree("/tmp", Extra(0))
    plan.idle()
    return Scene(plan, (os.open("/dev/null", os.O_RDONLY),))


def rooted(sandbox) -> Scene:
    plan = Plan()
    plan.enter_root(Extra(0))
    plan.idle()
    return Scene(plan, (os.open("/", os.O_RDONLY),))


def networked(sandbox) -> Scene:
    plan = Plan()
    plan.join_process(Extra(0), Namespace.NETWORK)
    plan.send_netlink()
    return Scene(plan, (os.pidfd_open(os.getpid()),), new_pid_namespace=False)


def labelled(sandbox) -> Scene:
    """A label of a security module; nothing here takes one, for the step fails before it asks."""
    plan = Plan()
    plan.label(Extra(0), LABEL_FILE, "exec profile")
    plan.idle()
    return Scene(plan, (os.open("/proc", os.O_PATH),))


def probed(sandbox) -> Scene:
    plan = Plan()
    plan.probe()
    return Scene(plan)


SCENES: dict[Callable[..., Scene], set[Step]] = {
    bound: {Step.ROOT_BIND, Step.IDLE},
    single: {Step.MAP_SELF, Step.REEXECUTE},
    mapped: {Step.MAP_BY_PARENT},
    joined: {Step.JOIN},
    entered: {Step.JOIN_PROCESS, Step.FORK, Step.SEND_ROOT},
    timed: {Step.TIME_OFFSETS},
    networked: {Step.SEND_NETLINK},
    asking: {Step.HOOKS_BY_PARENT},
    grouped: {Step.GROUP_BY_PARENT},
    hooked: {Step.HOOK},
    gated: {Step.AWAIT_START},
    kept: {Step.KEEP},
    probed: {Step.PROBE},
    cloned: {Step.CLONE_TREE},
    rooted: {Step.ENTER_ROOT},
    labelled: {Step.LABEL},
}
PATHS = {
    Step.ROOT_OVERLAY: "/",
    Step.ROOT_BIND: "/",
    Step.OVERLAY: "/usr",
    Step.BIND: "/tmp",
    Step.REMOUNT: "/tmp",
    Step.DIRECTORY: "/made",
    Step.DEVICE: "/dev/null",
    Step.SYMLINK: "/link",
    Step.FILE: "/file",
    Step.MASK: "/proc/keys",
    Step.READ_ONLY: "/proc/sys",
    Step.HOSTNAME: "name",
    Step.DOMAINNAME: "domain",
    Step.SYSCTL: "net/ipv4/ip_forward",
    Step.CONSOLE: "dev/console",
    Step.WORKING_DIRECTORY: "/tmp",
    Step.EXECUTE: "true",
    Step.FIND_PROGRAM: "true",
    Step.HOOK: "/bin/true",
    Step.MOUNT: "/dev",
    Step.LABEL: LABEL_FILE,
}


def scene_of(step: Step) -> Callable[..., Scene]:
    return next((scene for scene, steps in SCENES.items() if step in steps), container)


def go(child: Child) -> None:
    """All that a user of the floor does until the workload runs."""
    with child:
        master = child.wait_ready(20)
        try:
            child.start(20)
        finally:
            if master is not None:
                os.close(master)


def fail(scene: Scene, encoded: bytes) -> StepFailed:
    child = spawn(encoded, extras=scene.extras, new_pid_namespace=scene.new_pid_namespace)
    pid = child.pid
    with pytest.raises(StepFailed) as failed:
        go(child)
    assert not os.path.exists(f"/proc/{pid}")
    return failed.value


@pytest.fixture
def scene(request, sandbox, tmp_path):
    made = scene_of(request.param)(sandbox)
    yield made
    for descriptor in made.extras:
        os.close(descriptor)


def every_step():
    """Each step of the table, all but the reading of the plan."""
    return [
        pytest.param(step, step, id=step.name.lower()) for step in Step if step is not Step.PLAN
    ]


@pytest.mark.parametrize(("scene", "step"), every_step(), indirect=["scene"])
def test_a_step_that_fails_is_named_and_leaves_nothing(scene, step, no_more_descriptors):
    occurrence = 2 if step is Step.MOUNT else 1
    fail(scene, scene.encode(step, 1))
    mounts = Path("/proc/self/mountinfo").read_text()
    with no_more_descriptors():
        failed = fail(scene, scene.encode(step, occurrence))
    assert (failed.step, failed.errno) == (step, INJECTED)
    assert failed.filename == PATHS.get(step)
    assert isinstance(failed, ExecFailed) == (step in (Step.EXECUTE, Step.FIND_PROGRAM))
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_without_a_fault_the_same_plan_works(sandbox):
    """The control for all of the above that the largest scene holds."""
    scene = container(sandbox)
    go(spawn(scene.plan.encode(), extras=scene.extras))
    os.close(scene.extras[0])


def test_the_largest_scene_has_every_step_that_no_other_has(sandbox):
    scene = container(sandbox)
    size = len(scene.plan)
    encoded = scene.plan.encode()
    held = {int.from_bytes(encoded[32 + 64 * i : 34 + 64 * i], "little") for i in range(size)}
    os.close(scene.extras[0])
    assert held | {step for steps in SCENES.values() for step in steps} | {0} == set(Step)


@pytest.mark.parametrize("occurrence", [1, 2, 3])
def test_occurrences_are_counted_from_one(sandbox, occurrence):
    scene = container(sandbox)
    failed = fail(scene, scene.encode(Step.MOUNT, occurrence))
    os.close(scene.extras[0])
    assert failed.filename == ["/proc", "/dev", "/dev/pts"][occurrence - 1]


def test_occurrences_count_through_the_helpers_own_exec():
    """The first unshare is before the helper executes itself, the second after."""
    plan = Plan()
    plan.unshare(Namespace.USER)
    plan.map_self(0, 0)
    plan.unshare(Namespace.UTS)
    plan.idle()
    plan.inject(Step.UNSHARE, INJECTED, 2)
    failed = fail(Scene(plan, new_pid_namespace=False), plan.encode())
    assert (failed.step, failed.errno) == (Step.UNSHARE, INJECTED)


def test_a_fault_at_a_step_that_the_plan_does_not_have_is_none(sandbox):
    plan = sandbox.begin()
    plan.inject(Step.SECCOMP, INJECTED)
    assert sandbox.run("true", plan=plan).code == 0
