"""What a bundle costs from the command line of an OCI runtime, beside those it stands in for."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import oci
import podman
from contenders import Contender, race
from figures import Table, row, verdict
from programs import PROBE, TRUE

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["life", "oci_", "podman_"]

#: Words: the id, the bundle, the runtime.
_LIFE = """
bundle=$1; shift
"$@" create --bundle "$bundle" "$0" </dev/null >/dev/null && "$@" start "$0" &&
"$@" state "$0" >/dev/null && exec "$@" delete --force "$0"
"""
#: Compiled once, in the rounds before those that count, as an installation is.
_ENVIRONMENT = {**oci.ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": ""}


def oci_(setting: Setting) -> Table:
    """``cloche oci run`` of the bundle that its peers run, each in a process of its own."""
    peers = [oci.running(name, setting) for name in oci.installed()]
    times = race([_cloche(setting), *peers], setting)
    return Table(
        title="oci: `true` of a bundle, by the command line of an OCI runtime",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, "cloche oci run", "runc run", 1.0),
            *verdict(times, "cloche oci run", "crun run"),
        ],
        notes=["all of them in the same plain directory, with the same specification"],
    )


def podman_(setting: Setting) -> Table:
    """``podman run`` with Cloche as its runtime, beside the same with its peers."""
    ours = podman.Runtime("cloche", _executable_file(setting))
    others = [podman.Runtime(name, shutil.which(name)) for name in oci.installed()]
    contenders = [podman.running(setting, each, every=1) for each in (ours, *others)]
    times = race(contenders, setting)
    return Table(
        title="podman: `podman run` of `true`, with one runtime and another",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, "podman run, cloche", "podman run, runc", 1.1),
            *verdict(times, "podman run, cloche", "podman run, crun"),
        ],
        notes=["podman calls the runtime three times: create, start, delete"],
    )


def life(setting: Setting) -> Table:
    """The commands that podman and containerd give for each container, one after the other."""
    peers = [_living(oci.running(name, setting, number=2)) for name in oci.installed()]
    times = race([_living(_cloche(setting)), *peers], setting)
    return Table(
        title="life: create, start, state and delete --force of a bundle that runs `true`",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, "cloche oci life", "runc life"),
            *verdict(times, "cloche oci life", "crun life"),
        ],
        notes=["four commands for each figure, and the shell between them"],
    )


def _living(contender: Contender) -> Contender:
    """The same runtime, in four commands instead of ``run``; what probes it is run as before."""
    commands = cast("dict[str, list[str]]", contender.params["commands"])
    place = commands[TRUE].index("run")
    program, words = commands[TRUE][:place], commands[TRUE][place + 1 :]
    return replace(
        contender,
        name=contender.name.replace(" run", " life"),
        params={
            **contender.params,
            "commands": {**commands, TRUE: ["sh", "-c", _LIFE, words[-1], words[1], *program]},
        },
    )


def _cloche(setting: Setting) -> Contender:
    command = [*_executable(), "--root", str(setting.place.folder / "cloche-oci"), "run"]
    commands = {p: [*command, "--bundle", *_bundle(setting, p)] for p in (TRUE, PROBE)}
    return Contender(
        name="cloche oci run",
        setup="spawned:spawned",
        params={"commands": commands, "environment": _ENVIRONMENT},
    )


def _bundle(setting: Setting, program: str) -> Sequence[str]:
    """The bundle, and an id for its container."""
    made = setting.place.bundle(f"cloche-{program}", setting.spec, setting.programs[program])
    return str(made), made.name


def _executable_file(setting: Setting) -> str:
    """The same as one file, for podman takes no words of a runtime's."""
    file = setting.place.folder / "cloche-oci-program"
    file.write_text(f'#!/bin/sh\nexec {shlex.join(_executable())} "$@"\n')
    file.chmod(0o755)
    return str(file)


def _executable() -> Sequence[str]:
    """The program of this very installation."""
    beside = Path(sys.executable).with_name("cloche-oci")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "cloche_cli.oci"]
