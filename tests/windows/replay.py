#!/usr/bin/env python3
"""Replay golden traces: is what Cloche asks of the service what the first implementation asked?

    python tests/windows/replay.py [--service PATH] TRACE.json …

Each scenario is played under Wine's Python, through Cloche's public names, against a stand-in
service, and compared with the trace. One line for each: ``same``, ``same but D1 D8`` (the decisions
by which the golden trace was rewritten), or ``differs`` with the first difference.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from replaying.running import run
from replaying.service import default_service
from replaying.verdicts import judge


def main() -> int:
    """Replay what the command line names; 1 if any differs."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--service", type=Path, help="the stand-in service's vmcompute.dll")
    parser.add_argument("--workers", type=int, default=2, help="scenarios at a time")
    parser.add_argument("traces", nargs="+", type=Path, metavar="TRACE.json")
    asked = parser.parse_args()
    service = asked.service or default_service()
    verdicts = judge(asked.traces, partial(run, service=service, workers=asked.workers))
    for verdict in verdicts:
        print(verdict)
    return any(verdict.difference is not None for verdict in verdicts)


if __name__ == "__main__":
    sys.exit(main())
