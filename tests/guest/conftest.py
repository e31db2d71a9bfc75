"""The guest: a machine with cgroup v2 alone and every controller, which this one may not be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .kernel import NoKernel, debian_kernel
from .machine import Guest, missing_program

if TYPE_CHECKING:
    from pathlib import Path

# What is inside runs in the guest only.
collect_ignore = [] if "CLOCHE_GUEST" in os.environ else ["inside"]


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    if (program := missing_program()) is not None:
        pytest.skip(f"no {program}")
    try:
        kernel = debian_kernel()
    except NoKernel as error:
        pytest.skip(f"no kernel for the guest: {error}")
    directory: Path = tmp_path_factory.mktemp("guest")
    return Guest(kernel, directory)
