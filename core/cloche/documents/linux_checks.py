"""Checks of the Linux section: namespaces and what needs them, devices, limits."""

from __future__ import annotations

from .faults import absolute, among, fault, text, unique
from .id_maps import check_mappings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Linux, LinuxDevice, LinuxMemory, LinuxResources, Spec

__all__ = ["check_linux"]

_NAMESPACES = ("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time")
_PROPAGATION = ("shared", "slave", "private", "unbindable")
_RECURSIVE = tuple(f"r{kind}" for kind in _PROPAGATION)
_CLOCKS = ("monotonic", "boottime")
_LONGEST_HOST_NAME = 64
_LONGEST_INTERFACE_NAME = 15
_MEMORY_POLICIES = tuple(
    f"MPOL_{name}"
    for name in (
        *("DEFAULT", "BIND", "INTERLEAVE", "WEIGHTED_INTERLEAVE"),
        *("PREFERRED", "PREFERRED_MANY", "LOCAL"),
    )
)

#: Which namespace a system control belongs to; those of no namespace would change the host.
_SYSCTL_OF_IPC = (
    *("kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall"),
    *("kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"),
    *("kernel.msg_next_id", "kernel.sem_next_id", "kernel.shm_next_id"),
)


def check_linux(linux: Linux, spec: Spec) -> None:
    """Raise InvalidSpec for what no Linux container can be."""
    kinds = _namespaces(linux)
    for field, name in (("hostname", spec.hostname), ("domainname", spec.domainname)):
        if name is not None:
            _host_name(field, name, kinds)
    _user_namespace(linux, kinds)
    for key in linux.sysctl or ():
        _sysctl(key, kinds)
    for position, device in enumerate(linux.devices or ()):
        _device(f"linux.devices[{position}]", device)
    for field, paths in (("masked", linux.masked_paths), ("readonly", linux.readonly_paths)):
        for position, path in enumerate(paths or ()):
            absolute(f"linux.{field}Paths[{position}]", path)
    if linux.rootfs_propagation is not None:
        where = "linux.rootfsPropagation"
        among(where, linux.rootfs_propagation, _PROPAGATION + _RECURSIVE)
    if linux.resources is not None:
        _resources(linux.resources)
    if linux.seccomp is not None:
        from .seccomp_checks import check_seccomp

        check_seccomp(linux.seccomp)
    _rarely_asked(linux, kinds)


def _namespaces(linux: Linux) -> set[str]:
    namespaces = linux.namespaces or ()
    unique("linux.namespaces", "type", [namespace.type for namespace in namespaces])
    for position, namespace in enumerate(namespaces):
        among(f"linux.namespaces[{position}].type", namespace.type, _NAMESPACES)
        if namespace.path:  # where a path is empty, some writers mean none
            absolute(f"linux.namespaces[{position}].path", namespace.path)
    return {namespace.type for namespace in namespaces}


def _needs_namespace(path: str, kind: str, kinds: set[str]) -> None:
    if kind not in kinds:
        raise fault(path, f"needs a {kind} namespace, or the host's would change")


def _host_name(path: str, name: str, kinds: set[str]) -> None:
    text(path, name)
    _needs_namespace(path, "uts", kinds)
    if len(name.encode()) > _LONGEST_HOST_NAME:
        raise fault(path, f"is longer than {_LONGEST_HOST_NAME} bytes")


def _user_namespace(linux: Linux, kinds: set[str]) -> None:
    check_mappings("linux", linux.uid_mappings, linux.gid_mappings)
    if (linux.uid_mappings or linux.gid_mappings) and "user" not in kinds:
        raise fault("linux.uidMappings", "there is no user namespace to map ids in")


def _sysctl(key: str, kinds: set[str]) -> None:
    path, dotted = f'linux.sysctl["{key}"]', key.replace("/", ".")
    if dotted.startswith("net."):
        kind = "network"
    elif dotted in _SYSCTL_OF_IPC or dotted.startswith("fs.mqueue."):
        kind = "ipc"
    elif dotted == "kernel.domainname":
        kind = "uts"
    elif dotted == "kernel.hostname":
        raise fault(path, "is what the field hostname is for")
    elif dotted.startswith("user."):
        kind = "user"
    else:
        raise fault(path, "belongs to no namespace, so it would change the host")
    _needs_namespace(path, kind, kinds)


