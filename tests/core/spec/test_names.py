"""JSON names are camelCase, except where the runtime-spec spells them otherwise."""

from __future__ import annotations

import pytest

from cloche import spec
from cloche.spec.document import camel_case


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("cwd", "cwd"),
        ("oci_version", "ociVersion"),
        ("additional_gids", "additionalGids"),
        ("no_new_privileges", "noNewPrivileges"),
        ("oom_score_adj", "oomScoreAdj"),
        ("l3_cache_schema", "l3CacheSchema"),
        ("ip4_addr", "ip4Addr"),
    ],
)
def test_a_regular_name_is_its_words_run_together(field: str, name: str) -> None:
    assert camel_case(field) == name


@pytest.mark.parametrize(
    ("cls", "field", "name"),
    [
        ("Process", "exec_cpu_affinity", "execCPUAffinity"),
        ("LinuxIOPriority", "class_", "class"),
        ("LinuxIDMapping", "container_id", "containerID"),
        ("LinuxIDMapping", "host_id", "hostID"),
        ("LinuxIntelRdt", "clos_id", "closID"),
        ("LinuxResources", "block_io", "blockIO"),
        ("LinuxMemory", "kernel_tcp", "kernelTCP"),
        ("LinuxMemory", "disable_oom_killer", "disableOOMKiller"),
        ("LinuxNetwork", "class_id", "classID"),
        ("LinuxBlockIO", "throttle_read_iops_device", "throttleReadIOPSDevice"),
        ("LinuxBlockIO", "throttle_write_iops_device", "throttleWriteIOPSDevice"),
        ("LinuxBlockIO", "throttle_read_bps_device", "throttleReadBpsDevice"),
        ("WindowsNetwork", "dns_search_list", "DNSSearchList"),
        ("WindowsNetwork", "allow_unqualified_dns_query", "allowUnqualifiedDNSQuery"),
        ("WindowsHyperV", "utility_vm_path", "utilityVMPath"),
        ("SolarisAnet", "configure_allowed_address", "configureAllowedAddress"),
        ("Solaris", "capped_cpu", "cappedCPU"),
        ("Solaris", "limitpriv", "limitpriv"),
        ("IOMems", "first_gfn", "firstGFN"),
        ("IOMems", "first_mfn", "firstMFN"),
        ("IOMems", "nr_mfns", "nrMFNs"),
        ("VM", "hw_config", "hwConfig"),
        ("FreeBSDJail", "enforce_statfs", "enforceStatfs"),
    ],
)
def test_an_irregular_name_is_the_specifications(cls: str, field: str, name: str) -> None:
    document = getattr(spec, cls)
    assert field in document.__template__
    assert document.json_name(field) == name
