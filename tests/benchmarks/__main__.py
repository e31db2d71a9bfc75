"""Benchmarks of Cloche against what else runs containers: ``python tests/benchmarks --help``."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace

import bundled
import flooding
import holding
import imaging
import limiting
import podman
import report
import running
import serving
import starting
import throughput
from figures import Table
from place import place
from setting import Setting

BENCHMARKS: dict[str, Callable[[Setting], Table]] = {
    "run": running.run,
    "heap": running.heap,
    "exec": running.exec_,
    "host": running.host,
    "phases": running.phases,
    "limits": limiting.limits,
    "throughput": throughput.throughput,
    "output": flooding.output,
    "idle": holding.idle,
    "import": starting.import_,
    "cold": starting.cold,
    "oci": bundled.oci_,
    "life": bundled.life,
    "podman": bundled.podman_,
    "service": serving.service,
    "image": imaging.image,
    "unpack": imaging.unpack,
    "pull": imaging.pull,
}


def main() -> int:
    """Time Cloche and whatever of runc, crun, bwrap and podman is installed, in turns.

    Ends with 1 if a goal was missed or something failed. Every configuration that is timed is
    first looked at from inside: it is an error if they do not confine alike.
    """
    asked = _arguments()
    if asked.list:
        print(*BENCHMARKS, sep="\n")
        return 0
    if os.geteuid():
        sys.exit("the benchmarks run as root: their peers can do nothing comparable without")
    print(*report.machine(asked.folder), sep="\n")
    met = [_is_met(name, asked) for name in asked.only or BENCHMARKS]
    return 0 if all(met) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=main.__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="which to run; all without any")
    parser.add_argument("--rounds", type=int, default=100, help="how often each takes its turn")
    parser.add_argument("--folder", default="/var/tmp", help="where all of it is kept meanwhile")
    parser.add_argument("--tiny", action="store_true", help="only show that everything works")
    parser.add_argument("--list", action="store_true", help="print the names of the benchmarks")
    asked = parser.parse_args()
    if unknown := set(asked.only) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; --list has the names")
    return asked


def _is_met(name: str, asked: argparse.Namespace) -> bool:
    try:
        figures = _figures(name, asked)
    except Exception:  # noqa: BLE001 - the others are still worth their time
        traceback.print_exc()
        return False
    if asked.tiny:  # times of so few rounds are not to be judged
        figures = replace(figures, verdicts=())
    print(*report.table(figures), sep="\n", flush=True)
    return all(verdict.is_met for verdict in figures.verdicts)


def _figures(name: str, asked: argparse.Namespace) -> Table:
    with place(asked.folder) as made:
        os.environ["CLOCHE_ROOT"] = str(made.state)
        try:
            return BENCHMARKS[name](Setting(made, 2 if asked.tiny else asked.rounds, asked.tiny))
        finally:
            podman.remove_cgroups()


if __name__ == "__main__":
    sys.exit(main())
