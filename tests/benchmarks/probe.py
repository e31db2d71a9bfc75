"""What a process finds of its confinement, told by the process itself.

Speed by leaving something out is no speed: every configuration that is timed also runs this probe,
and what it says must be equal for all that are compared.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

__all__ = ["Confinement", "check_probe", "differences", "of_this_machine", "parse", "script"]

_STATUS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")

_SCRIPT = """
for name in /proc/self/ns/*; do echo "namespace ${name##*/} $(readlink "$name")"; done
while read -r key value rest; do echo "status $key $value"; done < /proc/self/status
while read -r a b c d path options rest; do echo "mount $path $options"; done < /proc/self/mountinfo
seen() {
    if [ -d "$1" ]; then [ -n "$(ls -A "$1" 2>/dev/null)" ] && echo open || echo hidden
    elif [ ! -e "$1" ]; then echo absent
    elif [ "$(stat -c %t:%T "$1")" = 1:3 ]; then echo hidden
    else echo open; fi
}
for path in MASKED; do echo "masked $path $(seen "$path")"; done
echo "refused new-user-namespace $(unshare -U true 2>&1 | sed 's/.*: //; s/ /-/g')"
echo "refused write-to-proc $(
    { echo x > /proc/sys/kernel/hostname; } 2>&1 | sed 's/.*: //; s/ /-/g')"
"""


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What can be compared between containers of different makers."""

    #: The namespaces that are not this machine's own.
    namespaces: frozenset[str]
    #: Seccomp mode, no_new_privs and the five capability sets, as the kernel prints them.
    status: frozenset[tuple[str, str]]
    #: The paths that should be hidden but can be looked into.
    unmasked: frozenset[str]
    #: The paths that should be read-only but can be written.
    writable: frozenset[str]
    #: What was tried and how it was refused; nothing is behind what was not.
    refused: frozenset[tuple[str, str]]


def script(masked: Sequence[str]) -> str:
    """The probe for a busybox shell; ``masked`` are the paths that it tries to look into."""
    return _SCRIPT.replace("MASKED", " ".join(masked))


def parse(text: str, readonly: Sequence[str]) -> Confinement:
    """Read what the probe printed."""
    told = [line.split() for line in text.splitlines()]
    mounts = {line[1]: line[2].split(",") for line in told if line[0] == "mount"}
    status = {line[1].rstrip(":"): line[2] for line in told if line[0] == "status" and line[2:]}
    return Confinement(
        namespaces=frozenset(
            line[1]
            for line in told
            if line[0] == "namespace" and line[2] != os.readlink(f"/proc/self/ns/{line[1]}")
        ),
        status=frozenset((key, status[key]) for key in _STATUS),
        unmasked=frozenset(line[1] for line in told if line[0] == "masked" and line[2] == "open"),
        writable=frozenset(path for path in _existing(readonly) if not _is_readonly(path, mounts)),
        refused=frozenset((line[1], line[2]) for line in told if line[0] == "refused" and line[2:]),
    )


def differences(one: Confinement, other: Confinement) -> set[tuple[str, str]]:
    """What only one of two processes found: the kind, and what it is about."""
    return {
        (field.name, found if isinstance(found, str) else found[0])
        for field in fields(Confinement)
        for found in getattr(one, field.name) ^ getattr(other, field.name)
    }


def of_this_machine(masked: Sequence[str], readonly: Sequence[str]) -> Confinement:
    """What an unconfined process finds: the control that shows that the probe can see."""
    # An own uts namespace, lest the write that is not refused renames the machine.
    command = ["unshare", "--uts", "busybox", "sh", "-c", script(masked)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return parse(done.stdout, readonly)


def check_probe(confined: Confinement, machine: Confinement) -> None:
    """Hold that a container is one, by what this machine's own processes find."""
    status = dict(confined.status)
    assert {"cgroup", "ipc", "mnt", "net", "pid", "uts"} <= confined.namespaces, confined
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), confined
    assert (confined.unmasked, confined.writable) == (frozenset(), frozenset()), confined
    assert {reason for _, reason in confined.refused} == {
        "Operation-not-permitted",
        "Read-only-file-system",
    }, confined
    assert machine.unmasked, "the probe sees masked paths nowhere"
    assert machine.writable, "the probe sees read-only paths everywhere"
    assert machine.refused == frozenset(), machine
    assert dict(machine.status)["Seccomp"] == "0", machine


def _existing(paths: Sequence[str], exists: Callable[[Path], bool] = Path.exists) -> list[str]:
    return [path for path in paths if exists(Path(path))]


def _is_readonly(path: str, mounts: dict[str, list[str]]) -> bool:
    """Whether the mount that a path is on is read-only."""
    places = [str(place) for place in (Path(path), *Path(path).parents)]
    return "ro" in next(mounts[place] for place in places if place in mounts)
