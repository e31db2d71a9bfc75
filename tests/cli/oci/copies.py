"""The command line in a copy of the process of the tests, which has all imported already.

What it opens it leaves to its end, so that it can't be run in that process itself.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr
from tempfile import TemporaryFile

from cloche_cli.oci import program

__all__ = ["run_in_copy"]


def run_in_copy(words: Sequence[str]) -> tuple[int, str]:
    """Run a command to its end: its exit code, and what it wrote on standard error."""
    with TemporaryFile("w+") as told:
        copy = os.fork()
        if copy == 0:
            ended = 1
            try:
                with redirect_stderr(told):
                    ended = program.run(words)
            except BaseException:  # noqa: BLE001 - for whoever reads what it told
                traceback.print_exc(file=told)
            finally:
                told.flush()
                os._exit(ended)
        code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
        told.seek(0)
        return code, told.read()
