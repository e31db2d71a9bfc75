"""The guest: a machine with cgroup v2 alone and every controller, which this one may not be."""

from __future__ import annotations

import os
import shutil

import pytest

from .kernel import Kernel, NoKernel, debian_kernel
from .machine import Guest, missing_program
from .selinux import COMPILER, policy
from .systemd import missing_package

# What is inside runs in the guest only.
INSIDE = ["inside", "inside_selinux", "inside_systemd"]
collect_ignore = [] if "CLOCHE_GUEST" in os.environ else INSIDE


@pytest.fixture(scope="module", autouse=True)
def _descriptors_are_closed() -> None:
    """Nobody counts in the guest: its commands run in the process of the tests, and end with it."""


@pytest.fixture(scope="session")
def kernel() -> Kernel:
    if (machine := os.uname().machine) != "x86_64":
        pytest.skip(f"the guest is an x86-64 machine with this one's programs, which are {machine}")
    if (program := missing_program()) is not None:
        pytest.skip(f"no {program}")
    try:
        return debian_kernel()
    except NoKernel as error:
        pytest.skip(f"no kernel for the guest: {error}")


@pytest.fixture(scope="session")
def guest(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """A machine with nothing between the kernel and a test."""
    return Guest(kernel, tmp_path_factory.mktemp("guest"))


@pytest.fixture(scope="session")
def systemd_guest(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """A machine run by systemd, with the user ``ann`` (1000), whose manager is running."""
    if (package := missing_package()) is not None:
        pytest.skip(f"no {package}")
    return Guest(kernel, tmp_path_factory.mktemp("guest"), systemd=True)


@pytest.fixture(scope="session")
def selinux_guest(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """A machine with nothing in between, and SELinux with a policy that it enforces."""
    if not shutil.which(COMPILER):
        pytest.skip(f"no {COMPILER}")
    return Guest(kernel, tmp_path_factory.mktemp("guest"), policy=policy())
