"""The plan of one process: a flat list of checked steps that the helper carries out in order.

Nothing here asks the kernel anything; a plan is data. The order is the caller's, and every step
says where it belongs. A container from scratch::

    plan = Plan()
    plan.unshare(Namespace.MOUNT | Namespace.UTS | Namespace.IPC | Namespace.NETWORK)
    plan.propagation(Propagation.PRIVATE)
    plan.root_overlay(["/layers/2", "/layers/1"], "/c/upper", "/c/work", options=[("volatile",
    None)]) plan.mount("proc", "/proc", "proc", attributes=Attribute.NOSUID | Attribute.NODEV |
    Attribute.NOEXEC) plan.pivot()
    plan.ready()
    plan.init()
    plan.descriptors()
    plan.working_directory("/")
    plan.bounding(capabilities)
    plan.identity(1000, 1000)
    plan.capabilities(permitted=capabilities, effective=capabilities)
    plan.no_new_privileges()
    plan.seccomp(program)
    plan.execute(["/bin/true"], ["PATH=/bin"])

A process in a container that runs: ``join_process``, ``fork``, ``ready``, then the same from
``descriptors`` on, without ``init`` and with ``parent_death`` after ``capabilities``. Without root:
``unshare(USER)``, ``map_self`` or ``map_by_parent``, ``unshare`` of the rest, ``fork(True)``
before the first mount.
"""

from __future__ import annotations

from cloche.signalling import signal
from cloche_linux.kernel import Resource
from cloche_linux.mount_steps import MountSteps
from cloche_linux.setup_steps import LISTEN
from cloche_linux.steps import Extra, Step, Turn, as_list, as_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Plan"]


