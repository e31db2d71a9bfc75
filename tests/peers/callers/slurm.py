"""Debian's Slurm on loopback: one controller, two nodes, and a munge of their own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from callers.daemon import daemon, until
from callers.runtime import runtime

NODES = ("node1", "node2")
_ID = "%n.%u.%j.%s.%t"


@dataclass(frozen=True)
class Slurm:
    """A running cluster."""

    place: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.place / "slurm.conf")}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of Slurm's programs to its end."""
        return subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=60
        )

    def idle(self) -> bool:
        """Whether no node has anything to do."""
        return self("sinfo", "-h", "-N", "-o", "%T").stdout.split() == ["idle"] * len(NODES)


@contextmanager
def slurm(place: Path) -> Iterator[Slurm]:
    """Start it below ``place``, with our program as the runtime of its oci.conf."""
    place.chmod(0o755)  # for munge, whose socket is everybody's
    (place / "state").mkdir()
    (place / "slurm.conf").write_text(_configuration(place))
    (place / "oci.conf").write_text(_runtime(place))
    started, log = Slurm(place), place / "log"
    with ExitStack() as daemons:
        daemons.enter_context(daemon(_munge(place), log))
        until((place / "munge").exists, log)
        own = ("-D", "-f", str(place / "slurm.conf"))
        daemons.enter_context(daemon(["slurmctld", *own], log))
        for node in NODES:
            daemons.enter_context(daemon(["slurmd", *own, "-N", node], log))
        until(started.idle, log)
        yield started


def _munge(place: Path) -> list[str]:
    key = place / "key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    files = {"socket": "munge", "key-file": "key", "pid-file": "munge.pid", "seed-file": "seed"}
    return ["munged", "-F", *(f"--{name}={place / file}" for name, file in files.items())]


def _runtime(place: Path) -> str:
    """A shell reads these; without exec it would end at SIGTERM, and leave us behind."""
    ours = f"{runtime(place)} --root={place / 'containers'}"
    return (
        f'RunTimeQuery="{ours} state {_ID}"\n'
        f'RunTimeKill="{ours} kill -a {_ID}"\n'
        f'RunTimeDelete="{ours} delete --force {_ID}"\n'
        f'RunTimeRun="exec {ours} run {_ID} -b %b"\n'
    )


def _configuration(place: Path) -> str:
    host = socket.gethostname().partition(".")[0]
    controller, *ports = _ports(1 + len(NODES))
    where = f"NodeAddr=127.0.0.1 NodeHostname={host} CPUs=2 RealMemory=100"
    nodes = [f"NodeName={n} Port={p} {where}" for n, p in zip(NODES, ports, strict=True)]
    lines = (
        f"ClusterName=cloche\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={controller}",
        "SlurmUser=root\nSlurmdUser=root",
        f"AuthType=auth/munge\nAuthInfo=socket={place}/munge\nCredType=cred/munge",
        "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none",
        "JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none",
        "SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nReturnToService=2",
        "SlurmdParameters=config_overrides\nKillWait=1",
        f"StateSaveLocation={place}/state\nSlurmdSpoolDir={place}/spool-%n",
        f"SlurmctldPidFile={place}/controller.pid\nSlurmdPidFile={place}/%n.pid",
        *nodes,
        "PartitionName=all Nodes=ALL Default=YES State=UP",
    )
    return "\n".join(lines) + "\n"


def _ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
