"""How a container is connected: endpoints that exist already, or another container's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.spec import WindowsNetwork

if TYPE_CHECKING:
    from cloche.spec import Windows

__all__ = ["network"]


def network(windows: Windows) -> dict[str, object]:
    """Describe the network: endpoints and the unqualified queries always, the rest if it is set."""
    asked = windows.network or WindowsNetwork()
    endpoints = asked.endpoint_list
    described: dict[str, object] = {
        "EndpointList": None if endpoints is None else list(endpoints),
        "AllowUnqualifiedDNSQuery": bool(asked.allow_unqualified_dns_query),
    }
    if asked.network_shared_container_name:
        described["NetworkSharedContainerName"] = asked.network_shared_container_name
    if suffixes := ",".join(asked.dns_search_list or ()):
        described["DNSSearchList"] = suffixes
    return described
