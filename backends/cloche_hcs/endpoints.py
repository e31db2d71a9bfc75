"""Network endpoints that do not exist: asked for only when the service has refused a container.

The service says neither which endpoint it misses, nor always that it is one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cloche.errors import ClocheError, InvalidSpec
from cloche_hcs import vmcompute
from cloche_hcs.calling import call
from cloche_hcs.hresult import HResult, succeeded

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["explained"]

#: Codes that may mean it; the last is HCN_E_ENDPOINT_NOT_FOUND of the Host Compute Network.
_SUSPICIOUS: Final = frozenset({HResult.ERROR_NOT_FOUND, HResult.ERROR_FILE_NOT_FOUND, 0x803B0002})
_LIMIT: Final = 10.0


def explained(error: ClocheError, endpoints: Sequence[str]) -> ClocheError:
    """Give InvalidSpec, which names the first endpoint that is not there, else ``error``."""
    if getattr(error, "code", None) not in _SUSPICIOUS:
        return error
    for position, endpoint in enumerate(endpoints):
        if _is_unknown(endpoint):
            path = f"windows.network.endpointList[{position}]"
            return InvalidSpec(
                f"{path}: there is no endpoint {endpoint}",
                path=path,
                hint="Get-HnsEndpoint lists those there are",
                operation="create",
                backend="hcs",
            )
    return error


def _is_unknown(endpoint: str) -> bool:
    """Whether the network service says so; what it can't be asked is not held against anybody."""
    try:
        answer = call(vmcompute.HNSCall, "GET", f"/endpoints/{endpoint}", "", timeout=_LIMIT)
        told = json.loads(answer.value or "") if succeeded(answer.code) else None
    except (ClocheError, ValueError):
        return False
    return isinstance(told, dict) and told.get("Success") is False
