"""Files that are written into the root: those of the request, and the network's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_linux.kernel import Namespace

if TYPE_CHECKING:
    from cloche.runtime import CreateRequest
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["add_files", "network_files"]

_LOCAL_HOSTS = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::\tip6-localnet\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n"
)


def add_files(plan: Plan, request: CreateRequest, namespaces: Namespaces) -> None:
    """Write /etc/hostname, /etc/hosts and /etc/resolv.conf, then what the request brings.

    A place that a mount covers is left to the mount.
    """
    mounted = {mount.destination for mount in request.spec.mounts or ()}
    for path, content in network_files(request.spec.hostname or "", namespaces):
        if path not in mounted:
            plan.file(path, content)
    for path, content in request.files:
        plan.file(path, content)


def network_files(hostname: str, namespaces: Namespaces) -> list[tuple[str, bytes]]:
    """Make the files that tell a container its own and other hosts' names.

    With the host's network the host's names hold, and its resolver, systemd's on 127.0.0.53
    included, is reached; without a network there is nobody to ask.
    """
    if namespaces.has_own(Namespace.NETWORK):
        hosts = _LOCAL_HOSTS + (f"127.0.0.1\t{hostname}\n" if hostname else "")
        files = [("/etc/hosts", hosts.encode())]
    else:
        files = [(path, _host(path)) for path in ("/etc/hosts", "/etc/resolv.conf")]
    return [*files, ("/etc/hostname", f"{hostname}\n".encode())] if hostname else files


def _host(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
