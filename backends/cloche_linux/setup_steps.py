"""Steps that make a container's namespaces, root and network, in the host's view until pivot."""

from __future__ import annotations

from cloche_linux.kernel import Attribute, Namespace, Propagation
from cloche_linux.steps import Extra, Recorder, Step, as_list, as_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Option = tuple[str, str | None]
"""One option of a file system: name and value, or None for a bare flag."""

RECURSIVE = 1
USE_SCRATCH = 2
NEW_PID_NAMESPACE = 4
WAIT = 8
NO_PIVOT = 64
LISTEN = 8192


def as_options(options: Iterable[Option]) -> bytes:
    """Return file system options as names and values in turn; a flag has an empty value."""
    return as_list(part for name, value in options for part in (name, value or ""))


class SetupSteps(Recorder):
    """The first part of a plan: namespaces, then the root, then what needs no files."""

    __slots__ = ()

    def oom_score(self, adjustment: int) -> None:
        """Set ``oom_score_adj`` of the helper, which init and workload inherit.

        Comes before any other namespace or root is entered: only then is ``/proc`` the host's.
        Lowering it needs CAP_SYS_RESOURCE (EACCES).
        """
        self._add(Step.OOM_SCORE, number=adjustment)

    def attach_cgroup(self, procs: Extra) -> None:
        """Move the helper, before it has children, into the cgroup whose ``tasks`` (v1) or
        ``cgroup.procs`` (v2) is open for writing.

        On v1 once for each hierarchy, which costs microseconds: a process of one thread moves
        itself. By ``cgroup.procs`` the kernel may wait for 8 to 20 ms; on v2 the spawner's
        ``cgroup=`` does not.
        """
        self._add(Step.ATTACH_CGROUP, number=procs)

    def unshare(self, namespaces: Namespace | int) -> None:
        """Leave the host's namespaces of these kinds. PID is not among them: see :meth:`fork`."""
        self._add(Step.UNSHARE, first=int(namespaces))

    def join(self, descriptor: Extra, namespace: Namespace | int) -> None:
        """Enter the namespace open as a descriptor; PID takes effect with :meth:`fork`."""
        self._add(Step.JOIN, number=descriptor, first=int(namespace))

    def join_process(self, pidfd: Extra, namespaces: Namespace | int) -> None:
        """Enter these namespaces of a process, USER first; PID takes effect with :meth:`fork`.

        With MOUNT, the process' root directory is entered too and every later path is the
        container's.
        """
        self._add(Step.JOIN_PROCESS, number=pidfd, first=int(namespaces))

    def enter_root(self, directory: Extra) -> None:
        """Make a directory, open as a descriptor, the root: that of a container without one of its
        own in its mount namespace. After the namespaces are entered."""
        self._add(Step.ENTER_ROOT, number=directory)

    def map_by_parent(self) -> None:
        """Ask the parent for id maps (:attr:`cloche_linux.spawn.Child.pid`), wait, and become uid
        0 of them.

        Follows ``unshare(USER)``. The helper then executes itself again, so that its memory
        belongs to the new user namespace and the owner of that may enter and inspect the container.
        """
        self._add(Step.MAP_BY_PARENT)
        self._add(Step.REEXECUTE)

    def map_self(self, outside_uid: int, outside_gid: int) -> None:
        """Map uid 0 and gid 0 to one id each, by the helper itself; ``setgroups`` is denied.

        Needs no privilege when they are the caller's own effective ids. Supplementary groups of the
        caller stay, unmapped, and still grant what they granted. Else as :meth:`map_by_parent`.
        """
        self._add(Step.MAP_SELF, first=outside_uid, second=outside_gid)
        self._add(Step.REEXECUTE)

    def keep(self, noted: Extra, group: Extra | None, *, new_pid_namespace: bool) -> None:
        """Go on in a child, whose keeper the helper becomes: the first step, for the whole plan.

        The child's end is appended to the file ``noted``; it is born in ``group`` (cgroup2).
        """
        flags, born_in = NEW_PID_NAMESPACE * new_pid_namespace, 0 if group is None else group + 1
        self._add(Step.KEEP, number=noted, first=born_in, flags=flags)

    def fork(self, new_pid_namespace: bool) -> None:
        """Go on in a child of the embedding process, in a new pid namespace or the joined one.

        Its pidfd is sent to the parent and takes the place of the first helper's, which ends.
        """
        self._add(Step.FORK, flags=NEW_PID_NAMESPACE if new_pid_namespace else 0)

    def session_keyring(self) -> None:
        """Join a new, anonymous session keyring. Kernels or sandboxes without keyrings are no
        failure."""
        self._add(Step.SESSION_KEYRING)

    def propagation(self, propagation: Propagation) -> None:
        """Set the propagation of every mount of the new mount namespace, before the first mount of
        ours."""
        self._add(Step.PROPAGATION, first=int(propagation))

    def scratch(self, size: int = 0, inodes: int = 0) -> None:
        """Make a private tmpfs in the mount namespace for the upper directories of later overlays.

        It vanishes with the namespace. ``size`` in bytes and ``inodes`` are enforced; 0 is the
        kernel's default (half of the memory).
        """
        options: list[Option] = [("mode", "0700")]
        options += [("size", str(size))] if size else []
        options += [("nr_inodes", str(inodes))] if inodes else []
        self._add(Step.SCRATCH, data=as_options(options))

    def root_overlay(
        self,
        lowers: Sequence[str | bytes],
        upper: str | bytes | None = None,
        work: str | bytes | None = None,
        *,
        scratch: bool = False,
        options: Iterable[Option] = (),
        attributes: Attribute | int = 0,
        attach: str | bytes = "/",
    ) -> None:
        """Make an overlay the root to be. ``lowers`` are directories of the host, topmost first.

        Written to ``upper`` (with ``work`` beside it), to the private tmpfs with ``scratch``, or
        with neither to nothing: the root is then read-only. Pass ``volatile``, ``userxattr``,
        ``index``… in ``options``. It hides the host's directory ``attach``, in the container's
        mount namespace only; "/" needs no directory to be made.
        """
        self._overlay(
            Step.ROOT_OVERLAY, attach, lowers, upper, work, scratch, options, int(attributes)
        )

    def root_bind(
        self,
        source: str | bytes,
        *,
        recursive: bool = True,
        attributes: Attribute | int = 0,
        attach: str | bytes = "/",
        propagation: Propagation = Propagation.KEEP,
    ) -> None:
        """Make a directory of the host the root to be; ``attributes`` are those of its topmost
        mount, ``propagation`` that of all."""
        self._add(
            Step.ROOT_BIND,
            as_path(attach),
            as_path(source),
            flags=RECURSIVE if recursive else 0,
            first=int(attributes),
            third=int(propagation),
        )

    def root_attributes(self, attributes: Attribute | int) -> None:
        """Add attributes to the root's mount, not to those within: RDONLY after everything is
        written."""
        self._add(Step.ROOT_ATTRIBUTES, first=int(attributes))

    def pivot(self, *, really: bool = True, revealing: Iterable[str] = ()) -> None:
        """Make the root the process' root and detach the host's; sources of the host are gone from
        here on.

        Not ``really``, for hosts whose root is the kernel's own ramfs: the host's mounts stay in
        the namespace, beneath the root and out of sight, but for those at ``revealing``.
        """
        self._add(Step.PIVOT, data=as_list(revealing), flags=0 if really else NO_PIVOT)

    def group_by_parent(self) -> None:
        """Ask the parent to move this process into its control group, and go on when it is there.

        First of all: what the container sees of groups depends on where it is.
        """
        self._add(Step.GROUP_BY_PARENT)

    def hooks_by_parent(self) -> None:
        """Tell the parent that all is mounted and nothing entered yet, and go on when it says so.

        Before :meth:`pivot`.
        """
        self._add(Step.HOOKS_BY_PARENT)

    def hook(
        self,
        path: str,
        arguments: Iterable[str],
        environment: Iterable[str],
        state: tuple[bytes, bytes],
        seconds: int = 0,
    ) -> None:
        """Run a program and wait for its end: for ``seconds`` at most, unless that is 0.

        Its input is ``state``, with the pid that this process has in its own pid namespace between
        the two parts. It begins at the root to be. Fails if the program does (ECANCELED, with its
        end and the beginning of what it said) or takes too long (ETIMEDOUT). Before :meth:`pivot`
        the program is the host's, later the container's.
        """
        before, after = state
        self._add(
            Step.HOOK,
            as_path(path),
            as_list(arguments),
            as_list(environment),
            before + after,
            first=len(before),
            second=seconds,
        )

    def time_offsets(self, offsets: Iterable[tuple[str, int, int]]) -> None:
        """Set clocks of the time namespace that was unshared: name, seconds and nanoseconds.

        Before :meth:`fork`, whose child is the first in it.
        """
        lines = (f"{clock} {seconds} {fraction}\n" for clock, seconds, fraction in offsets)
        self._add(Step.TIME_OFFSETS, data="".join(lines).encode())

    def await_start(self, listening: Extra) -> None:
        """Wait for whoever connects to a listening socket and says start; after ``ready(False)``.

        Failures are told to that one. The embedding process may have ended long before.
        """
        self._add(Step.AWAIT_START, number=listening)

    def hostname(self, name: str) -> None:
        """Set the host name of the uts namespace."""
        self._add(Step.HOSTNAME, as_path(name))

    def domainname(self, name: str) -> None:
        """Set the NIS domain name of the uts namespace."""
        self._add(Step.DOMAINNAME, as_path(name))

    def loopback(self) -> None:
        """Bring ``lo`` of the network namespace up."""
        self._add(Step.LOOPBACK)

    def sysctl(self, path: str, value: str) -> None:
        """Write a kernel parameter, named by its path below ``/proc/sys`` with slashes.

        Through a procfs of its own, so nothing in the container can stand in its place. That only
        namespaced parameters are written is the caller's to check. Comes before :meth:`pivot`, and
        after PID was entered.
        """
        self._add(Step.SYSCTL, as_path(path), data=value.encode())

    def terminal(self, height: int, width: int, *, uid: int = 0, console: bool = False) -> None:
        """Open a terminal of the container's ``/dev/pts`` as descriptors 0, 1 and 2, owned by
        ``uid``.

        The master goes to the parent with READY. With ``console`` it is mounted on
        ``/dev/console`` too. The workload still has to ask for
        :meth:`~cloche_linux.plan.Plan.controlling_terminal`.
        """
        self._add(Step.TERMINAL, number=uid, first=height, second=width)
        if console:
            self._add(Step.CONSOLE, b"dev/console")

    def ready(self, wait: bool = True) -> None:
        """Tell the parent that everything is set up and, with ``wait``, go on when it says start.

        If the parent closes its end instead, the helper ends.
        """
        self._add(Step.READY, flags=WAIT if wait else 0)

    def _overlay(
        self,
        step: Step,
        path: str | bytes,
        lowers: Sequence[str | bytes],
        upper: str | bytes | None,
        work: str | bytes | None,
        scratch: bool,
        options: Iterable[Option],
        attributes: int,
    ) -> None:
        if (upper is None) != (work is None) or (scratch and upper is not None):
            raise ValueError("an overlay has upper and work, or scratch, or none of them")
        writable = [] if upper is None or work is None else [upper, work]
        self._add(
            step,
            as_path(path),
            as_list(lowers),
            as_options(options),
            as_list(writable),
            flags=USE_SCRATCH if scratch else 0,
            first=attributes,
        )
