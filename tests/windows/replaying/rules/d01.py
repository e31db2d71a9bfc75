"""D1: arguments are quoted by Windows' rules, unless the spec gives ``commandLine``."""

from __future__ import annotations

from subprocess import list2cmdline

from replaying.golden import Golden
from replaying.processes import document_of, process_of

PATHS = ("calls[HcsCreateProcess].args.processParameters.CommandLine",)


def rewrite(golden: Golden) -> None:
    """What was joined with spaces, and nothing else, becomes what programs can take apart."""
    for call in golden.named("HcsCreateProcess"):
        process = process_of(golden, call)
        document = document_of(call)
        args = process.get("args") or []
        if process.get("commandLine") is None and document["CommandLine"] == " ".join(args):
            document["CommandLine"] = list2cmdline(args)
