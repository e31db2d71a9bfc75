"""Control groups of the native runtime, on cgroup v1, v2, and both side by side.

First a plan, which checks everything and makes nothing; then the group; then processes:

    wanted = plan(resources, id="c1")            # None: no group is needed
    group = wanted.create()                      # all limits set, nobody in it yet
    spawn(..., clone_into=group.clone_into, join=group.join_fds)
    if group.by_attach: group.attach(pid)        # before the workload is let go
    group.stats(), group.oom_kills(), group.freeze(), group.thaw(), group.update(resources)
    group.kill(); group.remove()

How processes get in decides what limits cost. Writing a pid to ``cgroup.procs`` waits 8 to 20 ms
for an RCU grace period. ``CLONE_INTO_CGROUP`` (v2) does not, and neither does v1 when the process
moves itself by writing ``0`` to ``tasks`` while it has a single thread: so the helper does that
with the descriptors of ``join_fds`` as its first act, before it unshares the cgroup namespace.

Only the hierarchies that a limit needs get a directory. ``adopt`` and ``extend`` add what turns out
to be needed later, for a container that started without.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.cgroups.group import Group
    from cloche_linux.cgroups.planning import GroupPlan, plan

__all__ = ["Group", "GroupPlan", "plan"]

# A container without limits needs nothing of this package.
_WHERE = {"Group": "group", "GroupPlan": "planning", "plan": "planning"}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
