"""On which nodes a container's memory is taken.

Source: runtime-spec, config-linux.md ("memory policy"), and set_mempolicy(2).
"""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec, Unavailable
from cloche_linux.blueprint.numbers import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxMemoryPolicy
    from cloche_linux.plan import Plan

__all__ = ["FLAGS", "MODES", "add_memory_policy", "check_memory_policy"]

_PATH = "linux.memoryPolicy"
#: include/uapi/linux/mempolicy.h
MODES = {
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5,
    "MPOL_WEIGHTED_INTERLEAVE": 6,
}
FLAGS = {
    "MPOL_F_NUMA_BALANCING": 1 << 13,
    "MPOL_F_RELATIVE_NODES": 1 << 14,
    "MPOL_F_STATIC_NODES": 1 << 15,
}
#: What they are on, is said by the mode itself.
_WITHOUT_NODES = ("MPOL_DEFAULT", "MPOL_LOCAL")
# The most that any kernel is built for (CONFIG_NODES_SHIFT).
_NODES = 1024
#: Only kernels that know of nodes have it.
_SIGN = "/proc/self/numa_maps"


def check_memory_policy(policy: LinuxMemoryPolicy) -> None:
    """Raise InvalidSpec for what is none, and Unavailable for a kernel without memory nodes."""
    _mode(policy)
    _nodes(policy)
    if not os.path.exists(_SIGN):
        raise Unavailable(f"{_PATH}: this kernel knows no memory nodes", backend="linux")


def add_memory_policy(plan: Plan, policy: LinuxMemoryPolicy) -> None:
    """Add the step that sets it; errors as of `check_memory_policy`, but for the kernel's."""
    plan.memory_policy(_mode(policy), _nodes(policy))


def _mode(policy: LinuxMemoryPolicy) -> int:
    mode = _number(MODES, policy.mode, "mode", "mode")
    for position, flag in enumerate(policy.flags or ()):
        mode |= _number(FLAGS, flag, f"flags[{position}]", "flag")
    return mode


def _nodes(policy: LinuxMemoryPolicy) -> frozenset[int]:
    path = f"{_PATH}.nodes"
    text = policy.nodes or ""
    what = "invalid memory policy nodes"
    nodes = listed(text, "memory nodes", _NODES, path, what) if text else frozenset[int]()
    mode = f"{policy.mode} mode"
    if policy.mode == "MPOL_DEFAULT" and nodes:
        raise InvalidSpec(f"{path}: {mode} requires 0 nodes but got {len(nodes)}", path=path)
    if policy.mode not in _WITHOUT_NODES and policy.mode != "MPOL_PREFERRED" and not nodes:
        raise InvalidSpec(f"{path}: {mode} requires at least one node", path=path)
    return nodes


def _number(known: dict[str, int], word: str, field: str, what: str) -> int:
    path = f"{_PATH}.{field}"
    if word not in known:
        raise InvalidSpec(
            f"{path}: invalid memory policy {what} {word!r}", path=path, hint=", ".join(known)
        )
    return known[word]
