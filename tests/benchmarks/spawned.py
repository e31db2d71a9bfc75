"""Set-ups of workers that start programs of this machine, as cheaply as can be: posix_spawn."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from worker import Once

__all__ = ["spawned"]


@contextmanager
def spawned(
    commands: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    opens: Mapping[str, str] | None = None,
) -> Iterator[Once]:
    """Run a command for each program; ``before`` and ``after`` run once.

    ``opens`` are files, by the number of the descriptor that each command gets them as.
    """
    env = os.environ | environment
    files = [
        (os.POSIX_SPAWN_OPEN, int(fd), path, os.O_RDONLY, 0) for fd, path in (opens or {}).items()
    ]

    def once(program: str, stdout: int | None) -> None:
        command = commands[program]
        output = [] if stdout is None else [(os.POSIX_SPAWN_DUP2, stdout, 1)]
        pid = os.posix_spawnp(command[0], command, env, file_actions=[*files, *output])
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code:
            raise RuntimeError(f"{command} ended with {code}")

    _run(before, env)
    try:
        yield once
    finally:
        _run(after, env)


def _run(command: Sequence[str], env: Mapping[str, str]) -> None:
    if command:
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
