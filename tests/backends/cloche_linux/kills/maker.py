"""The program that is killed while it makes what outlives it; called as ``embedder.py`` is."""

from __future__ import annotations

import sys

from embedder import die_before, live_in

import cloche


def main(state: str, rootfs: str) -> None:
    engine = cloche.Engine(root=state, runtime="linux")
    assert engine.run(["true"], rootfs=rootfs).returncode == 0
    print("begun", flush=True)
    while True:
        box = engine.create(
            ["sleep", "600"], rootfs=rootfs, lifetime="detached", memory="64M", pids_limit=20
        )
        box.start()
        box.remove(force=True)


if __name__ == "__main__":
    live_in(sys.argv[3])
    if len(sys.argv) > 4:
        die_before(sys.argv[4])
    main(sys.argv[1], sys.argv[2])