class Plan(MountSteps):
    """Builds a plan, step by step; :meth:`encode` gives its bytes.

    The last part, here, is what becomes of the process itself: all of it applies to the workload,
    and with :meth:`init` not to init.
    """

    __slots__ = ()

    def init(self) -> None:
        """Stay as a tiny init and go on in a child, the workload, in a session of its own.

        Init forwards signals, reaps, keeps only CAP_KILL and none of the descriptors 0, 1 and 2,
        reports how the workload ended and ends itself, and with it its pid namespace. It ends when
        the embedding process does.
        """
        self._add(Step.INIT)

    def idle(self) -> None:
        """Be an init without a workload until SIGTERM, SIGINT, SIGHUP or SIGQUIT. The last step of
        its plan."""
        self._add(Step.IDLE)

    def descriptors(self, preserve: int = 0) -> None:
        """Close everything but 0, 1, 2 and the first ``preserve`` extras, which become 3 and up.

        The first step after :meth:`init`, or after :meth:`ready` without one: extras are not to be
        had later.
        """
        self._add(Step.DESCRIPTORS, number=preserve)

    def controlling_terminal(self) -> None:
        """Make descriptor 0, a terminal, that of the session."""
        self._add(Step.CONTROLLING_TERMINAL)

    def label(self, procfs: Extra, file: str, label: str) -> None:
        """Write a label into a file below ``procfs`` (``thread-self/attr/exec``): EXDEV if it is
        none, or the file another's. The descriptor is closed.

        Before :meth:`init`: who is forked later has the label, too. ENOENT is what AppArmor says
        of a profile that is not loaded, EINVAL what SELinux says of a label that it does not know.
        """
        self._add(Step.LABEL, as_path(file), data=as_path(label), number=procfs)

    def rlimit(self, resource: Resource, soft: int, hard: int) -> None:
        """Set a limit; UNLIMITED is none. Raising a hard limit needs CAP_SYS_RESOURCE (EPERM).

        The steps after it are limited too: NOFILE belongs behind :meth:`working_directory`.
        """
        self._add(Step.RLIMIT, number=resource, first=soft, second=hard)

    def umask(self, mask: int) -> None:
        """Set the file mode creation mask; 0022 unless asked for."""
        self._add(Step.UMASK, number=mask)

    def scheduler(
        self,
        policy: int = 0,
        *,
        flags: int = 0,
        nice: int = 0,
        priority: int = 0,
        runtime: int = 0,
        deadline: int = 0,
        period: int = 0,
    ) -> None:
        """Set policy and priority as ``sched_setattr(2)`` takes them; times in nanoseconds."""
        more = b"".join(number.to_bytes(8, "little") for number in (runtime, deadline, period))
        self._add(
            Step.SCHEDULER,
            data=more,
            number=policy,
            first=flags,
            second=nice & (2**64 - 1),
            third=priority,
        )

    def io_priority(self, priority: int) -> None:
        """Set the I/O scheduling class and priority as ``ioprio_set(2)`` takes them."""
        self._add(Step.IO_PRIORITY, number=priority)

    def affinity(self, processors: Iterable[int]) -> None:
        """Run on these processors only (``sched_setaffinity(2)``)."""
        self._add(Step.AFFINITY, data=_as_mask(processors))

    def memory_policy(self, mode: int, nodes: Iterable[int]) -> None:
        """Take memory from these nodes, and in this way (``set_mempolicy(2)``)."""
        self._add(Step.MEMORY_POLICY, data=_as_mask(nodes), number=mode)

    def give_streams(self, uid: int, gid: int) -> None:
        """Make ``uid`` the owner of descriptors 0 to 2, and ``gid`` their group, as far as they
        can have one.

        Before :meth:`identity`. Null devices stay as they are, and so does the group of terminals.
        """
        self._add(Step.GIVE_STREAMS, number=uid, first=gid)

    def personality(self, persona: int) -> None:
        """Set the execution domain (``personality(2)``)."""
        self._add(Step.PERSONALITY, first=persona)

    def working_directory(self, path: str | bytes, turn: Turn = Turn.ONLY) -> None:
        """Change to a directory that exists, through no magic link, verified to be below the root
        (ENOENT)."""
        self._add(Step.WORKING_DIRECTORY, as_path(path), number=turn)

    def bounding(self, capabilities: int) -> None:
        """Drop all capabilities but these, a mask of bits, from the bounding set. Before
        :meth:`identity`."""
        self._add(Step.BOUNDING, first=capabilities)

    def identity(
        self, uid: int, gid: int, groups: Iterable[int] = (), *, keep_groups: bool = False
    ) -> None:
        """Become a user, keeping permitted capabilities for :meth:`capabilities` to cut.

        ``groups`` replace all supplementary ones; with ``keep_groups`` (a single self-written map
        allows nothing else) they are left alone and ``groups`` must be empty.
        """
        packed = b"".join(group.to_bytes(4, "little") for group in groups)
        if keep_groups and packed:
            raise ValueError("supplementary groups are either kept or set")
        self._add(
            Step.IDENTITY, data=packed, number=-1 if keep_groups else 0, first=uid, second=gid
        )

    def capabilities(
        self, *, permitted: int = 0, effective: int = 0, inheritable: int = 0, ambient: int = 0
    ) -> None:
        """Set the capability sets, masks of bits. For a user other than 0 only ambient ones
        survive execute."""
        self._add(
            Step.CAPABILITIES,
            data=ambient.to_bytes(8, "little"),
            first=permitted,
            second=effective,
            third=inheritable,
        )

    def no_new_privileges(self) -> None:
        """Make set-user-id bits and file capabilities mean nothing from here on."""
        self._add(Step.NO_NEW_PRIVILEGES)

    def seccomp(self, program: bytes, flags: int = 0, listener: str = "") -> None:
        """Install a filter, classic BPF instructions of 8 bytes each.

        With the path of a ``listener``, which is here for reports only, the filter may ask, and the
        parent is sent a descriptor for whoever answers: see ``Child.start``. That takes a second
        thread for a moment (EAGAIN where the group or the user may have no more).

        Last before :meth:`execute` with :meth:`no_new_privileges`; without, before
        :meth:`capabilities` takes CAP_SYS_ADMIN away, and it must allow what follows.
        """
        self._add(
            Step.SECCOMP,
            as_path(listener),
            data=program,
            flags=LISTEN if listener else 0,
            first=flags,
        )

    def parent_death(self, signal_number: int = signal.SIGKILL) -> None:
        """Be sent a signal when the embedding process ends; at once if it has already (ESRCH).

        After :meth:`identity` and :meth:`capabilities`, which undo it. With :meth:`init` not
        needed.
        """
        self._add(Step.PARENT_DEATH, number=int(signal_number))

    def execute(
        self,
        arguments: Iterable[str | bytes],
        environment: Iterable[str | bytes],
        program: str | bytes = "",
    ) -> None:
        """Become the program, the first argument unless ``program`` names another file. The last
        step.

        A name without a slash is looked for in the ``PATH`` of ``environment``.
        """
        listed = as_list(arguments)
        if not listed:
            raise ValueError("no arguments, not even a program")
        self._add(
            Step.EXECUTE,
            as_path(program) or listed[: listed.index(0)],
            listed,
            as_list(environment),
        )

    def find_program(self, program: str, environment: Iterable[str | bytes]) -> None:
        """Fail as :meth:`execute` would, if there is no such program. After :meth:`pivot`.

        As root: a user may be refused all the same. A path without a slash is looked for.
        """
        self._add(Step.FIND_PROGRAM, as_path(program), b"", as_list(environment))

    def send_root(self) -> None:
        """Send the parent an O_PATH descriptor of the root directory and end. The last step of its
        plan."""
        self._add(Step.SEND_ROOT)

    def send_netlink(self) -> None:
        """Send the parent a socket of rtnetlink and end. The last step of its plan."""
        self._add(Step.SEND_NETLINK)

    def probe(self) -> None:
        """Try every system call the other steps need, report each, and end. The last step of its
        plan."""
        self._add(Step.PROBE)


def _as_mask(numbers: Iterable[int]) -> bytes:
    """Return whole words of bits, none for no number.

    A range has them without a step, all at once: for all processors it takes milliseconds else.
    """
    if isinstance(numbers, range):
        mask = (1 << numbers.stop) - (1 << numbers.start)
    else:
        mask = sum(1 << number for number in set(numbers))
    return mask.to_bytes((mask.bit_length() + 63) // 64 * 8, "little")
