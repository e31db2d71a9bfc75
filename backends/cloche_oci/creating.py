"""The making of a container: its bundle, its keeper, and the runtime's ``create``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cloche import documents
from cloche.demands import runnable
from cloche.errors import CommandFailed, NotSupported
from cloche.runtime import Lifetime
from cloche_oci.bundle import Bundle
from cloche_oci.calling import LIMIT
from cloche_oci.container import OciContainer, Site
from cloche_oci.failures import explain, failure
from cloche_oci.launching import Failed, Kept, launch
from cloche_oci.process import KeptProcess, NeverRun
from cloche_oci.removing import NOTE, remove
from cloche_oci.rootless import own_maps
from cloche_oci.roots import overlay_of
from cloche_oci.specification import config_of, has_init
from cloche_oci.users import of_layers, with_numbers

if TYPE_CHECKING:
    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest, RuntimeContainer
    from cloche.spec import User
    from cloche.stdio import Streams
    from cloche_oci.keeper.main import Plan
    from cloche_oci.tool import Tool

__all__ = ["create"]

_PID, _LOG, _CONSOLE = "pid", "log", "console"


def create(
    tool: Tool, request: CreateRequest, root: RootFilesystem, streams: Streams
) -> RuntimeContainer:
    """Make a container that waits for its start; on an error nothing is left.

    A command that can't be run, which some runtimes see now, is an error of ``start``.
    """
    linux, _ = runnable(request)
    bundle, options = Bundle(request.state), tool.program.options(linux)
    site = Site(request.id, bundle, tool, linux.cgroups_path, options)
    try:
        site.bundle.make()
        site.bundle.dump("site.json", site.note)
        tool.get_ready(site.bundle, _limit(request))
        _check_descriptors(tool, request)
        return _create(site, request, root, streams)
    except BaseException as error:
        try:
            remove(tool, site.bundle, site.id)
        except Exception as problem:  # noqa: BLE001 - the first error is the one to tell
            error.add_note(f"and then, clearing up: {problem}")
        raise


def _check_descriptors(tool: Tool, request: CreateRequest) -> None:
    if request.preserve_fds and not tool.passes_descriptors:
        name = tool.program.name
        raise NotSupported(
            f"{name} hands no descriptors on to its containers",
            hint="run it by crun or runc",
            operation="create",
            container=request.id,
            backend="oci",
        )


def _reports(tool: Tool, request: CreateRequest) -> bool:
    return tool.passes_descriptors and has_init(request)


def _create(
    site: Site, request: CreateRequest, root: RootFilesystem, streams: Streams
) -> RuntimeContainer:
    maps, process = own_maps(), request.spec.process
    user = _user(request, root)
    config = config_of(
        request, root, site.bundle, user, streams.terminal, maps, site.group,
        reports=site.tool.passes_descriptors,
        whole=site.tool.program.has_own_kernel,
    )  # fmt: skip
    site.bundle.write("config.json", json.dumps(documents.to_json(config)).encode())
    plan = _plan(site, request, root, streams)
    path = site.bundle.dump("plan", {**plan})
    try:
        kept = launch(path, streams, request.preserve_fds, plan["timeout"])
    except Failed as error:
        text = explain(site.bundle.read(_LOG), "")
        told = failure(site.tool.program.name, "create", site.id, text, process)
        if isinstance(told, CommandFailed):
            return OciContainer(site, NeverRun(site.id), process=process, failed=told)
        raise told from error
    finally:
        site.bundle.discard("plan", _PID, _CONSOLE, _LOG)
    return _made(site, request, kept)


def _made(site: Site, request: CreateRequest, kept: Kept) -> RuntimeContainer:
    info = {**kept.identity, "note": NOTE}
    reached: list[OciContainer] = []
    init = KeptProcess(
        site.id, kept, info, lambda number: reached[0].send(number),
        only_codes=site.tool.program.has_own_kernel,
    )  # fmt: skip
    container = OciContainer(
        site, init, process=request.spec.process, reports=_reports(site.tool, request)
    )
    reached.append(container)
    try:
        _write_files(container, request)
    except BaseException:
        container.delete()
        container.close()
        raise
    return container


def _write_files(container: OciContainer, request: CreateRequest) -> None:
    """Put files into the root, now that it is there and nothing runs in it yet."""
    if not request.files:
        return
    from cloche.files import root_of, write

    with root_of(container) as root:
        for path, content in request.files:
            write(root, path, content)


def _user(request: CreateRequest, root: RootFilesystem) -> User:
    assert request.spec.process is not None
    layers = root.layers or (root.path or "/",)
    return with_numbers(request.spec.process.user, request.groups, lambda: of_layers(layers))


def _plan(site: Site, request: CreateRequest, root: RootFilesystem, streams: Streams) -> Plan:
    tool, bundle = site.tool, site.bundle
    reports, terminal = _reports(tool, request), streams.terminal is not None
    preserved = len(request.preserve_fds)
    given = preserved + reports
    options = ["--bundle", bundle.path, "--pid-file", bundle.place(_PID)]
    options += ["--preserve-fds", str(given)] if given else []
    options += ["--console-socket", _CONSOLE] if terminal else []
    options += [] if request.pivot else ["--no-pivot"]
    options += [] if request.keyring else ["--no-new-keyring"]
    overlay = overlay_of(
        root, bundle, request.spec,
        inside=own_maps() is not None,
        whole=tool.program.has_own_kernel,
    )  # fmt: skip
    return {
        "asker": os.getpid() if request.lifetime is Lifetime.PROCESS else None,
        "stage": tool.stage(bundle, root=overlay),
        "directory": bundle.path,
        "make": tool.command(bundle.place(_LOG), *site.options, "create", *options, site.id),
        "pid_file": bundle.place(_PID),
        "thaw": tool.command(os.devnull, "resume", site.id),
        "undo": tool.command(os.devnull, "delete", "--force", site.id),
        "group": site.group if site.group == tool.group(site.id) else None,
        "timeout": _limit(request),
        "console": _CONSOLE if terminal else None,
        "size": list(streams.terminal or ()),
        "preserved": preserved,
        "reports": reports,
        "null": tool.null(bundle),
        "note": bundle.place(NOTE),
    }


def _limit(request: CreateRequest) -> float:
    return LIMIT if request.timeout is None else request.timeout
