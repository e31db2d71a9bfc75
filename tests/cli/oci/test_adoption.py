"""What is let go belongs to whoever adopts it, who learns how it ends however soon that is."""

from __future__ import annotations

import os
import subprocess
import sys

from callers import adopter

OFTEN = 8


def adopted(oci, times: int, *words: str) -> list[str]:
    """The exit codes that a caller learns of what ``words`` leave behind."""
    pid_file = str(oci.place / "adopted")
    command = [*oci.program, *words[:1], "--pid-file", pid_file, *words[1:]]
    done = subprocess.run(
        [sys.executable, adopter.__file__, pid_file, str(times), *command],
        env=oci.environment, stdout=subprocess.PIPE, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_a_further_process_that_ends_at_once(oci) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    script = ("sh", "-c", "exit 7")
    assert adopted(oci, OFTEN, "exec", "--detach", "box", *script) == ["7"] * OFTEN


def test_a_further_process_in_a_namespace_of_the_hosts(oci) -> None:
    """Where every process is the host's as well, and none is waited for by an init."""

    def change(config) -> None:
        kinds = config["linux"]["namespaces"]
        config["linux"]["namespaces"] = [each for each in kinds if each["type"] != "pid"]

    oci.create("sleep", "600", change=change)
    oci("start", "box")
    assert adopted(oci, 2, "exec", "--detach", "box", "sh", "-c", "exit 7") == ["7"] * 2


def test_a_container_that_ends_at_once(oci) -> None:
    bundle = oci.bundle("sh", "-c", "exit 7")
    assert adopted(oci, 1, "run", "--detach", "--bundle", bundle, "box") == ["7"]


def test_a_container_in_the_processes_of_another(oci) -> None:
    pid = oci.create("sleep", "600")

    def change(config) -> None:
        for each in config["linux"]["namespaces"]:
            if each["type"] == "pid":
                each["path"] = f"/proc/{pid}/ns/pid"

    bundle = oci.bundle("sh", "-c", "exit 7", change=change)
    assert adopted(oci, 1, "run", "--detach", "--bundle", bundle, "other") == ["7"]
    assert os.path.exists(f"/proc/{pid}")
