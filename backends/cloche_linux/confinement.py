"""What keeps a container apart, as far as it concerns every process in it."""

from __future__ import annotations

from cloche.values import Value
from cloche_linux.kernel import Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.runtime import CreateRequest
    from cloche.spec import LinuxMemoryPolicy, LinuxPersonality, LinuxSeccomp
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.hooks import Subject
    from cloche_linux.idmaps import IdMaps

__all__ = ["Confinement", "confined"]


class Confinement(Value):
    """What a process needs to be put into a container, beside its own specification."""

    #: The namespaces that are not the host's.
    apart: Namespace
    maps: IdMaps | None
    seccomp: LinuxSeccomp | None
    #: Groups of every process in it, beside those of its user.
    groups: tuple[int, ...] = ()
    #: Its pid namespace is another's: which processes are its own, only its control group tells.
    shares_pids: bool = False
    #: Its root is not that of its mount namespace: who enters that is not yet where it is.
    chrooted: bool = False
    #: What the listener of its filter is told of it; None where nobody is asked.
    subject: Subject | None = None
    personality: LinuxPersonality | None = None
    memory_policy: LinuxMemoryPolicy | None = None


def confined(
    request: CreateRequest, namespaces: Namespaces, further: tuple[int, ...]
) -> Confinement:
    """What keeps a container apart that is asked for; ``further`` are groups of all its users."""
    linux = request.spec.linux
    assert linux is not None
    return Confinement(
        namespaces.apart,
        namespaces.maps,
        linux.seccomp,
        further,
        shares_pids=not namespaces.has_own(Namespace.PID),
        chrooted=namespaces.shares_mounts or not request.pivot,
        subject=_told_to_a_listener(request, linux.seccomp),
        personality=linux.personality,
        memory_policy=linux.memory_policy,
    )


def _told_to_a_listener(request: CreateRequest, seccomp: LinuxSeccomp | None) -> Subject | None:
    if seccomp is None:
        return None
    from cloche_linux.seccomp import asks

    if not asks(seccomp):
        return None
    from cloche_linux.hooks import subject_of

    return subject_of(request)
