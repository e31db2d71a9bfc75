"""Which runtimes work here, found out by running a container with each."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cloche.errors import BackendError, ClocheError, CommandFailed
from cloche.layers import RootFilesystem
from cloche.probe import Supported, Unsupported
from cloche.runtime import BackendContext, Capability, CreateRequest
from cloche_oci.calling import Ends, call
from cloche_oci.checkpoints import why_no_checkpoints
from cloche_oci.programs import KNOWN, Program, find_all
from cloche_oci.rootless import is_rootless, own_maps
from cloche_oci.trials import trial_place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cloche.probe import Verdict
    from cloche.runtime import RuntimeContainer
    from cloche.stdio import Streams
    from cloche_oci.runtime import OciRuntime

__all__ = ["best", "probe"]

_LIMIT = 20.0
_NOT_FOUND = 127
_GROUPS = (Capability.LIMITS, Capability.PAUSE, Capability.STATS, Capability.UPDATE)


def probe(argument: str | None) -> Verdict:
    """Judge a runtime, or without a name the best of all, by a real run.

    Each that was looked at is told of in the notes, with why it does not work if it does not.
    """
    try:
        programs = find_all(argument)
    except ClocheError as error:
        return Unsupported(str(error), error.hint)
    if not programs:
        names = ", ".join(KNOWN)
        return Unsupported(f"none of {names} is installed", "apt-get install crun, or runc")
    verdicts = [_judged(program) for program in programs]
    return _summary(programs, verdicts)


def _summary(programs: list[Program], verdicts: list[Verdict]) -> Verdict:
    works = [verdict for verdict in verdicts if isinstance(verdict, Supported)]
    if not works:
        failed = verdicts[0]
        assert isinstance(failed, Unsupported)
        return failed
    chosen = max(works, key=lambda verdict: verdict.score)
    others = [
        note
        for program, verdict in zip(programs, verdicts, strict=True)
        if verdict is not chosen
        for note in _told(program, verdict)
    ]
    notes = tuple(dict.fromkeys((*chosen.notes, *others)))
    return Supported(chosen.score, chosen.missing, notes)


def _told(program: Program, verdict: Verdict) -> tuple[str, ...]:
    if isinstance(verdict, Unsupported):
        return (f"{program.name} does not work: {verdict.reason}",)
    return verdict.notes


def best() -> Program | None:
    """Find the best of the known runtimes that works; None if none does."""
    for program in find_all(None):
        if isinstance(_judged(program), Supported):
            return program
    return None


def _judged(program: Program) -> Verdict:
    try:
        version, workaround = _version(program), _try(program)
    except (ClocheError, OSError) as error:
        reason = f"{program.path}: {error}"
        return Unsupported(reason, getattr(error, "hint", None))
    notes = [f"{program.name} {version} ({program.path})"]
    if workaround:
        notes.append(
            f"{program.name} refuses hybrid control groups: it runs in a mount namespace "
            "of its own, without /sys/fs/cgroup/unified"
        )
    maps = own_maps()
    if maps is not None and maps["programs"] is None:
        notes.append("only this user's own id is mapped: install uidmap for more")
    return Supported(program.score, _missing(program), tuple(notes))


def _version(program: Program) -> str:
    """What it says first of ``--version``: ``runc version 1.1.5``."""
    output = call([program.path, "--version"], timeout=_LIMIT)
    first = output.out.decode("utf-8", "replace").partition("\n")[0].split()
    return first[-1][:40] if first and not output.code else "of an unknown version"


def _missing(program: Program) -> Mapping[Capability, str]:
    missing: dict[Capability, str] = {}
    if is_rootless():
        missing |= dict.fromkeys(_GROUPS, "this user has no control groups: run as root")
    if program.is_machine:
        missing[Capability.ISOLATE_PROCESS] = f"{program.name} makes virtual machines"
    else:
        missing[Capability.ISOLATE_VM] = f"{program.name} shares this machine's kernel"
    if program.has_own_kernel:
        missing[Capability.FILES] = f"{program.name} keeps files to a kernel of its own"
        missing[Capability.UPDATE] = f"{program.name} changes no limits later"
    if (lacking := why_no_checkpoints(program)) is not None:
        missing[Capability.CHECKPOINT] = lacking
    if _has_no_hooks(program):
        missing[Capability.HOOKS] = f"{program.name} says that it runs no hooks"
    return missing


def _has_no_hooks(program: Program) -> bool:
    """Ask ``features``, where a runtime has that (runtime-spec 1.1, features.md)."""
    output = call([program.path, "features"], timeout=_LIMIT)
    try:
        found: object = json.loads(output.out) if output.code == 0 else {}
    except ValueError:
        return False
    return isinstance(found, dict) and "ociVersionMax" in found and not found.get("hooks")


def _try(program: Program) -> bool:
    """Run a container as every other is run; returns whether a workaround was needed.

    Its root is empty, and it is told to run a program that is not there: it has to say so, by 127.
    Raises what creating and starting raises.
    """
    from cloche_oci.runtime import OciRuntime

    with trial_place() as place:
        root = place / "root"
        for directory in ("proc", "dev", "sys"):
            root.joinpath(directory).mkdir(parents=True)
        context = BackendContext(home=place / "home", owner="probe", argument=program.path)
        runtime = OciRuntime(context)
        code = _code(runtime, place, root)
        if code != _NOT_FOUND:
            raise BackendError(f"a container ended with {code} instead of {_NOT_FOUND}")
        return runtime.hides_unified


def _code(runtime: OciRuntime, place: Path, root: Path) -> int | None:
    """How the container ends, or that its start says that there is no such program."""
    from cloche.testing.subject import default_spec

    request = CreateRequest(
        id=f"probe-{os.urandom(6).hex()}",
        spec=default_spec("probe", ("/nothing",), None),
        state=place,
        timeout=_LIMIT,
    )
    runtime.accepts(request)
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    streams = Ends((nothing, nothing, nothing))
    try:
        container = runtime.create(request, RootFilesystem(form="path", path=str(root)), streams)
        try:
            return _ending(container, streams)
        finally:
            container.delete()
            container.close()
    finally:
        os.close(nothing)


def _ending(container: RuntimeContainer, streams: Streams) -> int | None:
    try:
        container.start(streams)
    except CommandFailed as error:
        return error.exit_code
    assert container.init is not None
    return container.init.exit.wait(_LIMIT).exit_code