def _device(path: str, device: LinuxDevice) -> None:
    absolute(f"{path}.path", device.path)
    among(f"{path}.type", device.type, ("c", "u", "b", "p"))
    if device.type != "p" and (device.major is None or device.minor is None):
        raise fault(f"{path}.major", "and minor are needed, for all but a FIFO")


def _resources(resources: LinuxResources) -> None:
    path = "linux.resources"
    for position, rule in enumerate(resources.devices or ()):
        where = f"{path}.devices[{position}]"
        among(f"{where}.type", rule.type or "a", ("a", "b", "c"))
        if not set(rule.access or "") <= set("rwma"):
            raise fault(f"{where}.access", "consists of r, w and m, or says a for all")
    if resources.memory is not None:
        _memory(f"{path}.memory", resources.memory)
    weight = resources.block_io.weight if resources.block_io is not None else None
    if weight and not 10 <= weight <= 1000:
        raise fault(f"{path}.blockIO.weight", "goes from 10 to 1000")
    _devices_with_limits(path, resources)
    _huge_pages(f"{path}.hugepageLimits", resources)
    for key in resources.unified or ():
        if "/" in key or "." not in key:
            raise fault(f'{path}.unified["{key}"]', "is not the name of a cgroup file")


def _devices_with_limits(path: str, resources: LinuxResources) -> None:
    weights = resources.block_io.weight_device if resources.block_io is not None else None
    for position, device in enumerate(weights or ()):
        if device.weight is None and device.leaf_weight is None:
            raise fault(f"{path}.blockIO.weightDevice[{position}].weight", "is missing")
    for name, limits in (resources.rdma or {}).items():
        if limits.hca_handles is None and limits.hca_objects is None:
            raise fault(f'{path}.rdma["{name}"]', "limits neither handles nor objects")


def _huge_pages(path: str, resources: LinuxResources) -> None:
    sizes = [limit.page_size for limit in resources.hugepage_limits or ()]
    unique(path, "pageSize", sizes)
    for position, size in enumerate(sizes):
        if size[-2:] not in ("KB", "MB", "GB") or not size[:-2].isdecimal():
            raise fault(f"{path}[{position}].pageSize", f"{size!r} is not a size such as 2MB")


def _memory(path: str, memory: LinuxMemory) -> None:
    for field in ("limit", "reservation", "swap"):
        value = getattr(memory, field)
        if value is not None and value < -1:
            raise fault(f"{path}.{field}", "is a number of bytes, or -1 for no limit")
    if memory.swappiness is not None and memory.swappiness > 100:
        raise fault(f"{path}.swappiness", "goes from 0 to 100")
    limit, swap = memory.limit or 0, memory.swap or 0
    if limit > 0 and 0 < swap < limit:
        raise fault(f"{path}.swap", "is memory and swap together, so not less than limit")


def _rarely_asked(linux: Linux, kinds: set[str]) -> None:
    for clock in linux.time_offsets or ():
        among(f"linux.timeOffsets.{clock}", clock, _CLOCKS)
        _needs_namespace(f"linux.timeOffsets.{clock}", "time", kinds)
    for host_name, device in (linux.net_devices or {}).items():
        path = f'linux.netDevices["{host_name}"]'
        _needs_namespace(path, "network", kinds)
        for name in (host_name, device.name or host_name):
            _interface(path, name)
    if linux.personality is not None:
        among("linux.personality.domain", linux.personality.domain, ("LINUX", "LINUX32"))
    if linux.memory_policy is not None:
        mode, what = linux.memory_policy.mode, "invalid memory policy mode"
        among("linux.memoryPolicy.mode", mode, _MEMORY_POLICIES, what)


def _interface(path: str, name: str) -> None:
    text(path, name)
    too_long = len(name.encode()) > _LONGEST_INTERFACE_NAME
    if too_long or name in (".", "..") or any(c in "/: \t\n" for c in name):
        raise fault(path, f"{name!r} is not the name of an interface")
