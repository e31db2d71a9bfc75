"""Names of registries' hosts, and what they say about how to talk to them."""

from __future__ import annotations

__all__ = ["api_host", "is_loopback", "without_port"]

#: Docker's registry is not where its name says.
_API_HOSTS = {"docker.io": "registry-1.docker.io"}


def api_host(registry: str) -> str:
    """Where the registry of that name answers."""
    return _API_HOSTS.get(registry, registry)


def without_port(host: str) -> str:
    """``[::1]:5000`` is ``::1``, ``localhost:5000`` is ``localhost``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def is_loopback(host: str) -> bool:
    """Whether it is this machine, so that nobody listens on the way: docker's rule, too."""
    from ipaddress import ip_address

    name = without_port(host)
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
