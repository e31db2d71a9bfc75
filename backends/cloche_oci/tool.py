"""A runtime in use: where it keeps its state, and how its commands are put and called."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING
from zlib import crc32

from cloche.errors import BackendError
from cloche.locations import private_directory
from cloche_oci import groups
from cloche_oci.calling import LIMIT, Output, call
from cloche_oci.failures import explain, failure
from cloche_oci.programs import python
from cloche_oci.rootless import own_maps
from cloche_oci.smallest import smallest_bundle
from cloche_oci.traits import UNIFIED, Memory, Traits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloche.spec import Process
    from cloche_oci.bundle import Bundle
    from cloche_oci.keeper.staging import Overlay, Stage
    from cloche_oci.programs import Program

__all__ = ["Tool", "keeper_command"]

_PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_RUN = "import sys; sys.path.append(sys.argv[1]); from cloche_oci.keeper.main import main; main()"


def keeper_command(verb: str, *arguments: str) -> list[str]:
    """Put the command of a keeper: Python alone, with no site and nothing of the caller's."""
    return [python(), "-I", "-S", "-c", _RUN, _PACKAGES, verb, *arguments]


class Tool:
    """One runtime below one home directory."""

    def __init__(self, program: Program, home: str) -> None:
        self.program = program
        self._home = home
        self._mark = f"{program.name}-{crc32(os.fsencode(program.path)):08x}"
        #: What the runtime itself keeps; nobody else's containers are in there.
        self.root = os.path.join(home, "state", self._mark)
        self._memory = Memory(os.path.join(home, f"{self._mark}.json"), program)
        self._traits = self._memory.recall()
        self._finding_out = Lock()

    @property
    def hides_unified(self) -> bool:
        """Whether the cgroup2 hierarchy beside cgroup1's is kept from it on this machine."""
        return self._traits is not None and self._traits.refuses_hybrid_groups

    @property
    def passes_descriptors(self) -> bool:
        """Whether the container's process can be given more than its streams; once it is ready."""
        return self._traits is None or self._traits.passes_descriptors

    def get_ready(self, bundle: Bundle, timeout: float) -> None:
        """Make the directory of its state, and find out what it is like.

        That may take a container of a single file, in the bundle of the first one that is made.
        """
        private_directory(os.path.dirname(self.root))
        private_directory(self.root)
        with self._finding_out:  # a second try meanwhile would meet what the first found out
            if self._traits is None:
                self._traits = self._find_out(bundle, timeout)
                self._memory.keep(self._traits)

    def _find_out(self, bundle: Bundle, timeout: float) -> Traits:
        return Traits(
            os.path.exists(UNIFIED) and self._refuses_hybrid_groups(bundle, timeout),
            self._passes_descriptors(),
        )

    def _passes_descriptors(self) -> bool:
        """Ask for the options of ``create``: none of them is said in ``features``."""
        output = call([self.program.path, "create", "--help"], timeout=LIMIT)
        return "preserve-fds" in output.out.decode("utf-8", "replace") + output.said

    def _refuses_hybrid_groups(self, bundle: Bundle, timeout: float) -> bool:
        id = f"try-{os.urandom(6).hex()}"  # noqa: A001 - as the contract calls it
        place = smallest_bundle(bundle, id, self.group(id))
        try:
            self.do(bundle, id, "create", "--bundle", place, id, timeout=timeout)
        except BackendError as error:
            return "hybrid mode" in str(error)  # what else is wrong, the real one will say
        finally:
            self.do(bundle, id, "delete", "--force", id, timeout=timeout)
            groups.remove(self.group(id))
            shutil.rmtree(place)
        return False

    def group(self, id: str) -> str:
        """Name the control group of a container of ours."""
        return groups.group_path(self._home, id)

    def stage(self, bundle: Bundle, join: int | None = None, root: Overlay | None = None) -> Stage:
        """Say what the runtime sees when it runs; ``join``: a process of a container of ours."""
        return {
            "maps": own_maps(),
            "join": join if own_maps() else None,
            "hide_unified": self.hides_unified,
            "empty": bundle.place("empty"),
            "root": root,
        }

    def null(self, bundle: Bundle) -> str | None:
        """Where a null device is made for a runtime that takes the one it is given for its own."""
        return bundle.place("null") if self.program.takes_streams and not own_maps() else None

    def command(self, log: str, *arguments: str) -> list[str]:
        """Put one of its commands, that logs to a file of our own; its own options may lead."""
        options = ["--root", self.root, "--log", self.program.log(log), "--log-format", "json"]
        return [self.program.path, *options, *arguments]

    def do(
        self,
        bundle: Bundle,
        id: str,
        *arguments: str,
        given: bytes = b"",
        timeout: float = LIMIT,
        join: int | None = None,
        process: Process | None = None,
        options: Sequence[str] = (),
    ) -> bytes:
        """Call it on a container; returns what it wrote to stdout. ``options`` are its own.

        Raises NotFound if it knows no such container, TimedOut, BackendError in its own words.
        """
        with self._logged(bundle) as (log, name):
            argv = self.command(log, *options, *arguments)
            output = self._called(argv, bundle, given, timeout, join)
            if output.code:
                text = explain(bundle.read(name), output.said)
                raise failure(self.program.name, arguments[0], id, text, process)
        return output.out

    @contextmanager
    def _logged(self, bundle: Bundle) -> Iterator[tuple[str, str]]:
        """A log of this call's own, so that calls at once don't mix."""
        name = f"log-{os.urandom(4).hex()}"
        try:
            yield bundle.place(name), name
        finally:
            bundle.discard(name)

    def _called(
        self, argv: list[str], bundle: Bundle, given: bytes, timeout: float, join: int | None
    ) -> Output:
        stage = self.stage(bundle, join)
        if not (stage["maps"] or stage["hide_unified"]):
            return call(argv, timeout=timeout, given=given)
        name = f"stage-{os.urandom(4).hex()}"
        path = bundle.dump(name, {**stage})
        try:
            return call(keeper_command("enter", path, *argv), timeout=timeout, given=given)
        finally:
            bundle.discard(name)

    def list(self) -> list[dict[str, object]]:
        """Ask for all containers below its root, by one call."""
        if not os.path.isdir(self.root):
            return []
        output = call(self.command(os.devnull, "list", "--format", "json"))
        if output.code:
            text = explain(b"", output.said)
            raise failure(self.program.name, "list", "", text)
        found = _containers(output.out)
        if found is None:
            text = f"it told no list, but {explain(b'', output.out.decode(errors='replace'))}"
            raise failure(self.program.name, "list", "", text)
        return found


def _containers(out: bytes) -> list[dict[str, object]] | None:
    """Read what ``list`` says, None for no list; a runtime that says nothing knows of none."""
    try:
        found: object = json.loads(out.strip() or b"null")
    except ValueError:
        return None
    if found is None:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None
