"""A container of an OCI runtime, its maker's or found again."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from cloche import documents
from cloche.errors import (
    BackendError,
    ClocheError,
    CommandFailed,
    InvalidState,
    NotFound,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche.runtime import RuntimeContainer, RuntimeProcess, State
from cloche_oci import groups
from cloche_oci.calling import LIMIT
from cloche_oci.checkpoints import why_not_here
from cloche_oci.executing import execute
from cloche_oci.process import FoundProcess, KeptProcess, NeverRun
from cloche_oci.removing import remove
from cloche_oci.rootless import is_rootless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche.spec import LinuxResources, Process
    from cloche.stats import Stats
    from cloche.stdio import Streams
    from cloche_oci.bundle import Bundle
    from cloche_oci.tool import Tool

__all__ = ["OciContainer", "Site"]

_END_LIMIT = 10.0


class Site:
    """Where a container is: its bundle, its runtime, its group."""

    def __init__(
        self,
        id: str,
        bundle: Bundle,
        tool: Tool,
        group: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.id = id
        #: What its runtime is told before commands that make or start it.
        self.options = tuple(options)
        self.bundle = bundle
        self.tool = tool
        #: The path of its control group below each hierarchy.
        self.group = group or tool.group(id)

    @property
    def note(self) -> dict[str, object]:
        """What is noted of it, beside its processes."""
        return {
            "runtime": self.tool.program.path,
            "group": self.group,
            "options": list(self.options),
        }

    def error(self, kind: type[ClocheError], message: str, operation: str) -> ClocheError:
        """Make an error that says where it happened."""
        return kind(message, operation=operation, container=self.id, backend="oci")


class OciContainer(RuntimeContainer):
    """One container that a runtime keeps, and our keeper of it."""

    def __init__(
        self,
        site: Site,
        init: KeptProcess | FoundProcess | NeverRun | None,
        *,
        process: Process | None = None,
        reports: bool = False,
        failed: CommandFailed | None = None,
    ) -> None:
        self._site = site
        self._kept = init
        self.init: RuntimeProcess | None = init
        self._process = process
        #: Its init is ours, and tells whether its program runs.
        self._reports = reports
        #: Its command can't be run, which ``start`` is to say.
        self._failed = failed
        self._started = not isinstance(init, KeptProcess | NeverRun)

    @property
    def info(self) -> Mapping[str, object]:
        return {**self._site.note, "init": dict(self.init.info) if self.init else {}}

    def _do(self, *arguments: str, process: Process | None = None) -> bytes:
        """Call the runtime on it."""
        site = self._site
        if not site.bundle.exists():
            raise site.error(NotFound, f"nothing of {site.id} exists any more", arguments[0])
        join = self.init.pid if self.init else None
        return site.tool.do(
            site.bundle, site.id, *arguments, join=join, process=process, options=site.options
        )

    @property
    def _has_own_kernel(self) -> bool:
        return self._site.tool.program.has_own_kernel

    def state(self) -> State:
        if self._failed is not None or self._has_ended():
            return State.STOPPED if self._has_ended() else State.CREATED
        try:
            found: object = json.loads(self._do("state", self._site.id))
        except (NotFound, ValueError):
            return State.STOPPED
        status = str(found.get("status")) if isinstance(found, dict) else ""
        known = status in [*State] and not self._has_ended()
        return State(status) if known else State.STOPPED

    def _has_ended(self) -> bool:
        return self.init is not None and self.init.exit.poll() is not None

    def _require(self, verb: str, wanted: State) -> None:
        state = self.state()
        if state is not wanted:
            message = f"{self._site.id} is {state.value}: {verb} needs a {wanted.value} container"
            raise self._site.error(InvalidState, message, verb)

    def start(self, streams: Streams, process: Process | None = None) -> None:
        site = self._site
        if process is not None:
            message = "OCI runtimes start a container's own process only"
            raise site.error(NotSupported, message, "start")
        if self._started or self._has_ended():
            self._require("start", State.CREATED)
        self._started = True
        if isinstance(self._kept, NeverRun) and self._failed is not None:
            self._kept.end(self._failed.exit_code)
            raise self._failed
        self._do("start", site.id, process=self._process)
        if self._reports and isinstance(self._kept, KeptProcess):
            self._see_running(self._kept)

    def _see_running(self, init: KeptProcess) -> None:
        number = init.started(LIMIT)
        if number:
            init.exit.wait(_END_LIMIT)
            raise _not_run(self._site, self._process, number)

    def exec(self, id: str, process: Process, streams: Streams) -> RuntimeProcess:
        self._require("exec", State.RUNNING)
        assert self.init is not None
        return execute(
            self._site.tool, self._site.bundle, self._site.id, id, process, streams,
            join=self.init.pid, root=self.root_descriptor,
        )  # fmt: skip

    def open(self, id: str, info: Mapping[str, object]) -> RuntimeProcess:
        return FoundProcess(id, self._site.bundle, info, None)

    def send(self, number: int) -> None:
        """Send its init a signal by the runtime; one that has ended is no error."""
        try:
            self._do("kill", self._site.id, str(number))
        except (BackendError, NotFound, TimedOut):
            if number == signal.SIGKILL and self._kept is not None:
                self._kept.force()
            elif self.state() is not State.STOPPED:
                raise

    def terminate(self) -> None:
        if self._has_own_kernel and self.state() is State.PAUSED:
            self._do("resume", self._site.id)  # it hears no signal, and gVisor fails to delete it
        frozen = groups.is_frozen(self._site.group)
        self._init().kill(signal.SIGKILL)
        if frozen and groups.is_frozen(self._site.group):  # some runtimes thaw what they kill
            self._do("resume", self._site.id)

    def delete(self) -> None:
        if self.init is not None and not self._has_ended():
            self.terminate()
            self.init.exit.wait(_END_LIMIT)
        remove(self._site.tool, self._site.bundle, self._site.id)

    def close(self) -> None:
        if self.init is not None:
            self.init.close()

    def pause(self) -> None:
        self._need_groups("pause")
        self._require("pause", State.RUNNING)
        self._do("pause", self._site.id)
        groups.wait_until_frozen(self._site.group)

    def resume(self) -> None:
        self._need_groups("resume")
        self._require("resume", State.PAUSED)
        self._do("resume", self._site.id)

    def update(self, resources: LinuxResources) -> None:
        self._need_groups("update")
        if self._has_own_kernel:
            message = f"{self._site.tool.program.name} changes no limits later"
            raise self._site.error(NotSupported, message, "update")
        name = f"update-{os.urandom(4).hex()}"
        document = documents.to_json(resources)
        try:
            path = self._site.bundle.write(name, json.dumps(document).encode())
            self._do("update", "--resources", path, self._site.id)
        finally:
            self._site.bundle.discard(name)

    def checkpoint(self, directory: str) -> None:
        site, lacking = self._site, why_not_here(self._site.tool.program)
        if lacking is not None:
            raise site.error(NotSupported, f"checkpoint: {lacking}", "checkpoint")
        self._require("checkpoint", State.RUNNING)
        self._do("checkpoint", "--image-path", directory, site.id)

    def stats(self) -> Stats:
        self._need_groups("stats")
        measured = groups.stats(self._site.group)
        if measured is None:
            message = f"{self._site.id} has no control group to be measured"
            raise self._site.error(InvalidState, message, "stats")
        return measured

    def _need_groups(self, verb: str) -> None:
        if is_rootless():
            raise Unavailable(
                f"{verb}: this user has no control groups",
                remedy="run as root",
                operation=verb,
                container=self._site.id,
                backend="oci",
            )

    def pids(self) -> Sequence[int]:
        if self._has_ended():
            return []
        found: object = json.loads(self._do("ps", "--format", "json", self._site.id) or b"[]")
        return [pid for pid in found if isinstance(pid, int)] if isinstance(found, list) else []

    def root_descriptor(self) -> int:
        if self._has_own_kernel:
            message = f"{self._site.tool.program.name} keeps files to a kernel of its own"
            raise self._site.error(NotSupported, message, "files")
        pid = None if self.init is None or self._has_ended() else self.init.pid
        message = f"{self._site.id} has ended: its files are gone"
        if pid is None:
            raise self._site.error(InvalidState, message, "files")
        try:
            root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, ProcessLookupError) as error:
            raise self._site.error(InvalidState, message, "files") from error
        if not self._has_ended():  # so it was its pid, as it was opened
            return root
        os.close(root)
        raise self._site.error(InvalidState, message, "files")


def _not_run(site: Site, process: Process | None, number: int) -> CommandFailed:
    import errno

    name = process.args[0] if process is not None and process.args else ""
    missing = number in {errno.ENOENT, errno.ENOTDIR}
    message = f"command cannot be run: {name}: {os.strerror(number).lower()}"
    return CommandFailed(
        f"command not found: {name}" if missing else message,
        exit_code=127 if missing else 126,
        operation="start",
        container=site.id,
        backend="oci",
    )
