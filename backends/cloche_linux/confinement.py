"""What keeps a container apart, as far as it concerns every process in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.values import Value

if TYPE_CHECKING:
    from cloche.spec import LinuxSeccomp
    from cloche_linux.idmaps import IdMaps
    from cloche_linux.kernel import Namespace

__all__ = ["Confinement"]


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
