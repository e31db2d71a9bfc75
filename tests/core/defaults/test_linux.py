"""The default Linux container is docker's, with less trust."""

from __future__ import annotations

from cloche import documents
from cloche.capabilities import DEFAULT
from cloche.defaults import DEFAULT_PROFILE, linux_process, linux_spec, seccomp_profile
from cloche.defaults.linux import masked_paths
from cloche.spec import Spec

SPEC = linux_spec(linux_process(("true",)))


def test_it_is_alone_in_every_namespace_but_user_and_time() -> None:
    assert SPEC.linux is not None
    kinds = {namespace.type for namespace in SPEC.linux.namespaces or ()}
    assert kinds == {"pid", "network", "ipc", "uts", "mount", "cgroup"}
    assert all(namespace.path is None for namespace in SPEC.linux.namespaces or ())


def test_it_may_not_gain_privileges_and_has_dockers_but_for_device_nodes() -> None:
    process = SPEC.process
    assert process is not None
    assert process.capabilities is not None
    assert process.no_new_privileges is True
    assert len(DEFAULT) == 13
    assert "CAP_MKNOD" not in DEFAULT
    assert process.capabilities.bounding == process.capabilities.effective == DEFAULT
    assert process.capabilities.ambient is process.capabilities.inheritable is None


def test_it_has_the_usual_file_systems_and_sees_sysfs_read_only() -> None:
    mounts = {mount.destination: mount for mount in SPEC.mounts or ()}
    assert list(mounts) == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"]
    assert "ro" in (mounts["/sys"].options or ())
    assert "size=65536k" in (mounts["/dev/shm"].options or ())
    assert all("nosuid" in (mount.options or ()) for mount in mounts.values())


def test_it_cannot_look_at_its_neighbours_through_proc_and_sys() -> None:
    assert SPEC.linux is not None
    assert SPEC.linux.masked_paths == masked_paths()
    assert {"/proc/kcore", "/proc/keys", "/proc/interrupts", "/sys/firmware"} <= {*masked_paths()}
    assert "/proc/sys" in (SPEC.linux.readonly_paths or ())


def test_it_survives_being_written_down() -> None:
    assert documents.read(Spec, documents.write(SPEC), strict=True) == SPEC


def test_its_parts_are_shared_between_containers() -> None:
    again = linux_spec(linux_process(("false",)))
    assert again.mounts is SPEC.mounts
    assert again.linux == SPEC.linux
    assert again.linux is not None
    assert again.linux.seccomp is DEFAULT_PROFILE


def test_capabilities_that_open_no_call_leave_the_profile_alone() -> None:
    assert seccomp_profile({*DEFAULT, "CAP_NET_ADMIN"}) is DEFAULT_PROFILE
    assert seccomp_profile({*DEFAULT, "CAP_SYS_ADMIN"}) is not DEFAULT_PROFILE
