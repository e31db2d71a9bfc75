"""A network that stands for this machine's, for runtimes that take devices from it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spaces import unshared

from .conftest import Runtime


class Host:
    """The network, with one end of a pair of devices to give away."""

    def __init__(self, pid: int) -> None:
        self.enter = ["nsenter", f"--net=/proc/{pid}/ns/net"]

    def ip(self, *words: str) -> Any:
        said = subprocess.run(
            [*self.enter, "ip", "-json", *words], capture_output=True, text=True, check=True
        )
        return json.loads(said.stdout or "null")

    def names(self) -> set[str]:
        return {link["ifname"] for link in self.ip("link")}


@contextmanager
def network(runtime: Runtime) -> Iterator[Host]:
    """Have a runtime's commands run in a network of the test's own."""
    with unshared("--net") as pid:
        host = Host(pid)
        host.ip("link", "add", "given", "type", "veth", "peer", "name", "kept")
        program, runtime.program = runtime.program, [*host.enter, *runtime.program]
        try:
            yield host
        finally:
            runtime.program = program
