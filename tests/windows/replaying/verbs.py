"""One verb about a container that runs, on Windows: ``python -m replaying.verbs VIA VERB``.

VIA is ``interface`` or ``command-line``: both are to make the same calls of the service.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from replaying.driver.folders import ROOT, Folders
from replaying.driver.play import LAYER, mark
from replaying.driver.specs import spec_of

import cloche

COMMAND = ["cmd", "/c", "dir"]

Found = cloche.Container[bytes]


def execute(found: Found) -> None:
    """Run a further process to its end, and let go of it."""
    with found.exec(COMMAND, stdin=cloche.DEVNULL) as process:
        process.wait()


#: What is said of the container found, and what is typed.
VERBS: dict[str, tuple[Callable[[Found], object], list[str]]] = {
    "stop": (lambda found: found.stop(), ["stop", "c1"]),
    "kill": (lambda found: found.kill(), ["kill", "c1"]),
    "remove": (lambda found: found.remove(force=True), ["rm", "-f", "c1"]),
    "exec": (execute, ["exec", "c1", *COMMAND]),
}


def main(via: str, verb: str) -> None:
    """Make a container, and do that about it as somebody else."""
    Folders().begin({"dirs": [LAYER], "files": {}})
    process = {"args": ["cmd"], "cwd": "C:\\"}
    spec = spec_of({"ociVersion": "1.0.0", "process": process}, {"layers": [LAYER]}, {})
    engine = cloche.Engine(root=str(ROOT))
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), cloche.DEVNULL)
    engine.create(spec, id="c1", **streams).start()  # type: ignore[call-overload]
    said, typed = VERBS[verb]
    mark(1)
    if via == "interface":
        with cloche.Engine(root=str(ROOT)) as other:
            said(other.get("c1"))
    else:
        from cloche_cli.main import run

        os.environ["CLOCHE_ROOT"] = str(ROOT)
        run(typed)
    mark(2)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
