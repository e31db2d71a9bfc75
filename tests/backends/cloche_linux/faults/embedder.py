"""Programs that embed Cloche and do to themselves what the tests say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from textwrap import dedent
from typing import Any

#: In front of every program.
PRELUDE = '''
import json, os, signal, sys, threading, time
import cloche

ROOTFS, STATE = sys.argv[1:3]


def tell(value):
    print(json.dumps(value), flush=True)


def attempt(call):
    """What came of it: a return code, or the error's class, line and hint."""
    try:
        return call().returncode
    except cloche.ClocheError as error:
        return [type(error).__name__, str(error), error.hint]


def children():
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            found += open(f"/proc/self/task/{task}/children").read().split()
        except FileNotFoundError:  # a thread that has just ended
            continue
    return found


def containers():
    """Files of containers, those put aside to be removed too."""
    return [path for path, _, _ in os.walk(STATE) if "/containers/" in path or "/trash/" in path]


def left(descriptors):
    """Children, descriptors beyond so many, and files, when what is ending has ended."""
    for _ in range(500):
        found = [children(), max(0, len(os.listdir("/proc/self/fd")) - descriptors), containers()]
        if not any(found):
            break
        time.sleep(0.01)
    return found
'''


def start(code: str, busybox: str, state: object) -> subprocess.Popen[str]:
    """Start such a program."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + dedent(code), busybox, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CLOCHE_CONFIG": ""},
    )


def tells(code: str, busybox: str, state: object) -> Any:
    """Run such a program to its end; the last thing it told."""
    with start(code, busybox, state) as program:
        out, err = program.communicate(timeout=90)
    assert (program.returncode, err) == (0, ""), err
    return json.loads(out.splitlines()[-1])
